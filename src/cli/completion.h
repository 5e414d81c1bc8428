#pragma once

#include <string>

namespace slipway::cli {

// All of these are made from the command table; the same program gives the same text.

std::string bash_completion();
std::string zsh_completion();
std::string fish_completion();
/// slipway(1) in roff.
std::string man_page();

}  // namespace slipway::cli
