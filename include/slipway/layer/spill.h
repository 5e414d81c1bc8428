#pragma once

#include <cstddef>

#include "slipway/base/fs.h"

namespace slipway::layer {

/// The place of lists that outgrow their share of memory: unnamed temporary files in `folder`, which must exist.
struct SpillPlace {
  FileSystem* fs = nullptr;  ///< kept alive by the caller; nullptr: everything stays in memory
  stdfs::path folder;
  std::size_t memory = 4u << 20;  ///< bytes a list may hold before it spills
};

}  // namespace slipway::layer
