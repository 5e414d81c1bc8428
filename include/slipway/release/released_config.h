#pragma once

#include "slipway/release/config_artifact.h"
#include "slipway/release/services.h"

namespace slipway::release {

/// Returns the config of a release, from the project's ledger: values, references to secrets, files with their bytes.
/// Errc::not_found, verification_failed when the ledger does not have exactly what the entry names.
Result<ConfigValues> config_of(const Project& project, const Entry& entry, const ReleaseServices& services);

}  // namespace slipway::release
