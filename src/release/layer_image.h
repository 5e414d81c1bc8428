#pragma once

#include <string>
#include <vector>

#include "slipway/release/config_artifact.h"

namespace slipway::release {

/// A document or blob that is made here.
struct MadeContent {
  oci::Descriptor descriptor;
  std::string bytes;
};

/// An image that is a build's layers plus one layer of config, ready to be pushed (docs/FORMATS.md "Layer mode").
struct LayerImage {
  oci::Descriptor root;
  std::vector<MadeContent> blobs;      ///< the config layer, the image configs
  std::vector<MadeContent> manifests;  ///< one for each platform; an index of them comes last
  std::vector<std::string> left_out;   ///< children of the build's index that are not a platform's image
};

/// Puts it together from documents alone: no layer is read. The same build and config give the same bytes on every
/// machine. Errc::unsupported when the build has no platform's image.
Result<LayerImage> make_layer_image(store::ReadTarget& from, const oci::Descriptor& build, const ConfigValues& values,
                                    const Digest& config);

}  // namespace slipway::release
