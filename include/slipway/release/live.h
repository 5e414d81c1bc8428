#pragma once

#include <string>
#include <vector>

#include "slipway/release/services.h"

namespace slipway::release {

/// Returns the reasons not to delete an image or its tag at `location`, a sentence each: it is, or is a part of, the
/// active release of an environment, or a record of a ledger. Asked are the ledgers of `project` (may be nullptr) and
/// those that the evidence beside the image names; Errc::conflict when one of them cannot be reached.
Result<std::vector<std::string>> uses_of(const oci::Location& location, const oci::Descriptor& root,
                                         const Project* project, const ReleaseServices& services);

}  // namespace slipway::release
