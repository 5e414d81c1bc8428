#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "slipway/base/result.h"

namespace slipway::io {

/// Returns what a whole zlib stream (RFC 1950) unpacks to. Errc::malformed for anything else, too_large for more than
/// `limit` bytes.
Result<std::string> inflate_zlib(std::string_view bytes, std::size_t limit);

}  // namespace slipway::io
