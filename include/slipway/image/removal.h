#pragma once

#include <string>
#include <vector>

#include "slipway/store/target.h"

namespace slipway::image {

/// The tags that name a manifest, or an index which has it below, byte-sorted.
Result<std::vector<std::string>> tags_that_reach(store::ReadTarget& place, const Digest& digest);

/// Removes a tag that points to `root`; where the place cannot remove a tag alone, the manifest with it, unless another
/// tag reaches that (Errc::unsupported naming those). True when the manifest went too.
Result<bool> remove_tag(store::ReadTarget& place, const std::string& tag, const oci::Descriptor& root);

/// Removes a manifest that no tag reaches; Errc::conflict naming the tags that do.
Status remove_manifest(store::ReadTarget& place, const oci::Descriptor& root);

}  // namespace slipway::image
