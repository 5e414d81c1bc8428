#pragma once

#include "slipway/io/hash.h"
#include "slipway/oci/descriptor.h"

namespace slipway::registry {

/// An upload's body that refuses to let its last byte out unless the whole is
/// exactly what the descriptor promises: a registry never gets wrong content to judge.
class CheckedBody final : public io::RestartableSource {
 public:
  CheckedBody(io::RestartableSource& inner, const oci::Descriptor& descriptor)
      : inner_(inner), descriptor_(descriptor), hasher_(descriptor.digest.algorithm()) {}

  Result<std::size_t> read(std::span<std::byte> buffer) override {
    if (seen_ == descriptor_.size) return std::size_t{0};
    SLIPWAY_ASSIGN(const std::size_t n, inner_.read(buffer));
    seen_ += static_cast<std::int64_t>(n);
    if (n == 0 || seen_ > descriptor_.size) {
      return fail(Errc::verification_failed, "blob {} has {} bytes{}, its descriptor promises {}",
                  descriptor_.digest.str(), seen_, n == 0 ? "" : " or more", descriptor_.size);
    }
    hasher_.update(buffer.first(n));
    if (seen_ == descriptor_.size) SLIPWAY_TRY(check());
    return n;
  }

  Status restart() override {
    hasher_.reset();
    seen_ = 0;
    return inner_.restart();
  }

  /// For a blob of no bytes, which is never read.
  Status check_empty() { return check(); }

 private:
  Status check() {
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

  io::RestartableSource& inner_;
  const oci::Descriptor& descriptor_;
  io::Hasher hasher_;
  std::int64_t seen_ = 0;
};

}  // namespace slipway::registry
