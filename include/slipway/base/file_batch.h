#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "slipway/base/fs.h"

namespace slipway {

/// A file with its new content. The caller keeps the bytes alive during the call.
struct FileContent {
  stdfs::path path;
  std::string_view bytes;
  std::uint32_t mode = 0644;
};

/// Replaces or creates many files, each in one step like write_file_atomically(). All are written and synced beside the
/// old ones first, on several lanes, because file systems combine syncs that wait at the same time; only then are they
/// put in place, and each folder is synced once. A disk that is full or a file that cannot be written thus leaves every
/// file as it was; a failure to put one in place leaves some replaced, and none half-written.
Status write_files_atomically(FileSystem& fs, const std::vector<FileContent>& files);

}  // namespace slipway
