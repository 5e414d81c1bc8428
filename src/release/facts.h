#pragma once

#include "slipway/release/policy.h"
#include "slipway/release/services.h"

namespace slipway::release {

/// A plan can be approved only once it is made.
enum class Approvals { later, needed };

/// What the policy needs to know to judge the plan, and no more; asks the policy's own program too.
Result<Facts> gather_facts(const Policy& policy, const Plan& plan, Ledger& ledger, const ReleaseServices& services,
                           Approvals approvals);

/// What a program says against the plan: asked with JSON on its standard input, it answers the same way within a
/// minute. Whatever is no proper answer is an objection. Errc::cancelled.
Result<std::vector<std::string>> ask_program(const std::vector<std::string>& argv, const Plan& plan, const Facts& facts,
                                             const ReleaseServices& services);

}  // namespace slipway::release
