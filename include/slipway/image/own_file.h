#pragma once

#include "slipway/base/fs.h"

namespace slipway::image {

/// Returns true if a file or folder belongs to the user that runs this process and nobody else may write it. Records
/// that decide what an image is are used from such places only, because anybody can compute a checksum.
bool is_own(const FileStat& stat);

/// Returns true if nobody else can put records into `folder`: it is the user's own, or does not exist yet.
bool is_own_folder(FileSystem& fs, const stdfs::path& folder);

}  // namespace slipway::image
