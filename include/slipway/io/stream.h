#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>

#include "slipway/base/result.h"

namespace slipway::io {

/// Streams of bytes that can fail.
///
/// A Source is pulled, a Sink is pushed, and each wraps another of its kind: hashing, limiting, verifying (filters.h),
/// compressing (compress.h). The bytes flow in blocks of the caller's size; nothing is buffered unless the filter says
/// so. A stream belongs to one thread at a time. After an error it must not be used again.
///
/// A Sink ends with finish(), called once after the last write by the owner of the outermost one: filters pass it on.
/// A sink that is destroyed without it leaves nothing visible behind, so that an early return is always safe:
///
///     Result<std::uint64_t> store(io::Source& source, File& file, std::stop_token stop) {
///       io::FileSink end(file);
///       io::HashingSink sink(end);  // file <- hash <- bytes
///       SLIPWAY_ASSIGN(const std::uint64_t size, io::copy(source, sink, stop));
///       SLIPWAY_TRY(sink.finish());  // now the bytes are on disk
///       return size;
///     }
using Bytes = std::span<const std::byte>;

/// Block size of streams, in bytes.
inline constexpr std::size_t kBlock = 128u << 10;

/// Bytes to pull.
class Source {
 public:
  virtual ~Source() = default;
  /// Reads at least one and up to buffer.size() bytes into a buffer that is not empty and returns their number; 0 means
  /// the end. A source that verifies fails instead of returning that 0.
  virtual Result<std::size_t> read(std::span<std::byte> buffer) = 0;
};

/// A Source that can start again from its first byte, for retries.
class RestartableSource : public Source {
 public:
  /// Goes back to the first byte; may be called at any time, also after an error of read().
  virtual Status restart() = 0;
};

/// Bytes to push. finish() is called exactly once, after the last write; without it nothing becomes visible.
class Sink {
 public:
  virtual ~Sink() = default;
  /// Takes all bytes, or fails.
  virtual Status write(Bytes bytes) = 0;
  virtual Status finish() = 0;
};

/// Views text as bytes and back, without a copy; valid as long as the argument's bytes.
Bytes as_bytes(std::string_view text);
std::string_view as_text(Bytes bytes);

/// Copies everything from a Source to a Sink, which it does not finish, in steps of kBlock; returns the number of
/// bytes. Errc::cancelled on stop, checked between steps.
Result<std::uint64_t> copy(Source& from, Sink& to, std::stop_token stop = {});

/// Reads a Source to its end into memory; Errc::too_large beyond `limit` bytes.
Result<std::string> read_all(Source& from, std::size_t limit);

}  // namespace slipway::io
