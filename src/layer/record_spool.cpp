#include "slipway/layer/record_spool.h"

#include <algorithm>
#include <cstring>

namespace slipway::layer {
namespace {

constexpr std::size_t kTail = 256u << 10;
constexpr std::size_t kReadAtOnce = 32u << 10;
constexpr std::size_t kPrefix = sizeof(std::uint32_t);

}  // namespace

Status RecordSpool::append(std::string_view record) {
  const auto length = static_cast<std::uint32_t>(record.size());
  char prefix[kPrefix];
  std::memcpy(prefix, &length, kPrefix);
  tail_.append(prefix, kPrefix);
  tail_.append(record);
  const std::size_t limit = file_ ? kTail : place_.memory;
  return place_.fs != nullptr && tail_.size() >= limit ? spill() : Status();
}

Status RecordSpool::spill() {
  if (!file_) {
    const stdfs::path path = temporary_name(place_.folder);
    SLIPWAY_ASSIGN(file_, place_.fs->create(path, 0600));
    SLIPWAY_TRY(place_.fs->remove(path));  // the open file lives on, and dies with the process
  }
  SLIPWAY_TRY(file_->write(std::as_bytes(std::span(tail_))));
  in_file_ += tail_.size();
  tail_.clear();
  tail_.shrink_to_fit();
  return {};
}

Result<std::size_t> RecordSpool::read(std::span<std::byte> buffer, std::uint64_t at) const {
  if (at < in_file_) {
    const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), in_file_ - at));
    return file_->read_at(buffer.first(n), at);
  }
  const auto from = static_cast<std::size_t>(at - in_file_);
  const std::size_t n = std::min(buffer.size(), tail_.size() - std::min(from, tail_.size()));
  std::memcpy(buffer.data(), tail_.data() + from, n);
  return n;
}

RecordReader::RecordReader(const RecordSpool& spool, std::uint64_t begin, std::uint64_t end)
    : spool_(&spool), at_(begin), end_(end) {}

Result<bool> RecordReader::next(std::string_view& record) {
  if (at_ == end_ && used_ == buffer_.size()) return false;
  SLIPWAY_TRY(need(kPrefix));
  std::uint32_t length = 0;
  std::memcpy(&length, buffer_.data() + used_, kPrefix);
  used_ += kPrefix;
  SLIPWAY_TRY(need(length));
  record = std::string_view(buffer_).substr(used_, length);
  used_ += length;
  return true;
}

/// Makes the next `bytes` bytes of the spool the front of the buffer's unused part.
Status RecordReader::need(std::size_t bytes) {
  if (buffer_.size() - used_ >= bytes) return {};
  buffer_.erase(0, used_);
  used_ = 0;
  std::size_t filled = buffer_.size();
  const auto left = static_cast<std::size_t>(std::min<std::uint64_t>(end_ - at_, SIZE_MAX));
  buffer_.resize(filled + std::min(left, std::max(bytes - filled, kReadAtOnce)));
  while (filled < buffer_.size()) {
    SLIPWAY_ASSIGN(const std::size_t n, spool_->read(std::as_writable_bytes(std::span(buffer_)).subspan(filled), at_));
    if (n == 0) return fail(Errc::failed, "a temporary file of this run was cut short");
    filled += n;
    at_ += n;
  }
  if (filled < bytes) return fail(Errc::internal, "a spooled record ends too early");
  return {};
}

}  // namespace slipway::layer
