#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "slipway/copy/attached.h"
#include "slipway/store/target.h"

namespace slipway::release {

/// Looks whether everything that `target` lists as attached to an image and its platform manifests is there, with its
/// blobs; their bytes are not read. Content that is missing is added to `problems`; a list that cannot be had to
/// `notes`. Fails only where nothing can be said.
Status prove_attached(store::ReadTarget& target, const oci::Descriptor& image, const std::string& what,
                      const copy::CopyOptions& how, std::vector<Error>& problems, std::vector<std::string>& notes);

}  // namespace slipway::release
