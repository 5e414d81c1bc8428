#pragma once

#include <optional>
#include <string>

#include "cli/found_image.h"
#include "slipway/oci/descriptor.h"

namespace slipway::cli {

/// Returns the manifest of one platform where one is named, else what the reference names.
Result<oci::Descriptor> root_of(const FoundImage& found, const std::optional<std::string>& platform);

}  // namespace slipway::cli
