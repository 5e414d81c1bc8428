#pragma once

#include <set>

#include "layer/tree_walker.h"
#include "slipway/layer/base_files.h"

namespace slipway::layer {

/// Fits entries into what a base already has. One thread at a time.
class BaseOverlay {
 public:
  explicit BaseOverlay(const BaseFiles& base) : base_(base) {}

  /// Leads `entry.path` through the base's symlinks and gives a folder of the base its owner, mode and attributes,
  /// except the mode and owner that are `declared` for this very folder. Paths that were removed or replaced before are
  /// not there any more. Errc::invalid_argument where types do not go together and `replace` is not set.
  Status fit(FileEntry& entry, bool replace, const DeclaredMetadata& declared);
  /// A missing parent folder: the base's owner, mode and attributes, else 0755 0:0.
  FileEntry parent(const std::string& path) const;

 private:
  /// A folder's real path in the image, following links of the base; Errc::invalid_argument below a file.
  Result<std::string> real_folder(const std::string& path, bool replace);

  /// The paths of the base that are still there.
  std::optional<FileEntry> find(const std::string& path) const;
  void forget(const std::string& path);
  Status fit_file(const FileEntry& entry, const FileEntry& there);
  Status fit_folder(FileEntry& entry, const FileEntry& there, bool replace);

  const BaseFiles& base_;
  std::set<std::string, std::less<>> gone_;  // removed by this layer, or made a folder by it
  std::string last_asked_, last_real_;       // a walk asks for the same folder again and again
};

}  // namespace slipway::layer
