#pragma once

#include "slipway/builder/build.h"

namespace slipway::builder {

/// build_image, proved: first the image's digests are computed under other conditions (another number of threads,
/// folders listed in another order, no cache, the base's files read anew), and nothing is published unless the build
/// itself comes to the same. Errc::verification_failed naming the parts that differ; both images are kept in the
/// layout `check` of the state folder then, for `slipway diff`.
Result<BuildResult> build_twice(const Recipe& recipe, const BuildOptions& options, FileSystem& fs,
                                store::Opener& opener);

}  // namespace slipway::builder
