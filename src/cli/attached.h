#pragma once

#include "cli/found_image.h"

namespace slipway::cli {

/// An artifact whose subject is an image.
struct AttachedArtifact {
  std::shared_ptr<store::ReadTarget> target;
  oci::Descriptor manifest;
  std::string created;  ///< its annotation, as written
};

/// Finds the artifacts attached to an image, its platforms and, with `bases`, the builds below them, newest first by
/// what the artifacts say; also in the repository that slipway.yaml builds into, where attachments stay when images
/// move on.
Result<std::vector<AttachedArtifact>> find_attached(Context& context, const FoundImage& found,
                                                    std::string_view artifact_type, bool bases);

}  // namespace slipway::cli
