#pragma once

#include <memory>
#include <string_view>

#include "slipway/io/stream.h"

namespace slipway::io {

enum class Compression { none, gzip, zstd };
enum class Level { fast, normal, best };

/// "gzip", "zstd", "none" and "fast", "default", "best"; Errc::invalid_argument otherwise.
Result<Compression> parse_compression(std::string_view text);
Result<Level> parse_level(std::string_view text);

/// A sink that compresses what is written and passes it to `next` (kept alive
/// by the caller); finish() ends the stream and finishes `next`. The input is
/// cut into blocks of a fixed size that become independent gzip members or zstd
/// frames, compressed on `lanes` threads (1: the caller's own); `next` is only
/// called from the caller's thread. The bytes depend on the input, the format, the
/// level and the library's version, never on `lanes` or on how writes are split:
/// docs/FORMATS.md "Compressed layers".
std::unique_ptr<Sink> compressor(Compression format, Level level, Sink& next, std::size_t lanes = 1);

/// A source that decompresses `inner`, whose format is told by its first bytes
/// (gzip with several members, zstd with several frames, or plain). Refuses
/// trailing junk, wrong checksums, zstd windows over 128 MiB.
std::unique_ptr<Source> decompressor(std::unique_ptr<Source> inner);

}  // namespace slipway::io
