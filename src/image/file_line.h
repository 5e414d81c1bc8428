#pragma once

#include <string>
#include <string_view>

#include "slipway/image/file_list.h"

namespace slipway::image {

/// One line of a file list, with its newline.
std::string write_line(const ImageFile& file);
/// A line without its newline; Errc::malformed unless write_line made it.
Result<ImageFile> parse_line(std::string_view line);
/// The path that a line begins with.
std::string path_of_line(std::string_view line);

}  // namespace slipway::image
