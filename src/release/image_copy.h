#pragma once

#include "release/keep_tags.h"
#include "slipway/release/planning.h"

namespace slipway::release {

/// Returns true where apply() makes the image itself: in layer mode, from the build and the plan's config.
bool is_made_here(const Plan& plan);

/// Brings the plan's image to the environment's repository: copied from the plan's sources, or derived from the build
/// that is copied. Errc::not_found, verification_failed, conflict.
Status copy_planned_image(const Planned& planned, const LeftBehind& left, store::Target& target,
                          const ReleaseServices& services);

/// Errc::verification_failed unless the target has this very document under its digest: asked right before the commit.
Status require_exact_copy(const oci::Descriptor& image, store::ReadTarget& target);

}  // namespace slipway::release
