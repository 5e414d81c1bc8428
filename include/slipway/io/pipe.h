#pragma once

#include <cstddef>
#include <memory>
#include <utility>

#include "slipway/io/stream.h"

namespace slipway::io {

/// Makes a bounded in-memory pipe between two threads, one for each end. write() blocks while `capacity` bytes (at
/// least 1) wait, read() while none do. Destroying the Source makes the next write() fail; destroying the Sink without
/// finish() makes read() fail once it has returned what was written. Both are Errc::failed.
std::pair<std::unique_ptr<Source>, std::unique_ptr<Sink>> make_pipe(std::size_t capacity = 512u << 10);

}  // namespace slipway::io
