#pragma once

#include "slipway/base/file_attributes.h"

namespace slipway {

/// AttributeReader::attributes on the machine's disk.
Result<FileAttributes> real_attributes(const std::filesystem::path& path);

}  // namespace slipway
