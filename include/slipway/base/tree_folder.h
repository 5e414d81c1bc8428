#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "slipway/base/fs.h"

namespace slipway {

/// A file tree that is being made or removed, addressed from an open folder by one name at a time.
///
/// Paths are the wrong tool where somebody else may write to the same folders: between two calls any component of a
/// path can become a symlink that leads elsewhere. A TreeFolder is an open descriptor, every call takes one name of
/// it, and no call follows a symlink. To reach a/b/c, open a, then b of it, then name c:
///
///     Status write_motd(FileSystem& fs, const stdfs::path& folder, std::span<const std::byte> text) {
///       SLIPWAY_ASSIGN(const auto root, fs.open_tree(folder));  // fails if that is a symlink
///       SLIPWAY_TRY(root->make_folder("etc"));                  // 0700 until set_mode()
///       SLIPWAY_ASSIGN(const auto etc, root->open_folder("etc"));
///       SLIPWAY_ASSIGN(const auto file, etc->create_file("motd"));  // 0600 until set_mode()
///       SLIPWAY_TRY(file->write(text));
///       SLIPWAY_TRY(file->set_mode(0644));
///       SLIPWAY_TRY(file->set_mtime(0));
///       SLIPWAY_TRY(etc->set_mode(0755));
///       return etc->set_mtime(0);
///     }
///
/// Owner first, then attributes, then mode, then time: chown(2) clears setuid bits and capabilities, and every change
/// of content moves the time. A folder's time is set when nothing more is put into it.
///
/// Names are used as given: the caller refuses "", ".", ".." and names with a slash. One thread at a time for each
/// object; several objects may work in one tree. A symlink or file where a folder was expected, or a symlink in the way
/// of a new file, is Errc::conflict: somebody else is at work in the tree. EPERM is Errc::forbidden, the rest as in
/// FileSystem.
class TreeNode {
 public:
  virtual ~TreeNode() = default;
  /// Errc::forbidden for users who may not.
  virtual Status set_owner(std::uint32_t uid, std::uint32_t gid) = 0;
  /// Sets an extended attribute; the value may be any bytes.
  virtual Status set_xattr(const std::string& name, std::string_view value) = 0;
  /// Permission bits, 07777.
  virtual Status set_mode(std::uint32_t mode) = 0;
  /// Seconds since the epoch; the access time stays.
  virtual Status set_mtime(std::int64_t seconds) = 0;
};

/// A regular file open for writing.
class TreeFile : public TreeNode {
 public:
  /// Appends all bytes.
  virtual Status write(std::span<const std::byte> bytes) = 0;
};

/// An open folder of the tree.
class TreeFolder : public TreeNode {
 public:
  /// Opens a member folder; it stays usable when this one is closed.
  virtual Result<std::unique_ptr<TreeFolder>> open_folder(const std::string& name) = 0;
  /// Creates a folder with mode 0700.
  virtual Status make_folder(const std::string& name) = 0;
  /// Creates a file with mode 0600, or empties the regular file of that name.
  virtual Result<std::unique_ptr<TreeFile>> create_file(const std::string& name) = 0;
  virtual Status make_symlink(const std::string& name, const std::string& target) = 0;
  /// Creates a FIFO; mode 0600.
  virtual Status make_fifo(const std::string& name) = 0;
  /// Creates a block or character device; mode 0600. Errc::forbidden for users who may not.
  virtual Status make_device(const std::string& name, bool block, std::uint32_t major, std::uint32_t minor) = 0;
  /// Creates `name` as a further name of `existing` in `from`, a folder of the same file system.
  virtual Status link(TreeFolder& from, const std::string& existing, const std::string& name) = 0;
  /// Metadata of a member that is not opened: a symlink (which has no mode), a FIFO or a device.
  virtual Status set_owner_of(const std::string& name, std::uint32_t uid, std::uint32_t gid) = 0;
  virtual Status set_mode_of(const std::string& name, std::uint32_t mode) = 0;
  virtual Status set_mtime_of(const std::string& name, std::int64_t seconds) = 0;
  /// Byte-sorted names without "." and "..".
  virtual Result<std::vector<std::string>> list() = 0;
  /// lstat(2) of a member.
  virtual Result<FileStat> stat(const std::string& name) = 0;
  /// Removes a member that is not a folder.
  virtual Status remove(const std::string& name) = 0;
  /// Removes an empty member folder.
  virtual Status remove_folder(const std::string& name) = 0;
  /// Gives the owner of a member folder all rights on it again, whatever its mode, so that it can be emptied.
  virtual Status unlock_folder(const std::string& name) = 0;
};

/// Removes a file or folder and everything below it, also folders that are closed to their owner, without following a
/// symlink. Goes on after errors and returns the first one; success when nothing is there.
Status remove_tree(FileSystem& fs, const stdfs::path& path);

}  // namespace slipway
