#pragma once

#include <string>
#include <string_view>

#include "slipway/layer/entry.h"

namespace slipway::layer {

/// An entry as bytes for a temporary file of this run, and back; no format for others.
std::string encode(const FileEntry& entry);
FileEntry decode_entry(std::string_view bytes);

}  // namespace slipway::layer
