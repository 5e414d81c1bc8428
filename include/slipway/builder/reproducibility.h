#pragma once

#include "slipway/builder/build.h"

namespace slipway::builder {

/// Builds twice and publishes only an image that came out the same: a dry run under other conditions (another number of
/// threads, folders listed in another order, no cache, the base's files read again), then build_image(). If they
/// differ, Errc::verification_failed naming the parts; both images are then in the layout `check` of the state folder,
/// tagged `other` and `usual`, for `slipway diff`. Costs two builds without a cache.
Result<BuildResult> build_twice(const Recipe& recipe, const BuildRequest& request, const BuildServices& services);

}  // namespace slipway::builder
