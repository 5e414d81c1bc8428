#pragma once

#include <string>

#include "cli/command.h"

namespace slipway::cli {

// All of these are made from the command table; the same program gives the same text.

std::string bash_completion();
std::string zsh_completion();
std::string fish_completion();
/// Returns slipway(1) in roff.
std::string man_page();
/// Returns slipway-COMMAND(1) in roff.
std::string man_page_of(const Command& command);

}  // namespace slipway::cli
