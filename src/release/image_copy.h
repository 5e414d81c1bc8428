#pragma once

#include "release/keep_tags.h"
#include "release/layer_image.h"
#include "slipway/release/planning.h"

namespace slipway::release {

/// Returns true where apply() makes the image itself: in layer mode, from the build and the plan's config.
bool is_made_here(const Plan& plan);

/// Brings the plan's image to the environment's repository, copied from the plan's sources. In layer mode the build is
/// copied, and the blobs of the image that is derived from it are put; the derived image is returned, and
/// keep_derived_image() puts its manifests. Errc::not_found, verification_failed, conflict.
Result<std::shared_ptr<const LayerImage>> copy_planned_image(const Planned& planned, store::Target& target,
                                                             const ReleaseServices& services);

/// Puts the manifests of a derived image, children under their keep tags where the registry collects what no tag names.
/// Call it with the number won, before keep_image().
Status keep_derived_image(const Plan& plan, const LayerImage& layers, store::Target& target, std::stop_token stop);

/// Errc::verification_failed unless the target has this very document under its digest: asked right before the commit.
Status require_exact_copy(const oci::Descriptor& image, store::ReadTarget& target);

}  // namespace slipway::release
