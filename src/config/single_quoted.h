#pragma once

#include <string>
#include <string_view>

namespace slipway::config {

/// The text of a single-quoted scalar, given the bytes between its quotes (YAML 1.2.2 section
/// 7.3.2): doubled quotes become one, line ends fold. libfyaml 0.7.12 loses a
/// character after two doubled quotes in a row.
std::string decode_single_quoted(std::string_view written);

}  // namespace slipway::config
