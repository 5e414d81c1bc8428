#pragma once

#include <cstddef>
#include <memory>
#include <utility>

#include "slipway/io/stream.h"

namespace slipway::io {

/// A bounded in-memory pipe between two threads: the writer blocks while
/// `capacity` bytes wait. Destroying the reader fails the writer; destroying
/// the writer without finish() fails the reader.
std::pair<std::unique_ptr<Source>, std::unique_ptr<Sink>> make_pipe(std::size_t capacity = 512u << 10);

}  // namespace slipway::io
