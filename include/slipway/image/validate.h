#pragma once

#include <functional>
#include <stop_token>
#include <vector>

#include "slipway/layer/spill.h"
#include "slipway/store/target.h"

namespace slipway::image {

/// Receives what some other runtime refuses or unpacks differently, one call for each entry of a layer.
using DoubtVisitor = std::function<void(Error)>;

/// Checks everything that `root` reaches: digests and sizes of every blob, diff IDs of every layer, layers' compression
/// against their media types, config and platforms of every image, indexes that name one manifest or one platform
/// twice, and that every layer is a tar whose entries any runtime can unpack over those below it: ".." in a name, which
/// containerd keeps inside the root, is a problem here. Returns one error for each problem, none for a sound image.
/// Blobs are read once; memory is bounded by `spill`, whatever the number of paths. Fails when the question cannot be
/// answered: Errc::network, unauthorized, cancelled and such.
Result<std::vector<Error>> validate(store::ReadTarget& from, const oci::Descriptor& root, std::stop_token stop,
                                    DoubtVisitor doubts = {}, const layer::SpillPlace& spill = {});

/// Like validate(), for every image and artifact that a place lists (store::RootLister); content that several share is
/// read once. Errc::unsupported when the place cannot list them.
Result<std::vector<Error>> validate_all(store::ReadTarget& from, std::stop_token stop, DoubtVisitor doubts = {},
                                        const layer::SpillPlace& spill = {});

}  // namespace slipway::image
