#pragma once

#include <string>
#include <vector>

#include "slipway/oci/document.h"
#include "slipway/oci/image_config.h"
#include "slipway/store/target.h"

namespace slipway::image {

/// One platform's image: manifest and config, parsed and raw. A value. The raw bytes are what the digests cover.
struct Image {
  oci::Descriptor descriptor;  ///< of the manifest
  oci::Manifest manifest;
  oci::ImageConfig config;
  std::string raw_config;
};

/// One platform that a manifest or index has, with its manifest.
struct Offer {
  oci::Platform platform;
  oci::Descriptor manifest;
};

/// Loads the image of one manifest with two fetches. Errc::unsupported for an artifact or an index, malformed when the
/// config does not have one diff ID for each layer, verification_failed for wrong bytes. No layer is read.
Result<Image> load_manifest(store::ReadTarget& from, const oci::Descriptor& manifest);

/// Returns the platforms below `root` in document order, with those of nested indexes and without attestations; for a
/// manifest the one that its config names.
Result<std::vector<Offer>> list_platforms(store::ReadTarget& from, const oci::Descriptor& root);

/// Loads the image below `root` that runs best on `wanted` (oci::Platform::match), the first of equals.
/// Errc::not_found, naming the platforms of `root`, when none does, also when `root` is one manifest for another
/// platform.
Result<Image> load_image(store::ReadTarget& from, const oci::Descriptor& root, const oci::Platform& wanted);

}  // namespace slipway::image
