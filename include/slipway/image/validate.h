#pragma once

#include <stop_token>
#include <vector>

#include "slipway/store/target.h"

namespace slipway::image {

/// Everything about what `root` reaches that can be checked: digests and sizes of every blob, diff IDs of every layer,
/// layers' compression against their media types, config and platforms of every image, and an index that names one
/// manifest or one platform twice. Each problem is one error; an empty list means sound. Blobs are read once. Fails
/// only where nothing can be said (network, interrupted).
Result<std::vector<Error>> validate(store::ReadTarget& from, const oci::Descriptor& root, std::stop_token stop);

}  // namespace slipway::image
