#pragma once

#include "slipway/release/policy.h"
#include "slipway/release/services.h"

namespace slipway::release {

/// A plan can be approved only once it is made; that of a file is approved by its seal.
enum class Approvals { later, needed, needed_for_file };

/// Returns the names under which approvals may know the plan.
Result<ApprovedPlan> approved_plan(const Plan& plan, bool is_file);

/// Gathers the facts that the policy needs to judge the plan, and no more; asks the policy's own program too.
Result<Facts> gather_facts(const Policy& policy, const Plan& plan, Ledger& ledger, const ReleaseServices& services,
                           Approvals approvals);

/// Returns the objections of a program to the plan: asked with JSON on its standard input, it answers the same way
/// within a minute. Every other answer is an objection. Errc::cancelled.
Result<std::vector<std::string>> ask_program(const std::vector<std::string>& argv, const Plan& plan, const Facts& facts,
                                             const ReleaseServices& services);

}  // namespace slipway::release
