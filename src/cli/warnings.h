#pragma once

#include <vector>

#include "cli/context.h"

namespace slipway::cli {

/// True where progress is shown as text: not with --quiet, --progress none or json.
bool shows_progress(const Context& context);

/// Prints warnings as Context::warn() does, those of one kind (equal hints) as one line: the first, and how many more
/// there are. With -v each has its line; in GitHub Actions one with a place in a file is an annotation of the file.
void warn_all(Context& context, const std::vector<Error>& warnings);

}  // namespace slipway::cli
