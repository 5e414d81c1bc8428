#pragma once

#include <cstddef>

#include "io/block_codec.h"
#include "io/block_stage.h"

namespace slipway::io {

/// Returns a stage that compresses blocks with the plan's codecs and writes them to `next` (kept alive by the caller)
/// in their order.
///
/// With one lane everything runs in the caller's thread. With more, a block is waiting, then taken by a lane that
/// compresses it without the lock, then done. Any lane that finds the oldest block done becomes the writer and writes
/// all that is ready, while the other lanes go on compressing. put() waits while `lanes + 2` blocks are not written:
/// that bounds memory. The first failure of the codec or of `next` stays; nothing is written after it.
std::unique_ptr<BlockStage> compressed_blocks(const CodecPlan& plan, std::size_t lanes, Sink& next);

}  // namespace slipway::io
