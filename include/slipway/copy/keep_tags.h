#pragma once

#include <string>
#include <utility>
#include <vector>

#include "slipway/oci/document.h"
#include "slipway/store/target.h"

// Some registries collect manifests that no tag names, children of an index and referrers included (distribution 2.x
// with
// --delete-untagged). There every manifest that must stay has a tag of its own; the names are those of docs/FORMATS.md
// "Tags slipway writes".

namespace slipway::copy {

/// Returns the keep tags of an index's children, pure. Every child gets one, also those without a platform or with the
/// platform of another child.
std::vector<std::pair<std::string, oci::Descriptor>> child_tags(const std::string& keep, const oci::Index& index);

/// Returns true where each child of this image needs a tag of its own, because the place collects untagged manifests.
bool needs_child_tags(const oci::Descriptor& image, const store::ReadTarget& target);

/// Writes the keep tags of the children of an index that is at `target`, where they are needed. Idempotent.
Status tag_children(const oci::Descriptor& image, const std::string& keep, store::Target& target);

}  // namespace slipway::copy
