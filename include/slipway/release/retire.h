#pragma once

#include "slipway/release/event.h"
#include "slipway/release/services.h"

namespace slipway::release {

/// Returns the numbers of the releases that can be retired, ascending: all but the newest `keep`, the active one, the
/// one that an active rollback restores, and those that are retired already. Pure.
std::vector<std::int64_t> retirable(const Chain& chain, const std::vector<Event>& events, std::int64_t keep);

/// Returns the keep tags of these releases, and of their images' children, that the environment's repository has.
/// `numbers` must be ascending.
Result<std::vector<std::string>> keep_tags_of(const Project& project, const Environment& environment,
                                              const std::vector<std::int64_t>& numbers,
                                              const ReleaseServices& services);

}  // namespace slipway::release
