#pragma once

#include <memory>
#include <string>

#include "slipway/base/digest.h"
#include "slipway/base/fs.h"
#include "slipway/io/hash.h"
#include "slipway/io/stream.h"

namespace slipway::io {

/// Reads a text that the caller keeps alive.
class TextSource final : public RestartableSource {
 public:
  explicit TextSource(std::string_view text) : text_(text) {}
  Result<std::size_t> read(std::span<std::byte> buffer) override;
  Status restart() override;

 private:
  std::string_view text_;
  std::size_t at_ = 0;
};

/// Reads from a string it owns.
class StringSource final : public RestartableSource {
 public:
  explicit StringSource(std::string text) : text_(std::move(text)) {}
  Result<std::size_t> read(std::span<std::byte> buffer) override;
  Status restart() override;

 private:
  std::string text_;
  std::size_t at_ = 0;
};

/// Reads an open file from its current position; restart() goes to byte 0.
class FileSource final : public RestartableSource {
 public:
  explicit FileSource(std::unique_ptr<File> file) : file_(std::move(file)) {}
  Result<std::size_t> read(std::span<std::byte> buffer) override;
  Status restart() override;

 private:
  std::unique_ptr<File> file_;
};

/// Passes a stream through and fails with Errc::verification_failed at its end, or at the first byte too many, unless
/// it has exactly `size` bytes and hashes to `digest`; the size is checked first (image-spec descriptor.md). Bytes read
/// before the end are unproved. `what` names the content in messages.
class VerifyingSource final : public Source {
 public:
  VerifyingSource(std::unique_ptr<Source> inner, Digest digest, std::int64_t size, std::string what);
  Result<std::size_t> read(std::span<std::byte> buffer) override;

 private:
  std::unique_ptr<Source> inner_;
  Digest digest_;
  std::int64_t size_;
  std::string what_;
  Hasher hasher_;
  std::int64_t seen_ = 0;
  bool checked_ = false;
};

/// Collects bytes in a string; a write beyond `limit` bytes fails with Errc::too_large.
class StringSink final : public Sink {
 public:
  explicit StringSink(std::size_t limit) : limit_(limit) {}
  Status write(Bytes bytes) override;
  Status finish() override { return {}; }
  const std::string& text() const { return text_; }
  /// Moves the text out.
  std::string take() { return std::move(text_); }

 private:
  std::size_t limit_;
  std::string text_;
};

/// Discards bytes.
class NullSink final : public Sink {
 public:
  Status write(Bytes) override { return {}; }
  Status finish() override { return {}; }
};

/// Hashes and counts what passes to the next sink, which the caller keeps alive. finish() is passed on.
class HashingSink final : public Sink {
 public:
  explicit HashingSink(Sink& next) : next_(next) {}
  Status write(Bytes bytes) override;
  Status finish() override { return next_.finish(); }
  /// Returns the number of bytes so far.
  std::uint64_t count() const { return count_; }
  /// Returns the digest (sha256) of all bytes. Call once, after the last write.
  Digest digest() { return hasher_.finish(); }

 private:
  Sink& next_;
  Hasher hasher_;
  std::uint64_t count_ = 0;
};

/// Writes at the position of an open file, which the caller keeps open; finish() calls fsync(2).
class FileSink final : public Sink {
 public:
  explicit FileSink(File& file) : file_(file) {}
  Status write(Bytes bytes) override { return file_.write(bytes); }
  Status finish() override { return file_.sync(); }

 private:
  File& file_;
};

}  // namespace slipway::io
