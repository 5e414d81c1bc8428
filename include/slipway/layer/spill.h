#pragma once

#include <cstddef>

#include "slipway/base/fs.h"

namespace slipway::layer {

/// The place for lists that outgrow their share of memory: an unnamed temporary file in `folder`.
struct SpillPlace {
  FileSystem* fs = nullptr;  ///< kept alive by the caller; nothing: everything stays in memory
  stdfs::path folder;
  std::size_t memory = 4u << 20;  ///< bytes a list may hold before it spills
};

}  // namespace slipway::layer
