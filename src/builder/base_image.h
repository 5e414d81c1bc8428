#pragma once

#include <memory>
#include <optional>

#include "slipway/builder/build.h"
#include "slipway/image/file_list.h"
#include "slipway/image/image.h"
#include "slipway/image/lock.h"

namespace slipway::builder {

/// The base image as it was found.
struct Base {
  oci::Location location;  ///< with its digest
  std::shared_ptr<store::ReadTarget> target;
  oci::Descriptor root;  ///< a manifest or an index
};

/// Finds the recipe's base: the digest it names, else the one in the lock, else the one its tag has now, which is then
/// put into `lock`. Nothing for scratch. Only references of registries are locked.
Result<std::optional<Base>> find_base(const Recipe& recipe, const BuildRequest& request, store::Opener& opener,
                                      image::Lock& lock);

/// Loads the base's image for a platform and mends, with a warning each, what would make the built image one that
/// readers refuse: a history that does not count the layers, a platform in the config that is not the index's, layers
/// of the other family of media types. The layers' bytes stay.
Result<image::Image> load_base(const Base& base, const Recipe& recipe, const oci::Platform& platform,
                               Diagnostics& diagnostics);

/// Returns the base's merged files, from `lists` or read once.
Result<image::FileList> list_base(const Base& base, const image::Image& image, image::FileListCache* lists,
                                  std::stop_token stop);

/// org.opencontainers.image.base.*; no name for layouts, whose paths differ between machines.
oci::Annotations base_annotations(const Base& base);

}  // namespace slipway::builder
