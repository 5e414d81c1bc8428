#pragma once

#include <string>

namespace slipway::run {

/// Returns the path of an executable program in PATH, or `name` itself if it has a slash and can be executed; empty if
/// there is none.
std::string find_program(const std::string& name);

}  // namespace slipway::run
