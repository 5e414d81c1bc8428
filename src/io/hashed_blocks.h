#pragma once

#include <cstddef>

#include "io/block_stage.h"
#include "slipway/io/hash.h"

namespace slipway::io {

/// Returns a stage that hashes every block in its order and passes it on. The caller keeps `hasher` alive, and asks it
/// after finish() only.
///
/// A hash cannot be cut, so it is the one step that blocks must take one after the other: with more than one lane a
/// thread of its own does it, while the next stage works on the same blocks. At most `lanes` blocks wait for it.
std::unique_ptr<BlockStage> hashed_blocks(Hasher& hasher, std::size_t lanes, std::unique_ptr<BlockStage> next);

}  // namespace slipway::io
