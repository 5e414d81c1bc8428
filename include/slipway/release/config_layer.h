#pragma once

#include <string>

#include "slipway/oci/descriptor.h"
#include "slipway/release/config_artifact.h"

namespace slipway::release {

/// The config as a layer: `<path>/env`, sorted NAME=VALUE lines, readable for all.
struct ConfigLayer {
  oci::Descriptor blob;  ///< OCI's gzip layer
  Digest diff_id;
  std::string bytes;
};

/// The same values give the same bytes on every machine; references to secrets are not in it. Errc::invalid_argument
/// when a value has a line end, or the path is none.
Result<ConfigLayer> make_config_layer(const ConfigValues& values);

}  // namespace slipway::release
