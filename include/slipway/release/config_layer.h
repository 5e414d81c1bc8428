#pragma once

#include <memory>
#include <string>

#include "slipway/io/stream.h"
#include "slipway/oci/descriptor.h"
#include "slipway/release/config_artifact.h"

namespace slipway::release {

/// The config as a layer: its files below `path`, and `<path>/env`, sorted NAME=VALUE lines, readable for all.
struct ConfigLayer {
  oci::Descriptor blob;  ///< OCI's gzip layer
  Digest diff_id;
  std::string bytes;
};

/// The same values give the same bytes on every machine; references to secrets are not in it. Errc::invalid_argument
/// when a value has a line end, or the path is none.
Result<ConfigLayer> make_config_layer(const ConfigValues& values);

/// Returns the text of `<path>/env`. Errc::invalid_argument when a value has a line end.
Result<std::string> env_lines(const ConfigValues& values);

/// Reads the contents of the files that `values` lists out of the layer's blob. Errc::verification_failed when that has
/// others.
Status read_config_layer(std::unique_ptr<io::Source> blob, ConfigValues& values);

}  // namespace slipway::release
