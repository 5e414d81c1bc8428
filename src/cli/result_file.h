#pragma once

#include <string>

#include "cli/context.h"

namespace slipway::cli {

/// Writes a file that the user named for a result. A regular file, or one that is not there, is replaced in one step; a
/// symlink is followed; a device, pipe or descriptor (/dev/stdout, /dev/fd/3) is written into. "-" is standard output.
Status write_result_file(Context& context, const std::string& path, const std::string& text);

/// Adds a text to the end of a file in one write, so that several programs can add to it at once. Creates the file.
Status append_to_file(const stdfs::path& path, const std::string& text);

/// Reports a result file whose folder is not there, before anything is written elsewhere. Errc::invalid_argument.
Status check_result_file(const Context& context, const std::string& option, const std::string& path);

}  // namespace slipway::cli
