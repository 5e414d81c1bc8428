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
  /// Failing to remember does not fail the caller.
  virtual void remember(const Digest& key, Bytes block) = 0;
};

/// Compression of layers into independent blocks, on several threads.
///
/// The input is cut into blocks: when one is full, at cut(), and at the end. Each block becomes a gzip member or a zstd
/// frame of its own, so blocks can be compressed in parallel, remembered by a BlockCache, and decompressed by any tool
/// (docs/FORMATS.md "Compressed layers"). The output depends on the input, the cuts, the format and the level; it never
/// depends on lanes, cache, processor, or on how the writes are split.
///
///     Hasher plain;                                            // hashes what comes in: the diff ID
///     SLIPWAY_ASSIGN(auto sink, compressor({.format = Compression::gzip, .lanes = 4, .plain = &plain}, blob));
///     SLIPWAY_TRY(sink->write(tar_bytes));
///     SLIPWAY_TRY(sink->finish());                             // ends the stream and finishes `blob`
///     const Digest diff_id = plain.finish();
///
/// Threads: with one lane everything runs in the caller's thread. With more, the caller's thread only fills blocks;
/// lanes compress them, and the lane that completes the oldest block writes it to `next`: one thread at a time, not the
/// caller's. Memory: about two blocks a lane; a slow `next` makes write() wait. An error of `next` or of the codec is
/// returned by the next write() or by finish().

/// The way to compress a stream. Neither `lanes` nor `cache` changes the bytes.
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
/// Errc::unsupported, with both versions and the ways out, where it does not. Levels with one known codec are left to
/// compressor(), which proves every level before its first block.
Status check_codec(const Packing& packing);

/// A sink that compresses; see above.
class Compressor : public Sink {
 public:
  /// Ends the block here: what follows compresses to the same bytes whatever came before.
  virtual Status cut() = 0;
  /// Bytes in the block that is being filled; always less than a full block.
  virtual std::size_t pending() const = 0;
  /// Bytes of a full block; 0 where nothing is compressed.
  virtual std::size_t block_size() const = 0;
};

/// Returns a sink that passes the compressed stream to `next` (kept alive by the caller).
/// Errc::unsupported as check_codec().
Result<std::unique_ptr<Compressor>> compressor(const Packing& packing, Sink& next);

/// Returns a source that decompresses `inner`, whose first bytes tell the format: gzip with several members, zstd with
/// several frames, or plain bytes. Errc::malformed for trailing junk, wrong checksums and zstd windows over 128 MiB.
std::unique_ptr<Source> decompressor(std::unique_ptr<Source> inner);

}  // namespace slipway::io
