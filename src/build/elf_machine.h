#pragma once

#include <optional>
#include <string_view>

#include "slipway/base/fs.h"
#include "slipway/oci/platform.h"

namespace slipway::build {

/// The platform that an ELF program or library is for, told from its first bytes; nothing for other files.
std::optional<oci::Platform> elf_platform(std::string_view first_bytes);

/// As above, of a file on disk; files that cannot be read are no ELF files here.
std::optional<oci::Platform> elf_platform(FileSystem& fs, const stdfs::path& file);

}  // namespace slipway::build
