#pragma once

#include <string>
#include <string_view>

namespace slipway::cli {

/// The program's version, such as "0.1.0".
std::string_view version();

/// The program and its version as records name the tool that made them: "slipway-0.1.0".
std::string tool_name();

}  // namespace slipway::cli
