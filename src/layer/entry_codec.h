#pragma once

#include <string>
#include <string_view>

#include "slipway/layer/file_tree.h"

namespace slipway::layer {

/// An entry as bytes for a temporary file of this run, and back; no format for others.
std::string encode(const Entry& entry);
Entry decode_entry(std::string_view bytes);

}  // namespace slipway::layer
