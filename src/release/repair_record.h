#pragma once

#include <vector>

#include "slipway/release/checks.h"

namespace slipway::release {

/// Records as an event which checks had findings that were repaired in a registry. Behind the fence only: programs of
/// edition 1 read no event of this kind.
Status record_repair(const Project& project, const Environment& environment, const std::vector<Finding>& findings,
                     const ReleaseServices& services);

}  // namespace slipway::release
