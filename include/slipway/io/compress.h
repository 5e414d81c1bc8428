#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "slipway/base/digest.h"
#include "slipway/io/hash.h"
#include "slipway/io/stream.h"

namespace slipway::io {

enum class Compression { none, gzip, zstd };
enum class Level { fast, normal, best };

/// "gzip", "zstd", "none" and "fast", "default", "best"; Errc::invalid_argument otherwise.
Result<Compression> parse_compression(std::string_view text);
Result<Level> parse_level(std::string_view text);

/// The compression that a stream's first bytes (four, or all) show; none for anything but gzip and zstd.
Compression compression_of(Bytes head);

/// Remembers compressed blocks by what they were made of (codec, level and bytes). Thread-safe. It may forget
/// anything at any time, and never gives other bytes than it was given.
class BlockCache {
 public:
  virtual ~BlockCache() = default;
  /// Replaces `out` by the block; false when it is not known.
  virtual bool find(const Digest& key, std::vector<std::byte>& out) = 0;
  /// A failure to remember is no failure of the caller's.
  virtual void remember(const Digest& key, Bytes block) = 0;
};

/// How a stream is compressed. Neither `lanes` nor `cache` changes the bytes.
struct Packing {
  Compression format = Compression::gzip;
  Level level = Level::normal;
  std::size_t lanes = 1;        ///< threads that compress; 1: the caller's own
  BlockCache* cache = nullptr;  ///< kept alive by the caller
  Hasher* plain = nullptr;      ///< gets all that is written; kept alive by the caller, who asks it after finish()
  std::string codec = {};  ///< whose bytes the stream must have, from parse_codec(); empty: compatibility level 1's
};

/// Library versions can make other bytes at the same level, so each set of versions that agree has a name: a codec,
/// such as "zstd-1.5.7". The codec of compatibility level 1 is implied and written as "".
///
/// Returns the codec that `text` names; Errc::invalid_argument, naming the known ones, for a name that the format at
/// that level does not have.
Result<std::string> parse_codec(Compression format, Level level, std::string_view text);
/// Returns the codec whose bytes the installed library makes; Errc::unsupported where it is none that slipway knows.
Result<std::string> installed_codec(Compression format, Level level);
/// Proves by a fixed sample, once in a process, that the installed library makes the bytes of `packing`'s codec.
/// Errc::unsupported, with both versions and the ways out, where it does not.
Status check_codec(const Packing& packing);

/// A sink that compresses what is written. The input is cut into blocks that become independent gzip members or
/// zstd frames (docs/FORMATS.md "Compressed layers"); a block ends when it is full, at cut(), and at the end.
class Compressor : public Sink {
 public:
  /// Ends the block here: what follows compresses to the same bytes whatever came before.
  virtual Status cut() = 0;
  /// Bytes in the block that is being filled; always less than a full block.
  virtual std::size_t pending() const = 0;
  /// Bytes of a full block; 0 where nothing is compressed.
  virtual std::size_t block_size() const = 0;
};

/// Passes the compressed stream to `next` (kept alive by the caller), from one thread at a time, which with
/// several lanes need not be the caller's; finish() ends the stream and finishes `next`. The bytes depend on the
/// input, the cuts, the format and the level, never on lanes, cache, processor or on how writes are split.
/// Errc::unsupported as check_codec().
Result<std::unique_ptr<Compressor>> compressor(const Packing& packing, Sink& next);

/// A source that decompresses `inner`, whose format is told by its first bytes
/// (gzip with several members, zstd with several frames, or plain). Refuses
/// trailing junk, wrong checksums, zstd windows over 128 MiB.
std::unique_ptr<Source> decompressor(std::unique_ptr<Source> inner);

}  // namespace slipway::io
