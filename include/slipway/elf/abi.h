#pragma once

#include <optional>
#include <string_view>

#include "slipway/base/fs.h"
#include "slipway/oci/platform.h"

namespace slipway::elf {

/// The machine that an ELF file's code is for: objects of different ABIs are never loaded into one process.
struct Abi {
  unsigned bits = 0;     ///< 32 or 64
  bool little = true;    ///< byte order
  unsigned machine = 0;  ///< e_machine
  unsigned flags = 0;    ///< e_flags
  /// Returns true if the loader of one maps the other. Flags count only where they tell calling conventions apart.
  bool fits(const Abi& other) const;
  /// Returns the platform of linux on this machine; nullopt for a machine that no image platform names.
  std::optional<oci::Platform> platform() const;
};

/// Returns the platform of an ELF program or library from its first 64 bytes or more; nullopt for other files.
std::optional<oci::Platform> elf_platform(std::string_view first_bytes);
/// The same of a file on disk; nullopt for files that cannot be read.
std::optional<oci::Platform> elf_platform(FileSystem& fs, const stdfs::path& file);

}  // namespace slipway::elf
