#pragma once

#include <string>
#include <vector>

#include "cli/context.h"

namespace slipway::cli {

/// Returns the repositories of a registry (registry::Session::catalog).
Result<std::vector<std::string>> catalog(const Globals& globals, const Surroundings& surroundings,
                                         const std::string& host);

}  // namespace slipway::cli
