#pragma once

#include <string>

#include "cli/context.h"

namespace slipway::cli {

/// The text of `slipway` without a command: three ways to start without a slipway.yaml, else the project, its
/// last build and the next command. Reads the disk only.
std::string first_contact(Context& context);

}  // namespace slipway::cli
