#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "slipway/base/fs.h"

namespace slipway::elf {

/// Returns a reason why a program's debug information should stay where it is: bytes behind everything that its headers
/// speak of, as self-extracting programs have them, or headers that do not fit together. nullopt where there is none.
std::optional<std::string> objection_to_stripping(File& program, std::string_view name);

/// Proves that a stripped program is the whole one without debug information and symbol table: the same segments with
/// the same bytes (but for the ELF header, which counts sections), and every other section still there with the same
/// bytes. Returns the first difference; nullopt for the proof. Reads both files once.
Result<std::optional<std::string>> difference_beyond_debug(File& whole, File& stripped, std::string_view name);

}  // namespace slipway::elf
