#pragma once

#include <string>
#include <vector>

#include "registry/host.h"

namespace slipway::registry {

/// Returns the repositories of a host; see Session::catalog().
Result<std::vector<std::string>> list_repositories(Host& host);

}  // namespace slipway::registry
