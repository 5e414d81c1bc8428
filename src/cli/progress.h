#pragma once

#include <memory>

#include "cli/context.h"
#include "cli/live_area.h"
#include "slipway/builder/observer.h"

namespace slipway::cli {

/// Shows what happens on standard error as `--progress` says: bars where that is a terminal, else a line for each
/// finished blob, or events (docs/FORMATS.md "Progress"). Thread-safe.
std::unique_ptr<builder::Observer> make_progress(const Globals& globals, const Surroundings& surroundings,
                                                 LiveArea& area);

}  // namespace slipway::cli
