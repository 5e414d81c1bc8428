#pragma once

#include <string>
#include <vector>

#include "slipway/base/fs.h"

namespace slipway::elf {

/// Returns true if a program or library contains DWARF (.debug_info); false also for files that are not ELF. Offsets
/// are checked before they are followed: Errc::malformed for a damaged file, named by `name`.
Result<bool> has_debug_info(File& file, std::string_view name);
Result<bool> has_debug_info(std::string_view bytes, std::string_view name);  ///< the same of bytes in memory

/// A program or library that was mapped when a core was written.
struct CoreModule {
  std::string build_id;  ///< lower-case hex
  std::string path;      ///< from the core's list of mapped files (NT_FILE); empty where that has none
};

/// Returns the modules that were mapped according to a core dump (ELF, ET_CORE), in the order of the addresses; modules
/// whose first page was not dumped or that have no build-id are left out. Errc::invalid_argument for another file,
/// Errc::malformed for a damaged one.
Result<std::vector<CoreModule>> read_core(File& file, std::string_view name);
Result<std::vector<CoreModule>> read_core(std::string_view bytes, std::string_view name);  ///< of bytes in memory

}  // namespace slipway::elf
