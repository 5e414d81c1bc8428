#pragma once

#include <string>
#include <vector>

#include "slipway/copy/attached.h"

namespace slipway::release {

/// A manifest that nothing but an index or a list of referrers names, and the tag that would keep it.
struct Untagged {
  oci::Descriptor manifest;
  std::string tag;
};

/// Returns the platform manifests and attachments of an image that a collection of untagged manifests would take; none
/// where the place keeps what belongs together. `keep` is the keep tag of the image.
Result<std::vector<Untagged>> collectable(store::ReadTarget& place, const std::string& keep,
                                          const oci::Descriptor& image, const copy::CopyOptions& how);

/// Gives each its tag.
Status keep(const std::vector<Untagged>& parts, store::Target& target);

}  // namespace slipway::release
