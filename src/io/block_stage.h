#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <vector>

#include "slipway/io/stream.h"

/// The pieces that compressing in blocks is made of. Bytes pass them from the top, and each deals with one concern:
///
///     BlockSink           cuts the stream into blocks                      (block_sink.h)
///     hashed_blocks()     hashes blocks in their order, beside the rest    (hashed_blocks.h)
///     compressed_blocks() compresses blocks on lanes, writes them in order (compressed_blocks.h)
///     BlockCodec          makes a member or frame of one block             (block_codec.h)
///     with_cache()        asks a BlockCache before that                    (cached_codec.h)
///
/// compressor() puts them together.
namespace slipway::io {

/// One block of a stream. Stages share it while they work on it; nobody changes it.
using Block = std::shared_ptr<const std::vector<std::byte>>;

/// Receives the blocks of a stream in their order. One thread at a time.
class BlockStage {
 public:
  virtual ~BlockStage() = default;
  /// May return before the block is dealt with; an error may be that of an earlier block.
  virtual Status put(Block block) = 0;
  /// Waits for every block, then finishes the stages and the sink below. Called once, last.
  virtual Status finish() = 0;
};

/// Buffers for blocks, used again once no stage has them any more: fresh memory for each would cost a page fault every
/// four KiB. Thread-safe.
class BlockPool {
 public:
  /// `capacity`: bytes that each buffer has room for.
  explicit BlockPool(std::size_t capacity) : shared_(std::make_shared<Shared>()), capacity_(capacity) {}

  /// Returns an empty buffer.
  std::shared_ptr<std::vector<std::byte>> take();

 private:
  struct Shared {
    std::mutex mutex;
    std::vector<std::unique_ptr<std::vector<std::byte>>> spare;
  };
  std::shared_ptr<Shared> shared_;  // outlives the pool while a buffer is in use
  std::size_t capacity_;
};

}  // namespace slipway::io
