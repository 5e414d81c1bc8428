#pragma once

#include <memory>

#include "cli/context.h"
#include "slipway/build/build.h"

namespace slipway::cli {

/// Shows what happens on standard error, a line for each finished blob. Thread-safe.
std::unique_ptr<build::Observer> make_progress(const Globals& globals, const Surroundings& surroundings);

}  // namespace slipway::cli
