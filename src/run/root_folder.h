#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "slipway/base/fs.h"
#include "slipway/io/stream.h"
#include "slipway/layer/entry.h"

namespace slipway::run {

/// What could not be kept of an entry.
struct Kept {
  bool owner = true;
  bool xattrs = true;
  bool made = true;  ///< false: a device that this user may not make
};

/// A folder tree being filled. Every path is walked name by name from the open root without following a symlink or
/// leaving it, so what somebody else puts there meanwhile leads nowhere. One thread at a time; several may fill one
/// tree with one of these each.
class RootFolder {
 public:
  static Result<RootFolder> open(const stdfs::path& path);
  RootFolder(RootFolder&&) noexcept;
  ~RootFolder();

  /// A folder that only its owner may use until set_metadata().
  Status make_directory(const std::string& path);
  /// Writes a regular file anew with its metadata; Errc::verification_failed unless it has entry.size bytes.
  Result<Kept> write_file(const std::string& path, const layer::FileEntry& entry, io::Source& content, bool keep_owner);
  Status link(const std::string& existing, const std::string& path);
  /// A symlink, FIFO or device.
  Result<Kept> make_other(const std::string& path, const layer::FileEntry& entry, bool keep_owner);
  /// Owner, attributes, mode and time of a folder, in this order.
  Result<Kept> set_metadata(const std::string& path, const layer::FileEntry& entry, bool keep_owner);
  /// Lets the owner into a folder again, so that it can be removed.
  void let_in(const std::string& path);

 private:
  class Handle;
  explicit RootFolder(std::shared_ptr<Handle> root, stdfs::path shown);
  /// The open folder in which the last name of `path` stands.
  Result<int> parent_of(const std::string& path);

  std::shared_ptr<Handle> root_;
  stdfs::path shown_;  ///< for messages
  std::string parent_path_;
  std::shared_ptr<Handle> parent_;  ///< of the path walked last
};

}  // namespace slipway::run
