#pragma once

#include <string>
#include <vector>

#include "slipway/release/ledger.h"
#include "slipway/release/plan.h"

namespace slipway::release {

/// Returns the approvals that the plan lacks, a sentence each; empty when it has enough. Reads the ledger's events.
Result<std::vector<std::string>> missing_approvals(const Plan& plan, Ledger& ledger);

/// Succeeds if slipway.yaml still has the policy and the places of the plan. Errc::conflict if not; invalid_argument
/// for a plan of another app.
Status require_current(const Plan& plan, const Project& project);

/// Returns the hint that makes the plan again: the command line of its kind, "plan it again: slipway promote A B --plan
/// FILE".
std::string planned_again(const Plan& plan);

/// Returns the Errc::conflict of a plan that is out of date; `why` completes "the plan for E vN is stale: ".
Error stale_plan(const Plan& plan, std::string_view why);

}  // namespace slipway::release
