#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "slipway/store/target.h"
#include "slipway/trust/bundle.h"

namespace slipway::trust {

/// A bundle that is attached to an image, and its bytes.
struct AttachedBundle {
  Digest document;
  std::string bytes;
};

/// Returns the bundles attached to an image, by their manifests and not by what the list says of them, because cosign
/// 3.1 writes another type into its own list. Errc::too_large for more than 1,000 referrers that can be bundles.
Result<std::vector<AttachedBundle>> attached_bundles(store::ReadTarget& from, const Digest& image);

/// Attaches a bundle and looks whether the target lists it. Errc::verification_failed where it does not.
Status attach_bundle(store::Target& target, const oci::Descriptor& image, const Bundle& bundle,
                     const std::string& predicate_type, const std::stop_token& stop);

}  // namespace slipway::trust
