#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "slipway/base/forwarding_fs.h"

namespace slipway::test {

/// A folder of the disk that forgets what was not synced.
///
/// Everything below `root` that goes through this file system is written to the disk at once, as in a kernel's cache.
/// lose_power() puts the folder into the worst state that POSIX allows: a file has the bytes of its last sync() (none
/// without one), and a folder has the names of its last sync_directory() (none without one), whatever was created,
/// renamed or removed since. `root` itself and what it holds at the beginning are durable.
///
///     PowerLossFs fs(dir.path());
///     write_file_atomically(fs, dir.path() / "f", "text");
///     fs.lose_power();
///     read_file(fs, dir.path() / "f");   // "text"
///
/// Thread-safe, but nothing may be open when the power is lost.
class PowerLossFs final : public ForwardingFileSystem {
 public:
  explicit PowerLossFs(stdfs::path root, FileSystem& inner = real_fs());

  Result<std::unique_ptr<File>> create(const stdfs::path& path, std::uint32_t mode) override;
  Status rename(const stdfs::path& from, const stdfs::path& to) override;
  Status remove(const stdfs::path& path) override;
  Status make_directories(const stdfs::path& path, std::uint32_t mode) override;
  Status sync_directory(const stdfs::path& path) override;
  Result<std::unique_ptr<FileLock>> lock(const stdfs::path& path) override;

  void lose_power();
  /// Called by a file that was synced.
  void synced(int id, std::string bytes);

 private:
  using Names = std::map<std::string, int>;
  struct Node {
    bool folder = false;
    Names names{};        // of a folder, now
    Names durable{};      // of a folder, at its last sync
    std::string bytes{};  // of a file, at its last sync
  };
  int new_node(bool folder);
  Node* folder_of(const stdfs::path& path);
  void restore(const Node& node, const stdfs::path& path);
  void adopt(int id, const stdfs::path& path);

  stdfs::path root_;
  std::mutex mutex_;
  std::map<int, Node> nodes_;
  int next_ = 0;
};

}  // namespace slipway::test
