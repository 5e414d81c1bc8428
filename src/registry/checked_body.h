#pragma once

#include <vector>

#include "slipway/io/hash.h"
#include "slipway/oci/descriptor.h"

namespace slipway::registry {

/// An upload's body that refuses to let its last byte out unless the whole is exactly what the descriptor promises: a
/// registry never gets wrong content to judge. The last few MiB are kept, so that an upload which broke goes on where
/// the registry has it without asking the source again.
class CheckedBody final : public io::RestartableSource {
 public:
  CheckedBody(io::RestartableSource& inner, const oci::Descriptor& descriptor);
  CheckedBody(const CheckedBody&) = delete;
  CheckedBody& operator=(const CheckedBody&) = delete;
  ~CheckedBody() override;

  Result<std::size_t> read(std::span<std::byte> buffer) override;
  Status restart() override { return rewind_to(0); }
  /// The next byte read is the one at `offset`; what comes before it is read and hashed, too.
  Status rewind_to(std::int64_t offset);
  /// The next byte's offset.
  std::int64_t at() const { return at_; }
  /// For a blob of no bytes, which is never read.
  Status check_empty() { return check(); }
  /// True when reading failed, and not sending.
  bool failed() const { return failed_; }

 private:
  Status check();
  Result<std::size_t> next(std::span<std::byte> buffer);
  void keep(io::Bytes bytes);

  io::RestartableSource& inner_;
  const oci::Descriptor& descriptor_;
  io::Hasher hasher_;
  std::int64_t seen_ = 0;        // bytes that came from the source
  std::int64_t at_ = 0;          // bytes that went out; less than seen_ after a rewind
  std::vector<std::byte> kept_;  // a ring: byte i of the blob is at i modulo its size
  bool failed_ = false;
};

/// A part of a body, as one request carries it.
class BodyPart final : public io::RestartableSource {
 public:
  BodyPart(CheckedBody& body, std::int64_t size) : body_(body), begin_(body.at()), end_(begin_ + size) {}

  Result<std::size_t> read(std::span<std::byte> buffer) override {
    const auto left = static_cast<std::size_t>(end_ - body_.at());
    return left == 0 ? Result<std::size_t>(0) : body_.read(buffer.first(std::min(buffer.size(), left)));
  }
  Status restart() override { return body_.rewind_to(begin_); }

 private:
  CheckedBody& body_;
  std::int64_t begin_;
  std::int64_t end_;
};

}  // namespace slipway::registry
