#include "slipway/io/filters.h"

#include <algorithm>
#include <cstring>

#include "slipway/base/text.h"

namespace slipway::io {
namespace {

std::size_t take(std::string_view text, std::size_t& at, std::span<std::byte> buffer) {
  const std::size_t n = std::min(buffer.size(), text.size() - at);
  if (n > 0) std::memcpy(buffer.data(), text.data() + at, n);
  at += n;
  return n;
}

}  // namespace

Result<std::size_t> TextSource::read(std::span<std::byte> buffer) { return take(text_, at_, buffer); }

Status TextSource::restart() {
  at_ = 0;
  return {};
}

Result<std::size_t> StringSource::read(std::span<std::byte> buffer) { return take(text_, at_, buffer); }

Status StringSource::restart() {
  at_ = 0;
  return {};
}

Result<std::size_t> FileSource::read(std::span<std::byte> buffer) { return file_->read(buffer); }

Status FileSource::restart() { return file_->seek(0); }

VerifyingSource::VerifyingSource(std::unique_ptr<Source> inner, Digest digest, std::int64_t size, std::string what)
    : inner_(std::move(inner)),
      digest_(std::move(digest)),
      size_(size),
      what_(std::move(what)),
      hasher_(digest_.algorithm()) {}

Result<std::size_t> VerifyingSource::read(std::span<std::byte> buffer) {
  if (checked_) return std::size_t{0};
  SLIPWAY_ASSIGN(const std::size_t n, inner_->read(buffer));
  seen_ += static_cast<std::int64_t>(n);
  if (seen_ > size_) {
    return fail(Errc::verification_failed, "{} is longer than the {} bytes its descriptor promises", what_, size_);
  }
  if (n > 0) {
    hasher_.update(buffer.first(n));
    return n;
  }
  if (seen_ < size_) {
    return fail(Errc::verification_failed, "{} has {} bytes, its descriptor promises {}", what_, seen_, size_);
  }
  const Digest found = hasher_.finish();
  if (found != digest_) {
    return fail(Errc::verification_failed, "{} hashes to {}, its descriptor promises {}", what_, found.str(),
                digest_.str());
  }
  checked_ = true;
  return std::size_t{0};
}

Status StringSink::write(Bytes bytes) {
  if (text_.size() + bytes.size() > limit_) {
    return fail(Errc::too_large, "more than the limit of {}", human_bytes(limit_));
  }
  text_.append(as_text(bytes));
  return {};
}

Status HashingSink::write(Bytes bytes) {
  hasher_.update(bytes);
  count_ += bytes.size();
  return next_.write(bytes);
}

}  // namespace slipway::io
