#pragma once

#include <sys/stat.h>

#include "slipway/base/fs.h"

namespace slipway {

/// Returns what stat(2) said in the words of FileSystem.
FileStat file_stat_of(const struct stat& st);

}  // namespace slipway
