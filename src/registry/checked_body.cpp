#include "registry/checked_body.h"

#include <algorithm>
#include <array>
#include <atomic>

namespace slipway::registry {
namespace {

/// More than the buffers of kernels and proxies hold back when a connection is cut.
constexpr std::int64_t kKept = 4 << 20;
/// Of all bodies together: with many under way at once the later ones keep little.
constexpr std::int64_t kKeptByAll = 8 << 20;
constexpr std::int64_t kLeastKept = 256 << 10;

std::atomic<std::int64_t> kept_by_all = 0;

std::size_t take_room(std::int64_t size) {
  const std::int64_t left = std::max(kKeptByAll - kept_by_all.load(), kLeastKept);
  const std::int64_t room = std::min({kKept, left, size});
  kept_by_all += room;
  return static_cast<std::size_t>(room);
}

}  // namespace

CheckedBody::CheckedBody(io::RestartableSource& inner, const oci::Descriptor& descriptor)
    : inner_(inner), descriptor_(descriptor), hasher_(descriptor.digest.algorithm()) {}

CheckedBody::~CheckedBody() { kept_by_all -= static_cast<std::int64_t>(kept_.size()); }

Result<std::size_t> CheckedBody::read(std::span<std::byte> buffer) {
  if (at_ == descriptor_.size) return std::size_t{0};
  if (at_ == seen_) {
    const auto n = next(buffer);
    failed_ = !n;
    return n;
  }
  std::size_t n = 0;
  while (n < buffer.size() && at_ < seen_)
    buffer[n++] = kept_[static_cast<std::size_t>(at_++) % kept_.size()];
  return n;
}

Result<std::size_t> CheckedBody::next(std::span<std::byte> buffer) {
  SLIPWAY_ASSIGN(const std::size_t n, inner_.read(buffer));
  seen_ += static_cast<std::int64_t>(n);
  if (n == 0 || seen_ > descriptor_.size) {
    return fail(Errc::verification_failed, "blob {} has {} bytes{}, its descriptor promises {}",
                descriptor_.digest.str(), seen_, n == 0 ? "" : " or more", descriptor_.size);
  }
  hasher_.update(buffer.first(n));
  keep(buffer.first(n));
  at_ = seen_;
  if (seen_ == descriptor_.size) SLIPWAY_TRY(check());
  return n;
}

void CheckedBody::keep(io::Bytes bytes) {
  if (kept_.empty()) kept_.resize(take_room(descriptor_.size));
  std::size_t to = static_cast<std::size_t>(at_) % kept_.size();
  while (!bytes.empty()) {
    const std::size_t n = std::min(bytes.size(), kept_.size() - to);
    std::copy_n(bytes.begin(), n, kept_.begin() + static_cast<std::ptrdiff_t>(to));
    bytes = bytes.subspan(n);
    to = 0;
  }
}

Status CheckedBody::rewind_to(std::int64_t offset) {
  const bool kept = offset <= seen_ && seen_ - offset <= static_cast<std::int64_t>(kept_.size());
  if (kept && !failed_) {
    at_ = offset;
    return {};
  }
  if (offset < seen_ || failed_) {
    hasher_.reset();
    failed_ = false;
    seen_ = 0;
    SLIPWAY_TRY(inner_.restart());
  }
  at_ = seen_;
  std::array<std::byte, 32u << 10> passed_over;
  while (at_ < offset) {
    const auto left = static_cast<std::size_t>(offset - at_);
    SLIPWAY_ASSIGN(const std::size_t n, read(std::span(passed_over).first(std::min(passed_over.size(), left))));
    if (n == 0) return fail(Errc::failed, "blob {} has no byte {}", descriptor_.digest.str(), offset);
  }
  return {};
}

Status CheckedBody::check() {
  const Digest found = hasher_.finish();
  if (found != descriptor_.digest) {
    return fail(Errc::verification_failed, "blob {} hashes to {}", descriptor_.digest.str(), found.str());
  }
  std::array<std::byte, 1> more{};
  SLIPWAY_ASSIGN(const std::size_t n, inner_.read(more));
  if (n == 0) return {};
  return fail(Errc::verification_failed, "blob {} is longer than the {} bytes its descriptor promises",
              descriptor_.digest.str(), descriptor_.size);
}

}  // namespace slipway::registry
