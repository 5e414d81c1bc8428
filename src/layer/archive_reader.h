#pragma once

#include <memory>

#include "slipway/base/fs.h"
#include "slipway/layer/layer_reader.h"

namespace slipway::layer {

/// Visits the entries of an archive, whose format is told by its bytes: tar (plain or in gzip, zstd, xz or bzip2), the
/// data of a Debian package, zip. Tars that read_tar refuses are refused here. `what` names it in messages.
/// Errc::malformed, too_large.
Status read_archive(std::unique_ptr<File> file, const std::string& what, const ReadLimits& limits,
                    const EntryVisitor& visit);

}  // namespace slipway::layer
