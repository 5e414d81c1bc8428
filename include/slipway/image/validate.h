#pragma once

#include <stop_token>
#include <vector>

#include "slipway/store/target.h"

namespace slipway::image {

/// Checks everything that `root` reaches: digests and sizes of every blob, diff IDs of every layer, layers' compression
/// against their media types, config and platforms of every image, indexes that name one manifest or one platform
/// twice, and that every layer is a tar whose entries can be unpacked over those below it, by any runtime: what
/// containerd leads back into the root ("..") is a problem here. Returns one error for each problem, none for a sound
/// image. Blobs are read once; memory grows with the number of paths. Fails only where nothing can be said (network,
/// interrupted). `doubts` (not owned, may be nothing) gets what some other runtime refuses or unpacks otherwise.
Result<std::vector<Error>> validate(store::ReadTarget& from, const oci::Descriptor& root, std::stop_token stop,
                                    std::vector<Error>* doubts = nullptr);

/// As validate, of every image and artifact that a place lists (store::RootLister); what several share is read once.
/// Errc::unsupported where the place cannot list them.
Result<std::vector<Error>> validate_all(store::ReadTarget& from, std::stop_token stop,
                                        std::vector<Error>* doubts = nullptr);

}  // namespace slipway::image
