#pragma once

#include "slipway/release/event.h"
#include "slipway/release/services.h"

namespace slipway::release {

/// The releases that may be given up, oldest first: all but the newest `keep`, the active one and what it was rolled
/// back to, and without those that were given up before. Pure.
std::vector<std::int64_t> retirable(const Chain& chain, const std::vector<Event>& events, std::int64_t keep);

/// The keep tags of these releases, and of their images' children, that are there.
Result<std::vector<std::string>> keep_tags_of(const Project& project, const Environment& environment,
                                              const std::vector<std::int64_t>& numbers,
                                              const ReleaseServices& services);

}  // namespace slipway::release
