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

/// The metadata calls that files and folders of a tree share.
template <class Base>
class FaultNode : public Base {
 public:
  FaultNode(FaultFs& fs, std::unique_ptr<Base> inner) : fs_(fs), inner_(std::move(inner)) {}
  Status set_owner(std::uint32_t uid, std::uint32_t gid) override {
    SLIPWAY_TRY(fs_.step());
    return inner_->set_owner(uid, gid);
  }
  Status set_xattr(const std::string& name, std::string_view value) override {
    SLIPWAY_TRY(fs_.step());
    return inner_->set_xattr(name, value);
  }
  Status set_mode(std::uint32_t mode) override {
    SLIPWAY_TRY(fs_.step());
    return inner_->set_mode(mode);
  }
  Status set_mtime(std::int64_t seconds) override {
    SLIPWAY_TRY(fs_.step());
    return inner_->set_mtime(seconds);
  }

 protected:
  FaultFs& fs_;
  std::unique_ptr<Base> inner_;
};

class FaultTreeFile final : public FaultNode<TreeFile> {
 public:
  using FaultNode::FaultNode;
  Status write(std::span<const std::byte> bytes) override {
    const Status fault = fs_.step();
    if (!fault) (void)inner_->write(bytes.first(bytes.size() / 2)).has_value();
    SLIPWAY_TRY(fault);
    return inner_->write(bytes);
  }
};

class FaultTreeFolder final : public FaultNode<TreeFolder> {
 public:
  using FaultNode::FaultNode;
  Result<std::unique_ptr<TreeFolder>> open_folder(const std::string& name) override {
    fs_.count_folder();
    SLIPWAY_ASSIGN(auto folder, inner_->open_folder(name));
    return std::unique_ptr<TreeFolder>(std::make_unique<FaultTreeFolder>(fs_, std::move(folder)));
  }
  Status make_folder(const std::string& name) override {
    SLIPWAY_TRY(fs_.step());
    return inner_->make_folder(name);
  }
  Result<std::unique_ptr<TreeFile>> create_file(const std::string& name) override {
    SLIPWAY_TRY(fs_.step());
    SLIPWAY_ASSIGN(auto file, inner_->create_file(name));
    return std::unique_ptr<TreeFile>(std::make_unique<FaultTreeFile>(fs_, std::move(file)));
  }
  Status make_symlink(const std::string& name, const std::string& target) override {
    SLIPWAY_TRY(fs_.step());
    return inner_->make_symlink(name, target);
  }
  Status make_fifo(const std::string& name) override {
    SLIPWAY_TRY(fs_.step());
    return inner_->make_fifo(name);
  }
  Status make_device(const std::string& name, bool block, std::uint32_t major, std::uint32_t minor) override {
    SLIPWAY_TRY(fs_.step());
    return inner_->make_device(name, block, major, minor);
  }
  Status link(TreeFolder& from, const std::string& existing, const std::string& name) override {
    SLIPWAY_TRY(fs_.step());
    return inner_->link(*static_cast<FaultTreeFolder&>(from).inner_, existing, name);
  }
  Status set_owner_of(const std::string& name, std::uint32_t uid, std::uint32_t gid) override {
    SLIPWAY_TRY(fs_.step());
    return inner_->set_owner_of(name, uid, gid);
  }
  Status set_mode_of(const std::string& name, std::uint32_t mode) override {
    SLIPWAY_TRY(fs_.step());
    return inner_->set_mode_of(name, mode);
  }
  Status set_mtime_of(const std::string& name, std::int64_t seconds) override {
    SLIPWAY_TRY(fs_.step());
    return inner_->set_mtime_of(name, seconds);
  }
  Result<std::vector<std::string>> list() override { return inner_->list(); }
  Result<FileStat> stat(const std::string& name) override { return inner_->stat(name); }
  Status remove(const std::string& name) override {
    SLIPWAY_TRY(fs_.freeing_step());
    return inner_->remove(name);
  }
  Status remove_folder(const std::string& name) override {
    SLIPWAY_TRY(fs_.freeing_step());
    return inner_->remove_folder(name);
  }
  Status unlock_folder(const std::string& name) override {
    SLIPWAY_TRY(fs_.freeing_step());
    return inner_->unlock_folder(name);
  }
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
  SLIPWAY_ASSIGN(auto file, inner().create(path, mode));
  return std::unique_ptr<File>(std::make_unique<FaultFile>(*this, std::move(file)));
}

Status FaultFs::rename(const stdfs::path& from, const stdfs::path& to) {
  SLIPWAY_TRY(step());
  return inner().rename(from, to);
}

Status FaultFs::remove(const stdfs::path& path) {
  SLIPWAY_TRY(freeing_step());
  return inner().remove(path);
}

Status FaultFs::make_directories(const stdfs::path& path, std::uint32_t mode) {
  SLIPWAY_TRY(step());
  return inner().make_directories(path, mode);
}

Status FaultFs::sync_directory(const stdfs::path& path) {
  SLIPWAY_TRY(step());
  return syncs_ ? inner().sync_directory(path) : Status();
}

Result<std::unique_ptr<TreeFolder>> FaultFs::open_tree(const stdfs::path& path) {
  SLIPWAY_ASSIGN(auto folder, inner().open_tree(path));
  return std::unique_ptr<TreeFolder>(std::make_unique<FaultTreeFolder>(*this, std::move(folder)));
}

Result<std::unique_ptr<FileLock>> FaultFs::lock(const stdfs::path& path) {
  SLIPWAY_TRY(step());
  return inner().lock(path);
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
