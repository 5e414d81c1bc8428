#pragma once

#include <atomic>
#include <optional>

#include "slipway/base/forwarding_fs.h"

namespace slipway::test {

/// A file system that fails, fills up or kills the process at the Nth step that changes
/// something (create, write, sync, rename, remove, folder, lock), counted from 1. Thread-safe.
class FaultFs final : public ForwardingFileSystem {
 public:
  explicit FaultFs(FileSystem& inner = real_fs()) : ForwardingFileSystem(inner) {}

  void fail_at(std::uint64_t step, Error error);
  /// The disk is full from this step on; it still lets go of files.
  void fill_at(std::uint64_t step) { full_at_ = step; }
  /// Syncing is counted, but left to the kernel: a killed process loses nothing that it wrote.
  void skip_syncing() { syncs_ = false; }
  /// SIGKILL before the step: use it in a forked child.
  void die_at(std::uint64_t step) { die_at_ = step; }
  std::uint64_t steps() const { return steps_; }
  /// The folders of trees that were opened by name.
  std::uint64_t folders_opened() const { return folders_opened_; }
  void count_folder() { ++folders_opened_; }

  Result<std::unique_ptr<File>> create(const stdfs::path& path, std::uint32_t mode) override;
  Status rename(const stdfs::path& from, const stdfs::path& to) override;
  Status remove(const stdfs::path& path) override;
  Status make_directories(const stdfs::path& path, std::uint32_t mode) override;
  Status sync_directory(const stdfs::path& path) override;
  Result<std::unique_ptr<TreeFolder>> open_tree(const stdfs::path& path) override;
  Result<std::unique_ptr<FileLock>> lock(const stdfs::path& path) override;

  /// Counts one step; the error to fail it with, if it is the one.
  Status step();
  /// The same for a step that frees space, which a full disk does not stop.
  Status freeing_step() { return full_at_ == 0 ? step() : Status(); }
  bool syncs() const { return syncs_; }

 private:
  std::atomic<std::uint64_t> steps_{0};
  std::atomic<std::uint64_t> folders_opened_{0};
  std::atomic<std::uint64_t> fail_at_{0};
  std::atomic<std::uint64_t> die_at_{0};
  std::atomic<std::uint64_t> full_at_{0};
  bool syncs_ = true;
  Error error_;
};

/// Runs `work` in a forked child that is killed at its Nth step, for N = 1, 2, ... until it survives;
/// after each death calls `check` in the parent. Returns the number of deaths.
int kill_at_every_step(const std::function<bool(FileSystem&)>& work, const std::function<void(int step)>& check);

}  // namespace slipway::test
