#pragma once

#include <cstddef>
#include <string>

#include "slipway/base/result.h"

namespace slipway::cli {

/// Reads the first line, without its end, of a descriptor that the shell opened for us; no byte beyond it, so that
/// several secrets can stand in one stream. `what` names it in errors, which are Errc::invalid_argument.
Result<std::string> first_line_of(int descriptor, const std::string& what);

}  // namespace slipway::cli
