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

/// Makes the layer: the same values give the same bytes on every machine; references to secrets are left out. Files
/// must have their contents. Errc::invalid_argument when a value has a line end, or `path` is not an absolute path.
Result<ConfigLayer> make_config_layer(const ConfigValues& values);

/// Returns the text of `<path>/env`. Errc::invalid_argument when a value has a line end.
Result<std::string> env_lines(const ConfigValues& values);

/// Reads a layer's blob and sets the contents of the files that `values` lists. Errc::verification_failed when the
/// layer lacks one, or has another file.
Status read_config_layer(std::unique_ptr<io::Source> blob, ConfigValues& values);

}  // namespace slipway::release
