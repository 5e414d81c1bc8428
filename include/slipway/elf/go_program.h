#pragma once

#include <string_view>

#include "slipway/base/fs.h"

namespace slipway::elf {

/// Returns true if Go's linker made the program: it has a section .go.buildinfo. False for anything that cannot be
/// read.
bool is_go_program(File& program, std::string_view name);

}  // namespace slipway::elf
