#pragma once

#include <vector>

#include "slipway/image/image_diff.h"

namespace slipway::image {

/// The differences of two configs, key by key ("config.Env.PATH"); rootfs is the layers' business.
Result<std::vector<Difference>> compare_configs(const Image& a, const Image& b);

/// Members of two string maps that differ.
void compare_maps(Difference::Part part, const oci::Annotations& a, const oci::Annotations& b,
                  std::vector<Difference>& out);

}  // namespace slipway::image
