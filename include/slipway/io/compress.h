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
/// by the caller); finish() ends the stream and finishes `next`. The bytes
/// depend only on the input, the format, the level and the library's version:
/// docs/FORMATS.md "Compressed layers".
std::unique_ptr<Sink> compressor(Compression format, Level level, Sink& next);

/// A source that decompresses `inner`, whose format is told by its first bytes
/// (gzip with several members, zstd with several frames, or plain). Refuses
/// trailing junk, wrong checksums, zstd windows over 128 MiB.
std::unique_ptr<Source> decompressor(std::unique_ptr<Source> inner);

}  // namespace slipway::io
