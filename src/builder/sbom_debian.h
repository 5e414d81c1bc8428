#pragma once

#include <map>
#include <string>
#include <vector>

#include "builder/dpkg_database.h"
#include "slipway/builder/sbom.h"

namespace slipway::builder {

/// Adds installed packages of this machine whose files went into the image, unless the image names them itself.
/// `places`: where in the image (absolute) a file of the machine is; `os_release`: the machine's.
Status add_debian_packages(Sbom& sbom, const std::vector<DpkgPackage>& packages, const std::string& os_release,
                           const std::map<std::string, std::string>& places);

}  // namespace slipway::builder
