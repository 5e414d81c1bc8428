#pragma once

#include <memory>
#include <string_view>

#include "cli/context.h"
#include "cli/live_area.h"
#include "slipway/builder/observer.h"

namespace slipway::cli {

/// Shows what happens on standard error as `--progress` says: bars where that is a terminal, else a line for each
/// finished layer, or events (docs/FORMATS.md "Progress"). Configs and manifests have lines with -v. Thread-safe.
std::unique_ptr<builder::BuildObserver> make_progress(const Globals& globals, const Surroundings& surroundings,
                                                      LiveArea& area);

/// Returns true for a blob that is neither a manifest nor a config: a layer, or a file of an artifact.
bool is_layer(const oci::Descriptor& d);

/// Names the direction of the transfers that `observer` shows: "push", "pull" or "copy" (the default) stands before
/// each bar. Nothing for observers without bars.
void name_direction(builder::BuildObserver& observer, std::string_view direction);

}  // namespace slipway::cli
