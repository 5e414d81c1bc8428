#pragma once

#include "slipway/release/services.h"

namespace slipway::release {

struct Project;
struct Environment;

/// Releases the active build with its own config once more, which records the losers of races as abandoned; does
/// nothing where no fork is open. The image that runs stays. The caller has the environment's turn. The environment's
/// rules are asked as for a change of config: Errc::policy_denied, conflict.
Status settle_forks(const Project& project, const Environment& environment, const ReleaseServices& services);

}  // namespace slipway::release
