#include "slipway/release/policy.h"

#include <algorithm>

#include "slipway/base/json_reader.h"
#include "slipway/base/text.h"

namespace slipway::release {
namespace {

constexpr std::string_view kPolicySchema = "slipway/v1/policy";
constexpr const char* kAny = "any";
constexpr const char* kAll = "all";

std::string active_in(const std::string& environment, const Facts& facts) {
  const auto at = facts.active_builds.find(environment);
  return at == facts.active_builds.end() || !at->second ? "nothing" : at->second->str();
}

}  // namespace

Result<Policy> Policy::parse(std::string_view text) {
  SLIPWAY_ASSIGN(const Json json, Json::parse(text, "policy", {.max_bytes = 1u << 20}));
  SLIPWAY_ASSIGN(auto reader, JsonReader::of(json, "policy"));
  SLIPWAY_ASSIGN(const std::string schema, reader.required_string("schema"));
  SLIPWAY_ASSIGN(const Json* after, reader.object("after"));
  SLIPWAY_ASSIGN(const Json::Object unknown, reader.finish());
  // A rule that is not understood would be a rule that is not kept.
  if (schema != kPolicySchema || !unknown.empty()) {
    return fail(Error(Errc::invalid_argument,
                      fmt::format("a policy has {}, which this version does not know",
                                  unknown.empty() ? fmt::format("the format '{}'", printable(schema, 60))
                                                  : fmt::format("the rule '{}'", printable(unknown[0].first, 60))))
                    .with_hint("use a newer slipway"));
  }
  if (after == nullptr) return Policy({}, false);
  SLIPWAY_ASSIGN(auto rule, JsonReader::of(*after, "policy: after"));
  SLIPWAY_ASSIGN(auto all, rule.string_list(kAll));
  SLIPWAY_ASSIGN(auto any, rule.string_list(kAny));
  SLIPWAY_ASSIGN(const Json::Object other, rule.finish());
  if (all.has_value() == any.has_value() || !other.empty()) {
    return fail(Errc::malformed, "policy: after: exactly one of \"{}\" and \"{}\" is expected", kAll, kAny);
  }
  return Policy(any ? *std::move(any) : *std::move(all), any.has_value());
}

std::vector<std::string> Policy::judge(const Plan& plan, const Facts& facts) const {
  std::vector<std::string> reasons;
  // An incident must not wait for another environment; a change of config moves no build.
  if (plan.entry.kind == Kind::rollback || plan.entry.kind == Kind::config) return reasons;
  const auto has_build = [&](const std::string& environment) {
    const auto at = facts.active_builds.find(environment);
    return at != facts.active_builds.end() && at->second == plan.entry.build.digest;
  };
  if (any_ && std::any_of(after_.begin(), after_.end(), has_build)) return reasons;
  for (const std::string& environment : after_) {
    if (has_build(environment)) continue;
    reasons.push_back(fmt::format(
        "{} comes after {}{}, where {} is active instead of this build", plan.entry.environment, environment,
        any_ ? fmt::format(" (one of {} is enough)", fmt::join(after_, ", ")) : "", active_in(environment, facts)));
  }
  return reasons;
}

Result<std::string> Policy::canonical() const {
  Json json;
  json.set("schema", kPolicySchema);
  if (!after_.empty()) json.set("after", Json().set(any_ ? kAny : kAll, Json::Array(after_.begin(), after_.end())));
  return json.canonical();
}

Status enforce(const Policy& policy, const Plan& plan, const Facts& facts) {
  const std::vector<std::string> reasons = policy.judge(plan, facts);
  if (reasons.empty() || !plan.entry.bypass.empty()) return {};
  std::vector<Error> errors;
  for (const std::string& reason : reasons)
    errors.emplace_back(Errc::policy_denied, "refused: " + reason);
  return fail(
      combine(std::move(errors)).with_hint("promote it there first, or give --bypass REASON, which is recorded"));
}

}  // namespace slipway::release
