#pragma once

#include <stop_token>

#include "slipway/image/file_list.h"

namespace slipway::image {

/// Writes the files that a container of `image` sees as one tar: folders, symlinks and devices first, sorted by path,
/// then the regular files of each layer, each followed by its hard links. Each layer is streamed once and proved by
/// its digest; nothing is stored. The same image gives the same bytes. `files` must be the merged list of the image:
/// Errc::verification_failed otherwise. `out` is not finished.
Status write_tree(store::ReadTarget& from, const Image& image, const FileList& files, io::Sink& out,
                  std::stop_token stop = {});

}  // namespace slipway::image
