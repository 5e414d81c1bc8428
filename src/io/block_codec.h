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

/// A format at a level: how blocks are cut, and a codec for each lane. All of it belongs to the compatibility level.
struct CodecPlan {
  std::string id;              ///< names format, level and block form in cache keys
  std::size_t block_size = 0;  ///< uncompressed bytes
  std::string_view library;    ///< what makes the bytes
  std::string_view proof;      ///< sha256 of what it makes of codec_sample(), hexadecimal
  std::function<std::unique_ptr<BlockCodec>()> make;
};

/// The plan of gzip or zstd.
CodecPlan codec_for(Compression format, Level level);

/// The fixed text that proofs are made of: compressible, not trivial, the same for ever.
std::vector<std::byte> codec_sample();

/// Errc::unsupported unless the installed library still makes the bytes that the plan promises.
Status prove(const CodecPlan& plan);

}  // namespace slipway::io
