#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "slipway/base/path_trail.h"
#include "slipway/base/tree_folder.h"

namespace slipway {

/// Opens the folders of a tree by their paths below its root, name by name, without following a symlink or leaving the
/// root.
///
/// The folders on the way to the last one stay open, so walking a tree down, up or in order opens each folder only a
/// few times. At most kMostOpen stay open: on longer ways every second one is closed. One thread at a time.
class FolderTrail {
 public:
  static constexpr std::size_t kMostOpen = 64;

  explicit FolderTrail(std::shared_ptr<TreeFolder> root) : root_(std::move(root)) {}

  /// Returns the folder at `path` ("usr/lib"; "" is the root), which the caller may keep. Errc::malformed for a path
  /// with "", "." or ".." in it; else the errors of TreeFolder::open_folder().
  Result<std::shared_ptr<TreeFolder>> open(std::string_view path);

 private:
  std::shared_ptr<TreeFolder> root_;
  PathTrail<std::shared_ptr<TreeFolder>> trail_;
};

/// Returns the last name of a path that is relative to a tree's root.
std::string last_name(std::string_view path);
/// Returns the folder of a path that is relative to a tree's root, "" for the root.
std::string_view folder_of(std::string_view path);

}  // namespace slipway
