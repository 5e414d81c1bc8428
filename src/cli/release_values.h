#pragma once

#include <utility>
#include <vector>

#include "cli/project.h"
#include "slipway/release/config_artifact.h"
#include "slipway/release/entry.h"

namespace slipway::cli {

using Values = std::vector<std::pair<std::string, std::string>>;

/// A release's values without its secrets.
Result<Values> plain_values(const release::ConfigValues& config);

/// All values of a release, its secrets resolved at this moment, sorted by name.
Result<Values> values_with_secrets(Context& context, const Loaded& loaded, const release::Entry& entry,
                                   const release::ConfigValues& config);

}  // namespace slipway::cli
