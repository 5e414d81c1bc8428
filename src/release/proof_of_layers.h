#pragma once

#include <vector>

#include "slipway/release/config_artifact.h"
#include "slipway/release/entry.h"

namespace slipway::release {

/// Proves that the image of a release in layer mode is its build, read from `build_place`, plus its config and nothing
/// else. Each difference becomes a problem, a layer of another content by its name. No layer is read.
Status prove_layers(store::ReadTarget& image_place, store::ReadTarget& build_place, const Entry& entry,
                    const ConfigValues& config, std::vector<Error>& problems);

}  // namespace slipway::release
