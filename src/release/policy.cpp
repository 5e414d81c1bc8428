#include "slipway/release/policy.h"

namespace slipway::release {

std::vector<std::string> Policy::judge(const Plan& plan, const Facts& facts) const {
  std::vector<std::string> reasons;
  // An incident must not wait for another environment; a change of config moves no build.
  if (plan.entry.kind == Kind::rollback || plan.entry.kind == Kind::config) return reasons;
  for (const std::string& environment : after_) {
    const auto at = facts.active_builds.find(environment);
    const bool active = at != facts.active_builds.end() && at->second == plan.entry.build.digest;
    if (active) continue;
    const std::string has = at == facts.active_builds.end() || !at->second ? "nothing" : at->second->str();
    reasons.push_back(fmt::format("{} comes after {}, where {} is active instead of this build",
                                  plan.entry.environment, environment, has));
  }
  return reasons;
}

Result<std::string> Policy::canonical() const {
  Json json;
  json.set("schema", "slipway/v1/policy").set("after", Json::Array(after_.begin(), after_.end()));
  return json.canonical();
}

Status enforce(const Policy& policy, const Plan& plan, const Facts& facts) {
  const std::vector<std::string> reasons = policy.judge(plan, facts);
  if (reasons.empty() || !plan.entry.bypass.empty()) return {};
  std::vector<Error> errors;
  for (const std::string& reason : reasons) errors.emplace_back(Errc::policy_denied, "refused: " + reason);
  return fail(combine(std::move(errors)).with_hint("promote it there first, or give --bypass REASON, which is recorded"));
}

}  // namespace slipway::release
