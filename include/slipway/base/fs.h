#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "slipway/base/result.h"

namespace slipway {

namespace stdfs = std::filesystem;

/// The type of a file; `device` is a block or character device.
enum class FileType { regular, directory, symlink, fifo, socket, device, unknown };

/// The answer of lstat(2) or fstat(2), times in nanoseconds since the epoch.
struct FileStat {
  FileType type = FileType::unknown;
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::uint64_t size = 0;  ///< bytes
  std::int64_t mtime_ns = 0;
  std::int64_t ctime_ns = 0;
  std::uint32_t mode = 0;  ///< permission bits, 07777
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::uint64_t links = 0;
  bool operator==(const FileStat&) const = default;
};

/// An open file, closed by the destructor. One thread at a time. Errors are Errc::failed and name the path.
class File {
 public:
  virtual ~File() = default;
  /// Up to buffer.size() bytes; 0 at the end.
  virtual Result<std::size_t> read(std::span<std::byte> buffer) = 0;
  /// Up to buffer.size() bytes from `offset`; 0 at the end; leaves the position alone.
  virtual Result<std::size_t> read_at(std::span<std::byte> buffer, std::uint64_t offset) = 0;
  /// Writes all bytes at the position; a short write is an error.
  virtual Status write(std::span<const std::byte> bytes) = 0;
  /// Sets the position, in bytes from the beginning.
  virtual Status seek(std::uint64_t offset) = 0;
  /// fsync(2).
  virtual Status sync() = 0;
  virtual Result<FileStat> stat() = 0;
};

/// An advisory lock, held until it is destroyed or its process ends.
class FileLock {
 public:
  virtual ~FileLock() = default;
};

/// An open folder: its members are looked up without walking the path to it again. It is used by one thread at a
/// time.
class Folder {
 public:
  virtual ~Folder() = default;
  /// The members' names without "." and ".." one by one, in any order, without holding them all; ends with the
  /// visitor's first error. Call once.
  virtual Status visit(const std::function<Status(std::string)>& visitor) = 0;
  /// lstat(2) of a member.
  virtual Result<FileStat> stat(const std::string& name) = 0;
};

class TreeFolder;

/// Access to the disk; all rooms go through it, so that tests can make it fail or die at any step. Thread-safe. Calls
/// block; relative paths start from the process's working directory. Messages name the path; ENOENT and ENOTDIR are
/// Errc::not_found, EEXIST already_exists, the rest Errc::failed.
class FileSystem {
 public:
  virtual ~FileSystem() = default;
  /// Opens a regular file for reading. Anything else is Errc::failed, a FIFO or device without blocking, and so is a
  /// symlink in the last component unless `follow`.
  virtual Result<std::unique_ptr<File>> open(const stdfs::path& path, bool follow = true) = 0;
  /// Creates a file that must not exist yet (nor as a symlink), for reading and writing; the umask applies to `mode`.
  virtual Result<std::unique_ptr<File>> create(const stdfs::path& path, std::uint32_t mode = 0644) = 0;
  /// Creates a file for reading and writing in `folder` that has no name when this returns: nobody else can open it,
  /// and it dies with its last descriptor.
  Result<std::unique_ptr<File>> create_unnamed(const stdfs::path& folder);
  /// rename(2): replaces `to` atomically.
  virtual Status rename(const stdfs::path& from, const stdfs::path& to) = 0;
  /// Removes a file or symlink, never a folder; success when it does not exist.
  virtual Status remove(const stdfs::path& path) = 0;
  /// Creates a folder and its missing parents with `mode`, less the umask; success when it exists.
  virtual Status make_directories(const stdfs::path& path, std::uint32_t mode = 0755) = 0;
  /// fsync(2) on a directory, so that a rename in it is durable.
  virtual Status sync_directory(const stdfs::path& path) = 0;
  /// stat(2), or lstat(2) unless `follow`.
  virtual Result<FileStat> stat(const stdfs::path& path, bool follow = false) = 0;
  /// Names in a directory without "." and "..", byte-sorted.
  virtual Result<std::vector<std::string>> list(const stdfs::path& path) = 0;
  /// Opens a folder for many look-ups. Unless overridden the Folder asks list() and stat() of this file system, which
  /// must outlive it.
  virtual Result<std::unique_ptr<Folder>> open_folder(const stdfs::path& path);
  /// Opens a folder, never a symlink, to make or remove a tree in it (base/tree_folder.h). Errc::unsupported unless
  /// overridden.
  virtual Result<std::unique_ptr<TreeFolder>> open_tree(const stdfs::path& path);
  /// Returns the text of a symlink; Errc::failed for anything else.
  virtual Result<std::string> read_link(const stdfs::path& path) = 0;
  /// Sets a file's modification time to now, by which caches know what is in use. Does nothing unless overridden.
  virtual Status touch(const stdfs::path&) { return {}; }
  /// Waits for an exclusive flock(2) on a file, which is created if missing and stays; Errc::conflict after 60 s.
  virtual Result<std::unique_ptr<FileLock>> lock(const stdfs::path& path) = 0;
};

/// Returns the machine's disk, which lives as long as the process.
FileSystem& real_fs();

/// Reads a whole file of at most `limit` bytes; Errc::too_large beyond.
Result<std::string> read_file(FileSystem& fs, const stdfs::path& path, std::size_t limit = 64u << 20);

/// Replaces or creates a file in one step: temporary file beside it, fsync, rename, fsync of the folder. After an error
/// the old file is still there and the temporary one removed.
Status write_file_atomically(FileSystem& fs, const stdfs::path& path, std::string_view bytes,
                             std::uint32_t mode = 0644);

/// Creates a folder and its missing parents, and syncs each parent that got a new member, so that the folder survives a
/// power loss.
Status make_durable_directories(FileSystem& fs, const stdfs::path& path);

/// Returns a path in `directory` that no other process picks: ".tmp-<pid>-<random>". Nothing is created.
stdfs::path temporary_name(const stdfs::path& directory);

/// Returns true for a name made by temporary_name() whose process has ended on this machine: it is safe to
/// remove, unless several machines share the folder.
bool is_stale_temporary(std::string_view file_name);

}  // namespace slipway
