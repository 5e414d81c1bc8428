#include "builder/planning_files.h"

#include <algorithm>

namespace slipway::builder {
namespace {

constexpr std::uint64_t kStep = 1u << 20;  // bytes from one call of the observer to the next

}  // namespace

/// A file whose bytes are counted once each, whatever is read twice.
class PlanningFiles::Counted final : public File {
 public:
  Counted(PlanningFiles& files, std::unique_ptr<File> inner, std::uint64_t size)
      : files_(files), inner_(std::move(inner)), left_(size) {}
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;
  ~Counted() override { files_.add(left_, 0); }

  Result<std::size_t> read(std::span<std::byte> buffer) override { return counted(inner_->read(buffer)); }
  Result<std::size_t> read_at(std::span<std::byte> buffer, std::uint64_t offset) override {
    return counted(inner_->read_at(buffer, offset));
  }
  Status write(std::span<const std::byte> bytes) override { return inner_->write(bytes); }
  Status seek(std::uint64_t offset) override { return inner_->seek(offset); }
  Status sync() override { return inner_->sync(); }
  Result<FileStat> stat() override { return inner_->stat(); }

 private:
  Result<std::size_t> counted(Result<std::size_t> read) {
    if (!read) return read;
    const std::uint64_t added = std::min<std::uint64_t>(*read, left_);
    left_ -= added;
    files_.add(added, 0);
    return read;
  }

  PlanningFiles& files_;
  const std::unique_ptr<File> inner_;
  std::uint64_t left_;  // bytes that do not count as read yet
};

Result<std::unique_ptr<File>> PlanningFiles::open(const stdfs::path& path, bool follow) {
  SLIPWAY_ASSIGN(auto file, inner().open(path, follow));
  const auto stat = file->stat();
  const std::uint64_t size = stat ? stat->size : 0;
  add(0, size);
  return std::make_unique<Counted>(*this, std::move(file), size);
}

void PlanningFiles::finish() {
  const std::scoped_lock lock(mutex_);
  observer_ = nullptr;
}

void PlanningFiles::add(std::uint64_t read, std::uint64_t found) {
  const std::scoped_lock lock(mutex_);
  read_ += read;
  found_ += found;
  if (observer_ == nullptr || read_ - told_ < kStep) return;
  told_ = read_;
  observer_->planning_read(platform_, read_, found_);
}

}  // namespace slipway::builder
