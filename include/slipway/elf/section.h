#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "slipway/base/fs.h"

namespace slipway::elf {

/// Returns the bytes of the first section of that name; nullopt for a file that does not have it, is damaged or is not
/// ELF. `program`: all bytes of the file.
std::optional<std::string> section_of(std::string_view program, std::string_view name);
/// The same of an open file; nullopt also for a section of more than `max_bytes`.
std::optional<std::string> section_of(File& program, std::string_view name, std::uint64_t max_bytes);

}  // namespace slipway::elf
