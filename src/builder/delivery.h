#pragma once

#include <vector>

#include "builder/attachments.h"
#include "builder/written_layers.h"

namespace slipway::builder {

/// The image's names at every destination, in order, as BuildResult::locations has them.
std::vector<oci::Location> locations_of(const std::vector<Destination>& destinations, const oci::Descriptor& root);

/// Carries the image and its attachments from `sources` to every destination: blobs and documents first, then what is
/// attached, the tags last.
Status deliver(const BuildResult& result, const BuildRequest& request, const std::vector<store::ReadTarget*>& sources,
               const Workplace& workplace, const BuildServices& services);

}  // namespace slipway::builder
