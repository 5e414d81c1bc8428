#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "slipway/base/result.h"

namespace slipway::registry {

/// Returns the target of the relation "next" in the Link headers of a response (RFC 8288): a header may hold several
/// links, a link several parameters, `rel` several relations, quoted strings commas and semicolons. A URL without angle
/// brackets is accepted, as some registries send it. Links about another resource (`anchor`) are passed over.
/// Errc::network for a header that cannot be read: the rest of a list would be lost.
Result<std::optional<std::string>> next_link(const std::vector<std::string>& headers);

}  // namespace slipway::registry
