#pragma once

#include <map>
#include <string>
#include <vector>

#include "slipway/io/stream.h"

namespace slipway::image {

/// A header field in which tars of the same entries differ, and the first entry that shows it.
struct TarDifference {
  std::string path;  ///< as in the tar; empty for the end of the archive
  std::string field;
  std::string a, b;
};

/// How two plain tars put the same entries in the same order into bytes: each field that differs, once. Stops silently
/// if one of them is not a tar that it understands. Errors are those of the sources.
Result<std::vector<TarDifference>> compare_tar_headers(io::Source& a, io::Source& b);

}  // namespace slipway::image
