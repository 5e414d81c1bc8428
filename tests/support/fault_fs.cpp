#include "support/fault_fs.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

namespace slipway::test {
namespace {

class FaultFile final : public File {
 public:
  FaultFile(FaultFs& fs, std::unique_ptr<File> inner) : fs_(fs), inner_(std::move(inner)) {}
  Result<std::size_t> read(std::span<std::byte> buffer) override { return inner_->read(buffer); }
  Result<std::size_t> read_at(std::span<std::byte> buffer, std::uint64_t offset) override {
    return inner_->read_at(buffer, offset);
  }
  Status write(std::span<const std::byte> bytes) override {
    const Status fault = fs_.step();
    // Half of the bytes reach the disk before it is full.
    if (!fault) (void)inner_->write(bytes.first(bytes.size() / 2)).has_value();
    SLIPWAY_TRY(fault);
    return inner_->write(bytes);
  }
  Status seek(std::uint64_t offset) override { return inner_->seek(offset); }
  Status sync() override {
    SLIPWAY_TRY(fs_.step());
    return fs_.syncs() ? inner_->sync() : Status();
  }
  Result<FileStat> stat() override { return inner_->stat(); }

 private:
  FaultFs& fs_;
  std::unique_ptr<File> inner_;
};

}  // namespace

void FaultFs::fail_at(std::uint64_t step, Error error) {
  error_ = std::move(error);
  fail_at_ = step;
}

Status FaultFs::step() {
  const std::uint64_t now = ++steps_;
  if (now == die_at_) ::kill(::getpid(), SIGKILL);
  if (now == fail_at_) return fail(error_);
  if (full_at_ != 0 && now >= full_at_) return fail(Errc::failed, "No space left on device");
  return {};
}

Result<std::unique_ptr<File>> FaultFs::create(const stdfs::path& path, std::uint32_t mode) {
  SLIPWAY_TRY(step());
  SLIPWAY_ASSIGN(auto file, inner_.create(path, mode));
  return std::unique_ptr<File>(std::make_unique<FaultFile>(*this, std::move(file)));
}

Status FaultFs::rename(const stdfs::path& from, const stdfs::path& to) {
  SLIPWAY_TRY(step());
  return inner_.rename(from, to);
}

Status FaultFs::remove(const stdfs::path& path) {
  if (full_at_ == 0) SLIPWAY_TRY(step());
  return inner_.remove(path);
}

Status FaultFs::make_directories(const stdfs::path& path, std::uint32_t mode) {
  SLIPWAY_TRY(step());
  return inner_.make_directories(path, mode);
}

Status FaultFs::sync_directory(const stdfs::path& path) {
  SLIPWAY_TRY(step());
  return syncs_ ? inner_.sync_directory(path) : Status();
}

Result<std::unique_ptr<FileLock>> FaultFs::lock(const stdfs::path& path) {
  SLIPWAY_TRY(step());
  return inner_.lock(path);
}

int kill_at_every_step(const std::function<bool(FileSystem&)>& work, const std::function<void(int step)>& check) {
  constexpr int kMost = 1000;
  for (int step = 1; step < kMost; ++step) {
    const pid_t child = ::fork();
    if (child == 0) {
      FaultFs fs;
      fs.die_at(static_cast<std::uint64_t>(step));
      ::_exit(work(fs) ? 0 : 1);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    if (WIFEXITED(status)) {
      EXPECT_EQ(WEXITSTATUS(status), 0) << "the undisturbed run failed";
      return step - 1;
    }
    check(step);
  }
  ADD_FAILURE() << "more than " << kMost << " steps";
  return kMost;
}

}  // namespace slipway::test
