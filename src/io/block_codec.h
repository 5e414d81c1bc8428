#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "slipway/io/compress.h"

namespace slipway::io {

/// Compresses one block into a complete member or frame. One thread at a time.
class BlockCodec {
 public:
  virtual ~BlockCodec() = default;
  /// Replaces `out` by the compressed form of `block`.
  virtual Status compress(Bytes block, std::vector<std::byte>& out) = 0;
};

/// A format at a level: how blocks are cut, and a codec for each lane.
struct CodecPlan {
  std::size_t block_size;  ///< uncompressed bytes; part of the compatibility level
  std::function<std::unique_ptr<BlockCodec>()> make;
};

/// The plan of gzip or zstd.
CodecPlan codec_for(Compression format, Level level);

}  // namespace slipway::io
