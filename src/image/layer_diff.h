#pragma once

#include <string>

#include "slipway/image/image_diff.h"

namespace slipway::image {

/// Visits the differences between the entries of layer `of_a` of A and `of_b` of B, both of which are read. At least
/// one is visited if their diff IDs differ. The entries of A that outgrow `spill.memory` go to its folder.
Status compare_layers(const ImageAt& a, std::size_t of_a, const ImageAt& b, std::size_t of_b, const std::string& name,
                      const DifferenceVisitor& visit, std::stop_token stop, const layer::SpillPlace& spill);

}  // namespace slipway::image
