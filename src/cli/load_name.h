#pragma once

#include <string>

#include "cli/found_image.h"

namespace slipway::cli {

/// Returns the name, NAME:TAG, under which an image store gets an image that `word` named on the command line: its
/// repository in a registry; else the whole name beside the layout's entry, as docker and containerd write it; else
/// the app whose project's layout or environment it is; else the layout's folder.
std::string own_name(Context& context, const std::string& word, const FoundImage& found, const image::Image& image);

}  // namespace slipway::cli
