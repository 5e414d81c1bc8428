#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "slipway/base/digest.h"
#include "slipway/io/hash.h"
#include "slipway/io/stream.h"

namespace slipway::io {

/// Compression of layers into independent blocks, on several threads.
///
/// The input is cut into blocks: when one is full, at cut(), and at the end. Each block becomes a gzip member or a zstd
/// frame of its own, so blocks can be compressed in parallel, remembered by a BlockCache, and decompressed by any tool
/// (docs/FORMATS.md "Compressed layers"). The output depends on the input, the cuts, the format, the level and the
/// codec; it never depends on lanes, cache, processor, or on how the writes are split.
///
/// Order of calls: compressor(), then write() and cut() in any order, then finish() once. A Compressor that is
/// destroyed without finish() leaves `next` unfinished, so that nothing becomes visible.
///
/// Threads: the Compressor belongs to one thread at a time. With one lane everything runs in that thread. With more,
/// the caller only fills blocks; lanes compress them, and the lane that completes the oldest block writes it to `next`:
/// one thread at a time, usually not the caller's. Threads start with the first blocks and end with the Compressor.
///
/// Cost: memory for about two blocks a lane (1 MiB each, 8 MiB with zstd at `best`); a slow `next` makes write() wait.
///
/// Errors: one of `next` or of the codec is returned by a later write() or cut(), or by finish(); after it nothing more
/// is written.
///
/// Example: a compressed stream and the digest of what went in.
///
///     Result<Digest> pack(std::string_view tar, io::Sink& blob) {
///       io::Hasher plain;
///       io::Packing packing;
///       packing.lanes = 4;
///       packing.plain = &plain;
///       SLIPWAY_ASSIGN(const auto sink, io::compressor(packing, blob));
///       SLIPWAY_TRY(sink->write(io::as_bytes(tar)));
///       SLIPWAY_TRY(sink->finish());  // ends the stream and finishes `blob`
///       return plain.finish();        // the diff ID
///     }
enum class Compression { none, gzip, zstd };
enum class Level { fast, normal, best };

/// Parses "gzip", "zstd", "none" and "fast", "default" (Level::normal), "best"; Errc::invalid_argument otherwise.
Result<Compression> parse_compression(std::string_view text);
Result<Level> parse_level(std::string_view text);

/// Returns the compression that a stream's first four bytes show (all of them where it is shorter); `none` for anything
/// but gzip and zstd.
Compression compression_of(Bytes head);

/// Stores compressed blocks by a digest of what they were made of (codec, level and bytes). Thread-safe. It may forget
/// anything at any time, and never returns other bytes than it was given.
class BlockCache {
 public:
  virtual ~BlockCache() = default;
  /// Replaces `out` by the block and returns true; returns false, with `out` in any state, when it is not known.
  virtual bool find(const Digest& key, std::vector<std::byte>& out) = 0;
  /// Failing to remember does not fail the caller.
  virtual void remember(const Digest& key, Bytes block) = 0;
};

/// How to compress one stream. A value. Neither `lanes` nor `cache` changes the bytes.
struct Packing {
  Compression format = Compression::gzip;
  Level level = Level::normal;
  std::size_t lanes = 1;        ///< threads that compress; 1: the caller's own
  BlockCache* cache = nullptr;  ///< asked before a block is compressed; kept alive by the caller
  Hasher* plain = nullptr;      ///< hashes what is written; kept alive by the caller, who calls its finish() after ours
  std::string codec = {};       ///< the codec whose bytes the stream must have, from parse_codec(); empty: level 1's
};

/// Versions of a compression library can produce different bytes at the same level. A codec, such as "zstd-1.5.7",
/// names a set of versions that produce the same. The codec of compatibility level 1 is the default and written as "".
///
/// Returns the codec that `text` names, "" for the default one; Errc::invalid_argument, naming the known ones, for a
/// name that the format does not have at that level.
Result<std::string> parse_codec(Compression format, Level level, std::string_view text);
/// Returns the codec of the installed library, found by compressing a sample (once in a process); Errc::unsupported
/// when its bytes are those of no known codec.
Result<std::string> installed_codec(Compression format, Level level);
/// Returns the name of the installed codec, the default one's too, where versions differ at that level; "" where all
/// make the same bytes. Errors of installed_codec().
Result<std::string> differing_codec(Compression format, Level level);
/// Succeeds if the installed library has `packing`'s codec; Errc::unsupported, with both versions and what to do, if
/// not. Tells early: compressor() checks again. Levels that have one codec only are not checked here, because a build
/// that compresses nothing should not pay for it.
Status check_codec(const Packing& packing);

/// A sink that compresses; see the head of this file.
class Compressor : public Sink {
 public:
  /// Ends the block here, unless it is empty: what follows compresses to the same bytes whatever came before.
  virtual Status cut() = 0;
  /// Returns the bytes in the block that is being filled; always less than block_size(), 0 where nothing is compressed.
  virtual std::size_t pending() const = 0;
  /// Returns the bytes of a full block before compression; 0 where nothing is compressed.
  virtual std::size_t block_size() const = 0;
};

/// Returns a sink that passes the compressed stream to `next` (kept alive by the caller).
/// Errc::unsupported as check_codec().
Result<std::unique_ptr<Compressor>> compressor(const Packing& packing, Sink& next);

/// Returns a source that decompresses `inner`, whose first bytes tell the format: gzip with any number of members, zstd
/// with any number of frames, or bytes that are passed on as they are. Reading fails with Errc::malformed for trailing
/// bytes, an early end, wrong checksums and zstd windows over 128 MiB.
std::unique_ptr<Source> decompressor(std::unique_ptr<Source> inner);

}  // namespace slipway::io
