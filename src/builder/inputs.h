#pragma once

#include <optional>
#include <string>
#include <vector>

#include "builder/base_image.h"
#include "slipway/builder/build.h"
#include "slipway/image/lock.h"

namespace slipway::builder {

/// Everything that a build reads beside the files of its layers. A value.
struct Inputs {
  image::Lock lock;           ///< with the digest of the base
  bool lock_changed = false;  ///< it has to be written
  std::optional<Base> base;
  std::vector<std::string> sbom_documents;  ///< of other tools, to be merged
  oci::Annotations annotations;             ///< of manifests and index
  std::int64_t created = 0;                 ///< seconds
  std::string codec;                        ///< io::Packing's
};

/// Returns the platforms that the request or else the recipe names; none where neither does.
std::vector<oci::Platform> platforms_named(const Recipe& recipe, const BuildRequest& request);

/// Reads lock, SBOM documents, git and the base's root document, the network last: a recipe's own mistakes are
/// reported, all at once, before any registry is asked.
Result<Inputs> read_inputs(const Recipe& recipe, const BuildRequest& request, const BuildServices& services);

}  // namespace slipway::builder
