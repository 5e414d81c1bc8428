#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "slipway/base/folder_trail.h"
#include "slipway/io/stream.h"
#include "slipway/layer/entry.h"

namespace slipway::run {

/// The parts of an entry that the user and the file system let unpacking keep.
struct Kept {
  bool owner = true;
  bool xattrs = true;
  bool made = true;  ///< false: a device that this user may not create
};

/// A folder being filled with the entries of an image. Each path is walked name by name from the open root without
/// following a symlink or leaving it, so a path that somebody else puts in the way leads nowhere. One thread at a time;
/// several threads may fill one tree with one of these each. Paths are relative to the root, without a leading slash.
class RootFolder {
 public:
  static Result<RootFolder> open(FileSystem& fs, const stdfs::path& path);

  /// Creates a folder that only its owner may use until set_metadata().
  Status make_directory(const std::string& path);
  /// Writes a regular file with its metadata; Errc::verification_failed unless `content` has entry.size bytes.
  Result<Kept> write_file(const std::string& path, const layer::FileEntry& entry, io::Source& content, bool keep_owner);
  Status link(const std::string& existing, const std::string& path);
  /// Creates a symlink, FIFO or device.
  Result<Kept> make_other(const std::string& path, const layer::FileEntry& entry, bool keep_owner);
  /// Sets owner, attributes, mode and time of a folder, in this order.
  Result<Kept> set_metadata(const std::string& path, const layer::FileEntry& entry, bool keep_owner);
  /// Sets the mode of the root itself.
  Status set_root_mode(std::uint32_t mode) { return root_->set_mode(mode); }

 private:
  explicit RootFolder(const std::shared_ptr<TreeFolder>& root) : root_(root), trail_(root), sources_(root) {}
  /// Opens the folder that holds the last name of `path`.
  static Result<std::shared_ptr<TreeFolder>> parent_of(FolderTrail& trail, const std::string& path);

  std::shared_ptr<TreeFolder> root_;
  FolderTrail trail_;    ///< entries come folder by folder
  FolderTrail sources_;  ///< of hard links
};

}  // namespace slipway::run
