#include "slipway/release/plan_checks.h"

#include "release/facts.h"
#include "slipway/base/text.h"
#include "slipway/io/hash.h"
#include "slipway/release/policy.h"

namespace slipway::release {

std::string planned_again(const Plan& plan) {
  const Entry& entry = plan.entry;
  const std::string& environment = entry.environment;
  std::string words = fmt::format("release {} {}@{}", environment, entry.build.repository, entry.build.digest.str());
  if (entry.kind == Kind::config) words = fmt::format("release {} --same-build", environment);
  if (entry.kind == Kind::adopt) words = fmt::format("release {} --adopt", environment);
  if (entry.kind == Kind::promote && entry.from)
    words = fmt::format("promote {} {}", entry.from->environment, environment);
  if (entry.kind == Kind::rollback && entry.from)
    words = fmt::format("rollback {} v{}", environment, entry.from->number);
  return fmt::format("plan it again: slipway {} --plan FILE", printable(words, 500));
}

Error stale_plan(const Plan& plan, std::string_view why) {
  return Error(Errc::conflict,
               fmt::format("the plan for {} v{} is stale: {}", plan.entry.environment, plan.entry.number, why))
      .with_hint("look at what is active: slipway status; then " + planned_again(plan));
}

Result<std::vector<std::string>> missing_approvals(const Plan& plan, Ledger& ledger) {
  SLIPWAY_ASSIGN(const Policy policy, Policy::parse(plan.rules));
  std::vector<std::string> missing;
  if (!plan.changed || policy.rules().approvals == 0) return missing;
  SLIPWAY_ASSIGN(const auto events, EventLog(ledger).read(plan.entry.app, plan.entry.environment));
  SLIPWAY_ASSIGN(const ApprovedPlan approved, approved_plan(plan, false));
  Facts facts;
  facts.approvers = approvers_of(events, approved);
  if (auto text = policy.missing_approvals(plan, facts)) missing.push_back(*std::move(text));
  return missing;
}

Status require_current(const Plan& plan, const Project& project) {
  if (plan.entry.app != project.app) {
    return fail(
        error(Errc::invalid_argument, "the plan is for the app {}, slipway.yaml is for {}", plan.entry.app, project.app)
            .with_hint(fmt::format("use --app {}, or --file FILE for its slipway.yaml", plan.entry.app)));
  }
  const Environment* const environment = project.find(plan.entry.environment);
  if (environment == nullptr) return fail(stale_plan(plan, "slipway.yaml has no such environment"));
  if (!environment->repository.same_place(plan.repository) || environment->tag != plan.moving.tag) {
    return fail(stale_plan(
        plan, fmt::format("slipway.yaml has it at {} now", environment->repository.with_tag(environment->tag).str())));
  }
  if (!project.ledger.same_place(plan.ledger)) return fail(stale_plan(plan, "slipway.yaml names another ledger now"));
  SLIPWAY_ASSIGN(const std::string rules, Policy(*environment).canonical());
  if (rules != plan.rules) return fail(stale_plan(plan, "its policy changed in slipway.yaml"));
  return {};
}

}  // namespace slipway::release
