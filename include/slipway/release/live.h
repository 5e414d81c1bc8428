#pragma once

#include <string>
#include <vector>

#include "slipway/release/services.h"

namespace slipway::release {

/// Returns the losses of known ledgers if an image, or one of its tags, were deleted, a sentence each: the active
/// release of an environment, a part of it, a record of a ledger. Known are those of `project` (nullptr: none) and
/// those that the evidence beside the image names. Errc::conflict when one of these cannot be asked.
Result<std::vector<std::string>> uses_of(const oci::Location& location, const oci::Descriptor& root,
                                         const Project* project, const ReleaseServices& services);

}  // namespace slipway::release
