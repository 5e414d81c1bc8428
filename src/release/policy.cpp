#include "slipway/release/policy.h"

#include <algorithm>

#include "slipway/base/clock.h"
#include "slipway/base/text.h"

namespace slipway::release {
namespace {

std::string active_in(const std::string& environment, const Facts& facts) {
  const auto at = facts.active_builds.find(environment);
  return at == facts.active_builds.end() || !at->second ? "nothing" : at->second->str();
}

std::string in_brackets(const std::string& reason) {
  return reason.empty() ? "" : fmt::format(" ({})", printable(reason, 200));
}

}  // namespace

std::vector<Reason> Policy::judge(const Plan& plan, const Facts& facts) const {
  std::vector<Reason> reasons;
  judge_build(plan, facts, reasons);
  // A hold keeps new releases away, not the way back.
  if (facts.hold && plan.entry.kind != Kind::rollback) {
    reasons.push_back(
        {Rule::hold, fmt::format("{} is held by {} since {}{}; lift it with: slipway unhold {}", plan.entry.environment,
                                 printable(facts.hold->actor, 100), format_time(facts.hold->time),
                                 in_brackets(facts.hold->reason), plan.entry.environment)});
  }
  // An incident must not wait for another environment, nor for Monday.
  if (!judges_wholly(plan)) return reasons;
  judge_time(plan, facts, reasons);
  for (const std::string& objection : facts.objections)
    reasons.push_back(
        {Rule::exec, fmt::format("{} says: {}", printable(rules_.exec.front(), 100), printable(objection, 400))});
  if (auto missing = missing_approvals(plan, facts)) reasons.push_back({Rule::approvals, *std::move(missing)});
  // A change of config moves no build.
  if (plan.entry.kind != Kind::config) judge_after(plan, facts, reasons);
  return reasons;
}

/// The rules that hold for the build wherever it comes from and however old it is.
void Policy::judge_build(const Plan& plan, const Facts& facts, std::vector<Reason>& reasons) const {
  for (const std::string& denied : rules_.deny) {
    if (plan.entry.build.digest.str() != denied && plan.entry.image.digest.str() != denied) continue;
    reasons.push_back({Rule::deny, fmt::format("{} is denied in {}", denied, plan.entry.environment)});
  }
  for (const std::string& platform : rules_.platforms) {
    if (std::find(facts.platforms.begin(), facts.platforms.end(), platform) != facts.platforms.end()) continue;
    reasons.push_back(
        {Rule::platforms,
         fmt::format("{} needs the platform {}, the build has {}", plan.entry.environment, platform,
                     facts.platforms.empty() ? "none" : fmt::format("{}", fmt::join(facts.platforms, ", ")))});
  }
}

void Policy::judge_time(const Plan& plan, const Facts& facts, std::vector<Reason>& reasons) const {
  for (const Freeze& freeze : rules_.freeze) {
    if (!is_frozen(freeze, facts.now)) continue;
    reasons.push_back({Rule::freeze,
                       fmt::format("{} is frozen from {} to {} ({}), and it is {}", plan.entry.environment, freeze.from,
                                   freeze.to, freeze.zone, format_time(facts.now)),
                       freeze_end(freeze, facts.now)});
  }
  for (const auto& [name, wanted] : rules_.annotations) {
    const auto at = facts.annotations.find(name);
    if (at != facts.annotations.end() && (wanted.empty() || at->second == wanted)) continue;
    reasons.push_back(
        {Rule::annotations,
         fmt::format("{} needs the annotation {}{}, the build has {}", plan.entry.environment, name,
                     wanted.empty() ? "" : fmt::format(" to be \"{}\"", wanted),
                     at == facts.annotations.end() ? "none" : fmt::format("\"{}\"", printable(at->second, 200)))});
  }
  if (rules_.max_age == 0 || plan.entry.kind == Kind::config) return;
  if (!facts.created) {
    reasons.push_back(
        {Rule::max_age, fmt::format("{} accepts builds that are at most {} old, and this one does not record its time",
                                    plan.entry.environment, format_duration(rules_.max_age))});
  } else if (facts.now - *facts.created > rules_.max_age) {
    reasons.push_back({Rule::max_age, fmt::format("{} accepts builds that are at most {} old, and this one is from {}",
                                                  plan.entry.environment, format_duration(rules_.max_age),
                                                  format_time(*facts.created))});
  }
}

std::optional<std::string> Policy::missing_approvals(const Plan& plan, const Facts& facts) const {
  if (rules_.approvals == 0 || !facts.approvers || !judges_wholly(plan)) return std::nullopt;
  std::vector<std::string> counted;
  for (const std::string& name : *facts.approvers) {
    const bool named = rules_.approvers.empty() ||
                       std::find(rules_.approvers.begin(), rules_.approvers.end(), name) != rules_.approvers.end();
    if (named && name != plan.entry.actor) counted.push_back(printable(name, 100));
  }
  if (static_cast<std::int64_t>(counted.size()) >= rules_.approvals) return std::nullopt;
  const std::string whose = rules_.approvers.empty()
                                ? fmt::format("others than {}", printable(plan.entry.actor, 100))
                                : fmt::format("{}, but not of {}, who releases",
                                              printable(fmt::format("{}", fmt::join(rules_.approvers, ", ")), 400),
                                              printable(plan.entry.actor, 100));
  return fmt::format("{} needs {} of {}, this plan has {}; approve it with: slipway approve {}", plan.entry.environment,
                     rules_.approvals == 1 ? "an approval" : fmt::format("{} approvals", rules_.approvals), whose,
                     counted.empty() ? "none" : fmt::format("that of {}", fmt::join(counted, ", ")),
                     plan.entry.environment);
}

void Policy::judge_after(const Plan& plan, const Facts& facts, std::vector<Reason>& reasons) const {
  std::vector<Reason> missing;
  for (const std::string& upstream : after_) {
    auto why = not_ready(upstream, plan, facts);
    if (!why && any_) return;
    if (why) missing.push_back(*std::move(why));
  }
  reasons.insert(reasons.end(), missing.begin(), missing.end());
}

std::optional<Reason> Policy::not_ready(const std::string& upstream, const Plan& plan, const Facts& facts) const {
  const std::string others = any_ ? fmt::format(" (one of {} is enough)", fmt::join(after_, ", ")) : "";
  const auto build = facts.active_builds.find(upstream);
  if (build == facts.active_builds.end() || build->second != plan.entry.build.digest) {
    return Reason{Rule::after, fmt::format("{} comes after {}{}, where {} is active instead of this build",
                                           plan.entry.environment, upstream, others, active_in(upstream, facts))};
  }
  if (rules_.soak == 0) return std::nullopt;
  const auto since = facts.active_since.find(upstream);
  const std::int64_t soaked =
      since == facts.active_since.end() ? 0 : std::max<std::int64_t>(facts.now - since->second, 0);
  if (soaked >= rules_.soak) return std::nullopt;
  return Reason{
      Rule::soak,
      fmt::format("{} accepts builds that were active in {}{} for {}, and this one was for {}; it is accepted in {}",
                  plan.entry.environment, upstream, others, format_duration(rules_.soak), format_duration(soaked),
                  format_duration(rules_.soak - soaked)),
      facts.now + rules_.soak - soaked};
}

namespace {

constexpr std::pair<Rule, std::string_view> kRules[] = {
    {Rule::deny, "deny"},     {Rule::platforms, "platforms"},     {Rule::hold, "hold"},
    {Rule::freeze, "freeze"}, {Rule::annotations, "annotations"}, {Rule::max_age, "max-age"},
    {Rule::exec, "exec"},     {Rule::approvals, "approvals"},     {Rule::after, "after"},
    {Rule::soak, "soak"},     {Rule::returned, "returned"},       {Rule::replaces, "replaces"}};

/// Returns the rules that a list names; nothing when one of its words is not a rule.
std::optional<std::vector<Rule>> named_rules(std::string_view text) {
  std::vector<Rule> rules;
  for (const std::string& word : split(text, ',')) {
    const auto at = std::find_if(std::begin(kRules), std::end(kRules), [&](const auto& r) { return r.second == word; });
    if (at == std::end(kRules)) return std::nullopt;
    rules.push_back(at->first);
  }
  return rules;
}

}  // namespace

std::string_view name_of(Rule rule) {
  const auto at = std::find_if(std::begin(kRules), std::end(kRules), [&](const auto& r) { return r.first == rule; });
  return at == std::end(kRules) ? "rule" : at->second;
}

bool names_rules(std::string_view bypass) { return !bypass.empty() && named_rules(bypass).has_value(); }

std::vector<Rule> bypassed_rules(std::string_view bypass) {
  if (bypass.empty()) return {};
  std::vector<Rule> rules = named_rules(bypass).value_or(
      std::vector<Rule>{Rule::soak, Rule::freeze, Rule::after, Rule::approvals, Rule::hold});
  std::erase(rules, Rule::deny);
  return rules;
}

std::vector<Reason> standing_reasons(const Policy& policy, const Plan& plan, const Facts& facts) {
  std::vector<Reason> reasons = policy.judge(plan, facts);
  const std::vector<Rule> passed = bypassed_rules(plan.entry.bypass);
  std::erase_if(reasons, [&](const Reason& reason) {
    return std::find(passed.begin(), passed.end(), reason.rule) != passed.end();
  });
  return reasons;
}

Status refuse(const std::vector<Reason>& reasons) {
  if (reasons.empty()) return {};
  std::vector<Error> errors;
  std::optional<std::int64_t> latest = 0;
  for (const Reason& reason : reasons) {
    errors.push_back(reason.until ? error(Errc::policy_denied, "not yet, at the earliest {}: {}",
                                          format_time(*reason.until), reason.text)
                                  : error(Errc::policy_denied, "refused: {}", reason.text));
    latest = latest && reason.until ? std::optional(std::max(*latest, *reason.until)) : std::nullopt;
  }
  std::vector<std::string> rules;
  for (const Reason& reason : reasons) {
    const std::string name(name_of(reason.rule));
    if (reason.rule != Rule::deny && std::find(rules.begin(), rules.end(), name) == rules.end()) rules.push_back(name);
  }
  const std::string bypass =
      rules.empty() ? "choose another build: a denied digest cannot be bypassed"
                    : fmt::format("give --bypass {} --reason TEXT, which is recorded and shown from then on",
                                  fmt::join(rules, ","));
  return fail(combine(std::move(errors))
                  .with_hint(latest          ? fmt::format("run it again after {}, or {}", format_time(*latest), bypass)
                             : rules.empty() ? bypass
                                             : "do what is missing first, or " + bypass));
}

Status enforce(const Policy& policy, const Plan& plan, const Facts& facts) {
  return refuse(standing_reasons(policy, plan, facts));
}

}  // namespace slipway::release
