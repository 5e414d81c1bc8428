#pragma once

#include <string>
#include <vector>

#include "slipway/oci/document.h"
#include "slipway/oci/image_config.h"
#include "slipway/store/target.h"

namespace slipway::image {

/// Immutable view of one platform's image. The raw bytes of manifest and config are the truth.
struct Image {
  oci::Descriptor descriptor;  ///< of the manifest
  oci::Manifest manifest;
  oci::ImageConfig config;
  std::string raw_config;
};

/// One platform that a manifest or index offers.
struct Offer {
  oci::Platform platform;
  oci::Descriptor manifest;
};

/// Loads the image of one manifest: config fetched and parsed, one diff ID for
/// each layer. Errc::unsupported when it is an artifact or an index, malformed
/// or verification_failed when the pieces do not fit.
Result<Image> load_manifest(store::ReadTarget& from, const oci::Descriptor& manifest);

/// The platforms below `root` in document order, nested indexes included and
/// attestations left out; for a manifest, the one its config names.
Result<std::vector<Offer>> list_platforms(store::ReadTarget& from, const oci::Descriptor& root);

/// The image below `root` that runs best on `wanted`, the first of equals. Errc::not_found naming the
/// platforms that are offered when there is none, also when `root` is one manifest for another platform.
Result<Image> load_image(store::ReadTarget& from, const oci::Descriptor& root, const oci::Platform& wanted);

}  // namespace slipway::image
