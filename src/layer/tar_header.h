#pragma once

#include <string>

#include "slipway/layer/file_tree.h"

namespace slipway::layer {

/// Size of a tar block, bytes.
inline constexpr std::size_t kTarBlock = 512;

/// The header blocks of one entry: ustar, preceded by a pax "x" header where ustar cannot say it
/// (docs/FORMATS.md "Layers"). Errc::invalid_argument for what no tar can say.
Result<std::string> tar_header(const Entry& entry);

}  // namespace slipway::layer
