#pragma once

#include "slipway/layer/file_tree.h"

namespace slipway::layer {

/// Fits entries into what a base already has. One thread at a time.
class BaseOverlay {
 public:
  explicit BaseOverlay(const BaseFiles& base) : base_(base) {}

  /// Leads `entry.path` through the base's symlinks and takes over what a folder of the base keeps, its owner and
  /// mode unless `own_metadata`. Errc::invalid_argument where types do not go together and `replace` is not set.
  Status fit(Entry& entry, bool replace, bool own_metadata);
  /// A missing parent folder: the base's owner, mode and attributes, else 0755 0:0.
  Entry parent(const std::string& path) const;

 private:
  /// A folder's real path in the image, following links of the base; Errc::invalid_argument below a file.
  Result<std::string> real_folder(const std::string& path, bool replace);

  const BaseFiles& base_;
  std::string last_asked_, last_real_;  // a walk asks for the same folder again and again
};

}  // namespace slipway::layer
