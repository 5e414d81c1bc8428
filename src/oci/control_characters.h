#pragma once

#include <algorithm>
#include <string_view>

namespace slipway::oci {

/// ASCII controls (C0 and DEL): never part of a name, and dangerous in terminals and line-based files.
inline bool has_control_characters(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f;
  });
}

}  // namespace slipway::oci
