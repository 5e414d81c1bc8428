#pragma once

#include <csignal>

#include "slipway/base/fs.h"

namespace slipway::release {

/// The machine's disk, seen as a row of steps that change something. Before step `stop_at` (from 1)
/// it kills the process, or fails that step and all later ones as a full disk does. Syncing is
/// counted, but left to the kernel: a killed process loses nothing that it wrote.
class StepFs final : public FileSystem {
 public:
  enum class Stop { never, kill, full };
  explicit StepFs(Stop stop = Stop::never, int stop_at = 0) : stop_(stop), stop_at_(stop_at) {}
  int steps() const { return steps_; }

  Result<std::unique_ptr<File>> open(const stdfs::path& path, bool follow) override { return disk_.open(path, follow); }
  Result<std::unique_ptr<File>> create(const stdfs::path& path, std::uint32_t mode) override {
    SLIPWAY_TRY(step());
    SLIPWAY_ASSIGN(auto file, disk_.create(path, mode));
    return std::unique_ptr<File>(std::make_unique<StepFile>(*this, std::move(file)));
  }
  Status rename(const stdfs::path& from, const stdfs::path& to) override {
    SLIPWAY_TRY(step());
    return disk_.rename(from, to);
  }
  Status remove(const stdfs::path& path) override {
    // A full disk still lets go of files.
    if (stop_ != Stop::full) SLIPWAY_TRY(step());
    return disk_.remove(path);
  }
  Status make_directories(const stdfs::path& path, std::uint32_t mode) override {
    SLIPWAY_TRY(step());
    return disk_.make_directories(path, mode);
  }
  Status sync_directory(const stdfs::path&) override { return step(); }
  Result<FileStat> stat(const stdfs::path& path, bool follow) override { return disk_.stat(path, follow); }
  Result<std::vector<std::string>> list(const stdfs::path& path) override { return disk_.list(path); }
  Result<std::string> read_link(const stdfs::path& path) override { return disk_.read_link(path); }
  Result<std::unique_ptr<FileLock>> lock(const stdfs::path& path) override { return disk_.lock(path); }

 private:
  class StepFile final : public File {
   public:
    StepFile(StepFs& fs, std::unique_ptr<File> file) : fs_(fs), file_(std::move(file)) {}
    Result<std::size_t> read(std::span<std::byte> buffer) override { return file_->read(buffer); }
    Result<std::size_t> read_at(std::span<std::byte> buffer, std::uint64_t offset) override {
      return file_->read_at(buffer, offset);
    }
    Status write(std::span<const std::byte> bytes) override {
      SLIPWAY_TRY(fs_.step());
      return file_->write(bytes);
    }
    Status seek(std::uint64_t offset) override { return file_->seek(offset); }
    Status sync() override { return fs_.step(); }
    Result<FileStat> stat() override { return file_->stat(); }

   private:
    StepFs& fs_;
    std::unique_ptr<File> file_;
  };

  Status step() {
    ++steps_;
    if (stop_ == Stop::kill && steps_ == stop_at_) ::raise(SIGKILL);
    if (stop_ == Stop::full && steps_ >= stop_at_) return fail(Errc::failed, "No space left on device");
    return {};
  }

  FileSystem& disk_ = real_fs();
  Stop stop_;
  int stop_at_;
  int steps_ = 0;
};

}  // namespace slipway::release
