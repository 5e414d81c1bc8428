#pragma once

#include "slipway/builder/build.h"

namespace slipway::builder {

/// Builds twice and publishes only what came out the same: the image's digests are first computed under other
/// conditions (another number of threads, folders listed in another order, no cache, the base's files read again), and
/// the build itself must come to the same. Errc::verification_failed naming the parts that differ; both images are then
/// in the layout `check` of the state folder, for `slipway diff`.
Result<BuildResult> build_twice(const Recipe& recipe, const BuildRequest& request, const BuildServices& services);

}  // namespace slipway::builder
