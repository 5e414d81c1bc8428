#pragma once

#include <string>
#include <vector>

#include "slipway/store/target.h"

namespace slipway::image {

/// Returns the tags of a manifest, or of an index that has it below, byte-sorted. Resolves every tag of the place.
/// Errc::unsupported when the place cannot list its tags.
Result<std::vector<std::string>> tags_that_reach(store::ReadTarget& place, const Digest& digest);

/// Removes a tag that points to `root`. In a place that cannot remove a tag alone the manifest is removed with it,
/// unless another tag reaches that: Errc::unsupported naming those. Returns true if the manifest was removed, too.
Result<bool> remove_tag(store::ReadTarget& place, const std::string& tag, const oci::Descriptor& root);

/// Removes a manifest that no tag reaches; Errc::conflict naming the tags that do, unsupported when the place cannot
/// delete or list.
Status remove_manifest(store::ReadTarget& place, const oci::Descriptor& root);

}  // namespace slipway::image
