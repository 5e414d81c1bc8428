#include "store/extent.h"

#include <algorithm>

namespace slipway::store {
namespace {

class ExtentSource final : public io::Source {
 public:
  explicit ExtentSource(Extent extent) : extent_(std::move(extent)) {}

  Result<std::size_t> read(std::span<std::byte> buffer) override {
    const std::uint64_t left = extent_.size - at_;
    if (left == 0) return std::size_t{0};
    const std::size_t wanted = static_cast<std::size_t>(std::min<std::uint64_t>(left, buffer.size()));
    SLIPWAY_ASSIGN(const std::size_t n, extent_.file->read_at(buffer.first(wanted), extent_.offset + at_));
    if (n == 0) return fail(Errc::malformed, "the file ends {} bytes early: it changed while it was read", left);
    at_ += n;
    return n;
  }

 private:
  Extent extent_;
  std::uint64_t at_ = 0;
};

/// Writes from a place of a file on.
class ExtentSink final : public io::Sink {
 public:
  ExtentSink(SharedFile& file, std::uint64_t offset) : file_(file), at_(offset) {}
  Status write(io::Bytes bytes) override {
    SLIPWAY_TRY(file_.write_at(bytes, at_));
    at_ += bytes.size();
    return {};
  }
  Status finish() override { return {}; }

 private:
  SharedFile& file_;
  std::uint64_t at_;
};

}  // namespace

Result<std::size_t> SharedFile::read_at(std::span<std::byte> buffer, std::uint64_t offset) {
  const std::scoped_lock lock(mutex_);
  return file_->read_at(buffer, offset);
}

Status SharedFile::write_at(io::Bytes bytes, std::uint64_t offset) {
  const std::scoped_lock lock(mutex_);
  SLIPWAY_TRY(file_->seek(offset));
  return file_->write(bytes);
}

Result<FileStat> SharedFile::stat() {
  const std::scoped_lock lock(mutex_);
  return file_->stat();
}

std::unique_ptr<io::Source> Extent::open() const { return std::make_unique<ExtentSource>(*this); }

Result<std::shared_ptr<SharedFile>> Spool::file() {
  if (!file_) {
    const stdfs::path path = temporary_name(folder_);
    SLIPWAY_ASSIGN(auto created, fs_.create(path, 0600));
    SLIPWAY_TRY(fs_.remove(path));
    file_ = std::make_shared<SharedFile>(std::move(created));
  }
  return file_;
}

Result<Extent> Spool::keep(io::Source& bytes, std::uint64_t size, std::stop_token stop) {
  Extent extent;
  extent.size = size;
  {
    const std::scoped_lock lock(mutex_);
    SLIPWAY_ASSIGN(extent.file, file());
    extent.offset = end_;
    end_ += size;
  }
  ExtentSink sink(*extent.file, extent.offset);
  SLIPWAY_ASSIGN(const std::uint64_t seen, io::copy(bytes, sink, std::move(stop)));
  if (seen != size) return fail(Errc::internal, "a spool was promised {} bytes and given {}", size, seen);
  return extent;
}

Result<Extent> Spool::keep_all(io::Source& bytes) {
  const std::scoped_lock lock(mutex_);
  Extent extent;
  SLIPWAY_ASSIGN(extent.file, file());
  ExtentSink sink(*extent.file, 0);
  SLIPWAY_ASSIGN(extent.size, io::copy(bytes, sink));
  end_ = extent.size;
  return extent;
}

}  // namespace slipway::store
