#pragma once

#include <map>
#include <string>
#include <vector>

#include "slipway/release/environment.h"

namespace slipway::release {

/// The place of each name in an environment's `after`, in order.
using AfterPlaces = std::map<std::string, std::vector<Where>>;

/// Checks that need all environments together: `after` names environments and leads
/// nowhere in a circle, no two environments move one tag, and no tag or name looks like a record's.
void check_project(const Project& project, const AfterPlaces& after, Diagnostics& diagnostics);

}  // namespace slipway::release
