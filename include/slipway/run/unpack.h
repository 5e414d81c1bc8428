#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <stop_token>
#include <string>
#include <vector>

#include "slipway/image/file_list.h"

namespace slipway::run {

struct UnpackOptions {
  std::size_t lanes = 2;    ///< layers read at once
  bool keep_owners = true;  ///< where the user may; what cannot be kept is counted, and loses its setuid bits
};

/// What was unpacked.
struct Unpacked {
  std::size_t paths = 0;
  std::uint64_t bytes = 0;         ///< of regular files
  std::vector<std::string> notes;  ///< what this user or file system could not keep, one line for each kind
};

/// Unpacks an image to the new or empty folder `to`, as a user without root too: nothing appears there before all of
/// it is written and every layer used has proved its digest and diff ID; after an error nothing is left. `files` is
/// the image's merged list, so every path is written once and whiteouts hide without anything being removed.
/// Nothing outside is reached, whatever the layers say: paths are walked name by name from an open folder, no symlink
/// is followed, and symlinks are made last. Errc::already_exists when `to` has something in it.
Result<Unpacked> unpack_image(store::ReadTarget& from, const image::Image& image, const image::FileList& files,
                              const std::filesystem::path& to, const UnpackOptions& options, std::stop_token stop = {});

}  // namespace slipway::run
