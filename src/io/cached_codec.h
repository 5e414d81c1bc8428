#pragma once

#include "io/block_codec.h"

namespace slipway::io {

/// Returns the plan with a cache around each of its codecs: a block that is known under the plan's id is not compressed
/// again, any other is remembered. The caller keeps `cache` alive.
CodecPlan with_cache(CodecPlan plan, BlockCache& cache);

}  // namespace slipway::io
