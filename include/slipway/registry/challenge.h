#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "slipway/base/result.h"

namespace slipway::registry {

/// One challenge of a WWW-Authenticate header (RFC 9110 section 11.6.1).
struct Challenge {
  std::string scheme;                         ///< lower-case
  std::map<std::string, std::string> params;  ///< names lower-case
};

/// Parses one header value, which may hold several challenges, quoted pairs and unknown schemes, into them in order. At
/// most 8 KiB and 16 challenges; Errc::network otherwise.
Result<std::vector<Challenge>> parse_challenges(std::string_view header);

}  // namespace slipway::registry
