#pragma once

#include <memory>
#include <string>

#include "slipway/base/result.h"
#include "slipway/io/stream.h"

namespace slipway::layer {

/// Returns the bytes of an archive without its compression: gzip, zstd, xz and bzip2 are recognised by their first
/// bytes, anything else is passed on as it is. `what` names the archive in messages. Errc::malformed, later, for
/// damaged data; Errc::failed for xz and bzip2 where libarchive is not installed.
Result<std::unique_ptr<io::Source>> plain_tar(std::unique_ptr<io::Source> archive, const std::string& what);

}  // namespace slipway::layer
