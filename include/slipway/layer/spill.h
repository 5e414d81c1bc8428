#pragma once

#include <cstddef>
#include <system_error>

#include "slipway/base/fs.h"

namespace slipway::layer {

/// The place of lists that outgrow their share of memory: unnamed temporary files in `folder`, which must exist.
struct SpillPlace {
  FileSystem* fs = nullptr;  ///< kept alive by the caller; nullptr: everything stays in memory
  stdfs::path folder;
  std::size_t memory = 4u << 20;  ///< bytes a list may hold before it spills
};

/// Returns the place for lists of this run: the machine's folder for temporary files (TMPDIR, else /tmp). `fs` is kept
/// alive by the caller.
inline SpillPlace spill_to_temporary(FileSystem& fs) {
  std::error_code none;
  return {&fs, stdfs::temp_directory_path(none)};
}

}  // namespace slipway::layer
