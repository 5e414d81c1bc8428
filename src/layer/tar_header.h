#pragma once

#include <string>

#include "slipway/layer/entry.h"

namespace slipway::layer {

/// Returns the header blocks of one entry (docs/FORMATS.md "Layers"). Errc::invalid_argument for what no tar can say.
Result<std::string> tar_header(const FileEntry& entry);

}  // namespace slipway::layer
