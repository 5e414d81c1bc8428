#pragma once

#include <string>
#include <vector>

#include "cli/options.h"
#include "slipway/builder/recipe.h"

namespace slipway::cli {

/// Declares the options that describe an image's config and annotations: of `build` and of `mutate`.
void bind_config_flags(OptionSet& options, builder::AdHocRequest& request);

/// Parses the values of --annotation of commands that write no image config, each K=V. Errc::invalid_argument.
Result<oci::Annotations> parse_annotations(const std::vector<std::string>& words);

/// Returns the names of those options that were given, in the order of the help.
std::vector<std::string> given_config_flags(const builder::AdHocRequest& request);

}  // namespace slipway::cli
