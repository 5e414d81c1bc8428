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

/// Replaces or creates many files, each in one step like write_file_atomically(), on several lanes, because file
/// systems combine syncs that wait at the same time. Each folder is synced once, after its files. Stops at the first
/// failure: some files may be replaced then, and none is half-written.
Status write_files_atomically(FileSystem& fs, const std::vector<FileContent>& files);

}  // namespace slipway
