#pragma once

#include <string>
#include <vector>

#include "slipway/image/image_diff.h"

namespace slipway::image {

/// Returns the differences between the entries of layer `of_a` of A and `of_b` of B; both are read. The entries of A
/// that outgrow `spill.memory` go to its folder.
Result<std::vector<Difference>> compare_layers(const ImageAt& a, std::size_t of_a, const ImageAt& b, std::size_t of_b,
                                               const std::string& name, std::stop_token stop,
                                               const layer::SpillPlace& spill);

}  // namespace slipway::image
