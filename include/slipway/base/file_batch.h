#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "slipway/base/fs.h"

namespace slipway {

/// A file with its new content. The bytes outlive the call that takes them.
struct FileContent {
  stdfs::path path;
  std::string_view bytes;
  std::uint32_t mode = 0644;
};

/// Replaces or creates many files, each in one step as write_file_atomically() does, on several lanes: file systems
/// join what waits for the disk at the same time. Each folder is synced once, after its files. Stops at the first
/// failure; the files before it may be replaced, and none is half-written.
Status write_files_atomically(FileSystem& fs, const std::vector<FileContent>& files);

}  // namespace slipway
