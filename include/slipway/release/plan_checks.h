#pragma once

#include <string>
#include <vector>

#include "slipway/release/ledger.h"
#include "slipway/release/plan.h"

namespace slipway::release {

/// Returns the approvals that the plan lacks, a sentence each; empty when it may be applied.
Result<std::vector<std::string>> missing_approvals(const Plan& plan, Ledger& ledger);

/// Errc::conflict when slipway.yaml says something else than when the plan was made: another policy or place.
/// Errc::invalid_argument when the plan is another app's.
Status require_current(const Plan& plan, const Project& project);

/// Returns the Errc::conflict of a plan that the world left behind; `why` completes "the plan for E vN is stale: ".
Error stale_plan(const Plan& plan, std::string_view why);

}  // namespace slipway::release
