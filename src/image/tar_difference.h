#pragma once

#include <functional>
#include <string>

#include "slipway/io/stream.h"
#include "slipway/layer/spill.h"

namespace slipway::image {

/// A header field in which tars of the same entries differ, and the first entry that shows it.
struct TarDifference {
  std::string path;  ///< as in the tar; empty for the end of the archive
  std::string field;
  std::string a, b;
};

/// Visits how two plain tars put the same entries in the same order into bytes: each field that differs, once. Stops
/// silently if one of them is not a tar that it understands. The names of fields that outgrow `spill.memory` go to its
/// folder. Errors are those of the sources, the disk and `visit`.
Status compare_tar_headers(io::Source& a, io::Source& b, const std::function<Status(const TarDifference&)>& visit,
                           const layer::SpillPlace& spill);

}  // namespace slipway::image
