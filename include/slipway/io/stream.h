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
/// so. A stream belongs to one thread at a time. After an error it is used no more.
///
/// A Sink ends with finish(), called once after the last write by the owner of the outermost one: filters pass it on.
/// A sink that is destroyed without it leaves nothing visible behind, so that an early return is always safe:
///
///     io::HashingSink sink(file);                    // file <- hash <- bytes
///     SLIPWAY_ASSIGN(const auto size, io::copy(source, sink, stop));
///     SLIPWAY_TRY(sink.finish());                    // now the file is there
using Bytes = std::span<const std::byte>;

/// Block size of streams, in bytes.
inline constexpr std::size_t kBlock = 128u << 10;

/// Bytes to pull.
class Source {
 public:
  virtual ~Source() = default;
  /// Up to buffer.size() bytes (buffer is not empty); 0 means the end, and
  /// verification failures are reported instead of that 0.
  virtual Result<std::size_t> read(std::span<std::byte> buffer) = 0;
};

/// A Source that can start again from its first byte, for retries.
class RestartableSource : public Source {
 public:
  virtual Status restart() = 0;
};

/// Bytes to push. finish() exactly once, after the last write; without it nothing becomes visible.
class Sink {
 public:
  virtual ~Sink() = default;
  virtual Status write(Bytes bytes) = 0;
  virtual Status finish() = 0;
};

/// Views text as bytes and back; no copy.
Bytes as_bytes(std::string_view text);
std::string_view as_text(Bytes bytes);

/// Moves everything from a Source to a Sink (which is not finished); returns the
/// number of bytes. Errc::cancelled when asked to stop.
Result<std::uint64_t> copy(Source& from, Sink& to, std::stop_token stop = {});

/// Reads a Source to its end; Errc::too_large beyond `limit` bytes.
Result<std::string> read_all(Source& from, std::size_t limit);

}  // namespace slipway::io
