#include "simulator/machine_fs.h"

namespace slipway::sim {
namespace {

class MachineFile final : public File {
 public:
  MachineFile(std::unique_ptr<File> inner, Actor& actor) : inner_(std::move(inner)), actor_(actor) {}
  Result<std::size_t> read(std::span<std::byte> buffer) override { return inner_->read(buffer); }
  Result<std::size_t> read_at(std::span<std::byte> buffer, std::uint64_t offset) override {
    return inner_->read_at(buffer, offset);
  }
  Status write(std::span<const std::byte> bytes) override {
    SLIPWAY_TRY(actor_.step("disk: write"));
    return inner_->write(bytes);
  }
  Status seek(std::uint64_t offset) override { return inner_->seek(offset); }
  Status sync() override {
    SLIPWAY_TRY(actor_.step("disk: sync"));
    return inner_->sync();
  }
  Result<FileStat> stat() override { return inner_->stat(); }

 private:
  std::unique_ptr<File> inner_;
  Actor& actor_;
};

}  // namespace

Result<std::unique_ptr<File>> MachineFs::create(const stdfs::path& path, std::uint32_t mode) {
  SLIPWAY_TRY(actor_.step("disk: create"));
  SLIPWAY_ASSIGN(auto file, inner().create(path, mode));
  return std::make_unique<MachineFile>(std::move(file), actor_);
}

Status MachineFs::rename(const stdfs::path& from, const stdfs::path& to) {
  SLIPWAY_TRY(actor_.step("disk: rename to " + to.filename().native()));
  return inner().rename(from, to);
}

Status MachineFs::remove(const stdfs::path& path) {
  SLIPWAY_TRY(actor_.step("disk: remove " + path.filename().native()));
  return inner().remove(path);
}

Status MachineFs::make_directories(const stdfs::path& path, std::uint32_t mode) {
  SLIPWAY_TRY(actor_.step("disk: folder"));
  return inner().make_directories(path, mode);
}

Status MachineFs::sync_directory(const stdfs::path& path) {
  SLIPWAY_TRY(actor_.step("disk: sync folder"));
  return inner().sync_directory(path);
}

}  // namespace slipway::sim
