#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "slipway/base/fs.h"

namespace slipway::elf {

/// Returns the reason why a program must not be stripped: bytes behind everything that its headers refer to, as in
/// self-extracting programs, or headers that contradict each other. nullopt if it can be.
std::optional<std::string> objection_to_stripping(File& program, std::string_view name);

/// Returns the first difference of a stripped program from the whole one that is more than debug information and symbol
/// table; nullopt proves that there is none: the same segments with the same bytes (but for the ELF header, which
/// counts sections), and every other section with the same bytes. Reads both files once. `name` names them in messages.
Result<std::optional<std::string>> difference_beyond_debug(File& whole, File& stripped, std::string_view name);

}  // namespace slipway::elf
