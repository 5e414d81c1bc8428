#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace slipway::elf {

/// Returns the bytes of the first section of that name; nullopt for a file that has none, is damaged or is not ELF.
/// `program`: all bytes of the file.
std::optional<std::string> section_of(std::string_view program, std::string_view name);

}  // namespace slipway::elf
