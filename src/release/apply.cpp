#include "slipway/release/apply.h"

#include "release/facts.h"
#include "release/finish.h"
#include "release/image_copy.h"
#include "release/journal.h"
#include "release/keep_tags.h"
#include "release/tags.h"
#include "slipway/release/plan_checks.h"

namespace slipway::release {
namespace {

/// Returns true when an earlier run of this very plan got as far as its commit.
Result<bool> is_committed(const Plan& plan, const std::optional<Recorded>& head) {
  if (!head || !plan.changed) return false;
  SLIPWAY_ASSIGN(const std::string bytes, plan.entry.canonical());
  return head->bytes == bytes;
}

Status require_head(const Plan& plan, const std::optional<Recorded>& head) {
  const std::optional<Digest> id = head ? std::optional<Digest>(head->id) : std::nullopt;
  if (id == plan.entry.prev) return {};
  return fail(stale_plan(plan, head ? fmt::format("v{} was released in the meantime", head->entry.number)
                                    : std::string("the ledger is empty")));
}

/// The world may have changed since the plan was made; the rules are those of the plan.
Status judge_again(const Plan& plan, Ledger& ledger, const ReleaseServices& services) {
  SLIPWAY_ASSIGN(const Policy policy, Policy::parse(plan.rules));
  SLIPWAY_ASSIGN(const Facts facts, gather_facts(policy, plan, ledger, services, Approvals::needed));
  return enforce(policy, plan, facts);
}

/// Returns the digest that the moving tag has. Errc::conflict when somebody moved it: that stops the release.
Result<std::optional<Digest>> unmoved_tag(const Plan& plan, const std::optional<Recorded>& head,
                                          store::ReadTarget& target) {
  SLIPWAY_ASSIGN(const auto now, tag_state(target, plan.moving.tag));
  const bool finished = head && plan.finish_active && now == head->entry.image.digest;
  if (finished || now == plan.moving.expected || now == plan.image.digest) return now;
  const std::string place = plan.repository.with_tag(plan.moving.tag).str();
  return fail(stale_plan(plan, fmt::format("the tag {} was moved to {}", place, now ? now->str() : "nothing"))
                  .with_hint("find out who moved it; slipway status shows where it should be"));
}

Status put_config(const Plan& plan, Ledger& ledger) {
  if (!plan.config) return {};
  SLIPWAY_ASSIGN(const ConfigArtifact artifact, make_config_artifact(*plan.config));
  const std::string tag =
      fmt::format("{}.{}.c.{}", plan.entry.app, plan.entry.environment, artifact.manifest.digest.short_hex());
  SLIPWAY_ASSIGN(const bool there, ledger.has_tag(tag));
  if (there) return {};
  SLIPWAY_ASSIGN(const auto target, ledger.open_for_writing());
  return push_config(artifact, *target, tag);
}

/// The commit, and a look whether it was the only one.
Result<Recorded> commit(const Plan& plan, Ledger& ledger, const std::stop_token& stop) {
  if (stop.stop_requested()) return fail(Errc::cancelled, "interrupted before the release was committed");
  if (plan.claims) SLIPWAY_TRY(ledger.claim(plan.entry));
  SLIPWAY_ASSIGN(Recorded recorded, ledger.append(plan.entry));
  SLIPWAY_ASSIGN(const auto head, ledger.head(plan.entry.app, plan.entry.environment));
  if (head && head->id == recorded.id) return recorded;
  return fail(stale_plan(plan, "another release was committed at the same time"));
}

/// Finishes a release at the plan's place and forgets the journal.
Result<Recorded> finish(const Recorded& recorded, const Plan& plan, const std::optional<Digest>& tag_now,
                        store::Target& target, Ledger& ledger, const ReleaseServices& services) {
  SLIPWAY_TRY(finish_release(recorded, {plan.repository, plan.moving, tag_now, plan.image}, target, ledger));
  SLIPWAY_TRY(Journal(services, plan.entry.app, plan.entry.environment).end());
  return recorded;
}

/// Everything before the commit, and the commit.
Result<Recorded> release(const Planned& planned, store::Target& target, Ledger& ledger,
                         const ReleaseServices& services) {
  const Plan& plan = planned.plan;
  Journal journal(services, plan.entry.app, plan.entry.environment);
  SLIPWAY_ASSIGN(const LeftBehind left, find_left_behind(journal.unfinished(), plan, target));
  if (planned.stored) SLIPWAY_TRY(require_free_tags(plan, left.image, target));
  SLIPWAY_TRY(journal.begin(plan));
  SLIPWAY_TRY(copy_planned_image(planned, left, target, services));
  SLIPWAY_TRY(keep_image(plan, left, is_made_here(plan), target));
  SLIPWAY_TRY(put_config(plan, ledger));
  return commit(plan, ledger, services.stop);
}

/// The state that the plan expects, and the policy once more.
Status require_expected(const Plan& plan, const std::optional<Recorded>& head, Ledger& ledger,
                        const ReleaseServices& services) {
  if (plan.changed) {
    SLIPWAY_TRY(require_head(plan, head));
    return judge_again(plan, ledger, services);
  }
  if (!head || !head->entry.same_release(plan.entry)) return fail(stale_plan(plan, "the active release changed"));
  return {};
}

}  // namespace

Result<Recorded> apply(const Planned& planned, Ledger& ledger, const ReleaseServices& services) {
  const Plan& plan = planned.plan;
  SLIPWAY_ASSIGN(const auto turn, services.sequencer->take(plan.entry.app, plan.entry.environment));
  ledger.refresh();
  SLIPWAY_ASSIGN(const auto head, ledger.head(plan.entry.app, plan.entry.environment));
  SLIPWAY_ASSIGN(const bool committed, is_committed(plan, head));
  if (!committed) SLIPWAY_TRY(require_expected(plan, head, ledger, services));
  if (!plan.changed && !plan.finish_active) return *head;
  SLIPWAY_ASSIGN(const auto target, services.opener->open_for_writing(plan.repository, Side::destination));
  std::optional<Digest> tag_now = plan.moving.expected;
  if (committed || !plan.changed) return finish(*head, plan, tag_now, *target, ledger, services);
  if (head) SLIPWAY_TRY(complete_claim(*head, ledger));
  if (head && plan.finish_active) SLIPWAY_TRY(finish(*head, plan, tag_now, *target, ledger, services));
  // A plan of this very run looked a moment ago; before the tag moves it is looked at in any case.
  if (planned.stored || plan.finish_active) {
    SLIPWAY_ASSIGN(tag_now, unmoved_tag(plan, head, *target));
  }
  SLIPWAY_ASSIGN(const Recorded recorded, release(planned, *target, ledger, services));
  auto finished = finish(recorded, plan, tag_now, *target, ledger, services);
  if (finished) return finished;
  return fail(std::move(finished).error().in(
      fmt::format("finishing v{}, which is committed: run the command again to finish it", recorded.entry.number)));
}

}  // namespace slipway::release
