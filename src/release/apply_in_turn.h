#pragma once

#include "slipway/release/apply.h"

namespace slipway::release {

/// As apply(), for a caller that has the environment's turn.
Result<Recorded> apply_in_turn(const Planned& planned, Ledger& ledger, const ReleaseServices& services);

}  // namespace slipway::release
