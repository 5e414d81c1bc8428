#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "slipway/io/compress.h"

namespace slipway::io {

/// Compresses one block into a complete member or frame. One thread at a time.
class BlockCodec {
 public:
  virtual ~BlockCodec() = default;
  /// Writes the compressed form of `block` to the front of `out`, which grows where it must; returns its size.
  virtual Result<std::size_t> compress(Bytes block, std::vector<std::byte>& out) = 0;
};

/// Library versions that make the same bytes at one level, named for the oldest of them.
struct CodecIdentity {
  std::string_view name;   ///< e.g. "zstd-1.5.4"
  std::string_view proof;  ///< sha256 of what these versions make of codec_sample(), hexadecimal
};

/// A format at a level: how blocks are cut, and a codec for each lane.
struct CodecPlan {
  std::string id;                         ///< names format, level and block form in cache keys, with an identity's name
  std::size_t block_size = 0;             ///< uncompressed bytes
  std::size_t sample_size = 0;            ///< the beginning of codec_sample() that proves an identity
  std::string library;                    ///< the installed one, with its version where it tells
  std::vector<CodecIdentity> identities;  ///< the known ones; the first is that of compatibility level 1
  std::function<std::unique_ptr<BlockCodec>()> make;
};

/// The plan of gzip or zstd.
CodecPlan codec_for(Compression format, Level level);

/// The fixed 256 KiB that proofs are made of. Its regions differ in alphabet and repetition, so that versions show that
/// split blocks, search matches or choose entropy tables in another way.
std::vector<std::byte> codec_sample();

/// Returns the identity whose bytes the plan's codec makes; Errc::unsupported where slipway knows none.
Result<CodecIdentity> identify(const CodecPlan& plan);

}  // namespace slipway::io
