#include "slipway/release/apply.h"

#include <algorithm>

#include "release/apply_in_turn.h"
#include "release/carry.h"
#include "release/contest.h"
#include "release/facts.h"
#include "release/finish.h"
#include "release/image_copy.h"
#include "release/journal.h"
#include "release/keep_tags.h"
#include "release/tags.h"
#include "slipway/release/event.h"
#include "slipway/release/plan_checks.h"

namespace slipway::release {
namespace {

/// Returns true when an earlier run of this very plan got as far as its commit.
bool is_committed(const Plan& plan, const std::optional<Recorded>& head) {
  return head && plan.changed && head->entry.decision.has_value() && head->entry.decision == plan.entry.decision;
}

Error contradicts(const Plan& plan, std::string_view why) {
  return error(Errc::verification_failed, "the plan for {} v{} contradicts the ledger: {}", plan.entry.environment,
               plan.entry.number, why)
      .with_hint(planned_again(plan));
}

/// The release that the plan says it comes from is in the ledger, and is the same.
Status require_origin(const Plan& plan, Ledger& ledger) {
  const Entry& entry = plan.entry;
  const bool has_origin = entry.kind == Kind::promote || entry.kind == Kind::rollback;
  if (has_origin != entry.from.has_value()) return fail(contradicts(plan, "its kind contradicts its origin"));
  if (!has_origin) return {};
  const bool same_environment = entry.from->environment == entry.environment;
  if (same_environment != (entry.kind == Kind::rollback))
    return fail(contradicts(plan, "it comes from the wrong environment"));
  SLIPWAY_ASSIGN(const auto origin, ledger.number(entry.app, entry.from->environment, entry.from->number));
  if (!origin || origin->id != entry.from->entry || origin->entry.build.digest != entry.build.digest)
    return fail(
        contradicts(plan, fmt::format("{} v{} is another release", entry.from->environment, entry.from->number)));
  if (entry.kind == Kind::rollback && !origin->entry.same_release(entry))
    return fail(contradicts(plan, "it does not restore the release that it names"));
  return {};
}

/// A plan from a file may have been edited since: everything in it that the ledger knows is derived again.
Status require_unedited(const Plan& plan, const std::optional<Recorded>& head, Ledger& ledger,
                        const ReleaseServices& services) {
  if (plan.expires > 0 && services.clock->now() > plan.expires)
    return fail(stale_plan(plan, "it expired at " + format_time(plan.expires)));
  const bool first = !head && plan.entry.kind != Kind::adopt;
  if ((head && plan.entry.number != head->entry.number + 1) || (first && plan.entry.number != 1))
    return fail(contradicts(plan, fmt::format("the next release is v{}", head ? head->entry.number + 1 : 1)));
  const bool same_build = head && head->entry.build.digest == plan.entry.build.digest;
  if (plan.entry.kind == Kind::config && !same_build) return fail(contradicts(plan, "it changes more than the config"));
  return require_origin(plan, ledger);
}

/// The entry as it will be written: actor and time are those of whoever applies the plan.
Entry entry_to_write(const Planned& planned, const ReleaseServices& services) {
  Entry entry = planned.plan.entry;
  if (!planned.stored) return entry;
  if (entry.actor != services.actor.name) entry.planned_by = entry.actor;
  entry.actor = services.actor.name;
  entry.time = services.clock->now();
  entry.tool = services.tool;
  return entry;
}

Status require_head(const Plan& plan, const std::optional<Recorded>& head) {
  const std::optional<Digest> id = head ? std::optional<Digest>(head->id) : std::nullopt;
  if (id == plan.entry.prev) return {};
  return fail(stale_plan(plan, head ? fmt::format("v{} was released in the meantime", head->entry.number)
                                    : std::string("the ledger is empty")));
}

/// The world may have changed since the plan was made; the rules are those of the plan.
Status judge_again(const Planned& planned, Ledger& ledger, const ReleaseServices& services) {
  const Plan& plan = planned.plan;
  SLIPWAY_ASSIGN(const Policy policy, Policy::parse(plan.rules));
  SLIPWAY_ASSIGN(const Facts facts, gather_facts(policy, plan, ledger, services,
                                                 planned.stored ? Approvals::needed_for_file : Approvals::needed));
  return enforce(policy, plan, facts);
}

/// Returns the digest that the moving tag has. Errc::conflict when somebody moved it: that stops the release.
Result<std::optional<Digest>> unmoved_tag(const Plan& plan, const std::optional<Recorded>& head,
                                          store::ReadTarget& target) {
  SLIPWAY_ASSIGN(const auto now, moving_tag_state(target, plan.moving.tag));
  const bool finished = head && plan.finish_active && now == head->entry.image.digest;
  if (finished || now == plan.moving.expected || now == plan.image.digest || now == unreadable_tag()) return now;
  const std::string place = plan.repository.with_tag(plan.moving.tag).str();
  return fail(stale_plan(plan, fmt::format("the tag {} was moved to {}", place, now ? now->str() : "nothing"))
                  .with_hint("find out who moved it; where it should be: slipway status"));
}

/// Proves that the ledger has a config that it had before, and gives it its tag again where that is lost.
Status keep_config(const Digest& config, const std::string& tag, bool listed, store::Target& target) {
  if (listed && require_config(config, target, tag)) return {};
  SLIPWAY_TRY(require_config(config, target));
  SLIPWAY_ASSIGN(const oci::Descriptor found, target.resolve(config));
  return target.tag(found, tag);
}

/// Puts the config where the plan has one, and proves that the ledger has all of it. A tag in the ledger's list proves
/// nothing: the registry may have died while it was written.
Status put_config(const Plan& plan, Ledger& ledger) {
  const Entry& entry = plan.entry;
  SLIPWAY_ASSIGN(const auto target, ledger.open_for_writing());
  const std::string tag = config_tag(entry.app, entry.environment, entry.config);
  SLIPWAY_ASSIGN(const bool listed, ledger.has_tag(tag));
  if (!plan.config) return keep_config(entry.config, tag, listed, *target);
  SLIPWAY_ASSIGN(const ConfigArtifact artifact, make_config_artifact(*plan.config));
  if (listed && require_config(entry.config, *target, tag)) return {};
  SLIPWAY_TRY(push_config(artifact, *target, tag));
  return require_config(entry.config, *target);
}

/// Records, once for each environment, that writers of edition 1 stop here.
Status raise_fence(const Plan& plan, const std::optional<Digest>& head, Ledger& ledger,
                   const ReleaseServices& services) {
  if (services.edition < kEdition) return {};
  EventLog log(ledger);
  SLIPWAY_ASSIGN(const auto events, log.read(plan.entry.app, plan.entry.environment));
  const auto is_fence = [](const Event& event) { return event.kind == EventKind::edition; };
  if (std::any_of(events.begin(), events.end(), is_fence)) return {};
  Event fence{.app = plan.entry.app, .environment = plan.entry.environment, .kind = EventKind::edition};
  fence.edition = kEdition;
  fence.entry = head;
  fence.actor = services.actor.name;
  fence.time = services.clock->now();
  fence.tool = services.tool;
  SLIPWAY_TRY(log.append(std::move(fence)));
  return {};
}

Status require_running(const ReleaseServices& services) {
  if (!services.stop.stop_requested()) return {};
  return fail(Errc::cancelled, "interrupted before the release was committed");
}

/// The commit, and a look whether it was the only one. Tags on the image come after the number is won, so that a writer
/// that loses it leaves none; where the claim is the commit, they come before.
Result<Recorded> commit(const Planned& planned, const LayerImage* derived, const Traces& traces, store::Target& target,
                        const ReleaseServices& services) {
  Ledger& ledger = traces.ledger;
  const Plan& plan = planned.plan;
  SLIPWAY_TRY(require_running(services));
  Entry entry = entry_to_write(planned, services);
  if (!plan.claims) {
    SLIPWAY_ASSIGN(entry, win_number(std::move(entry), ledger, services));
  }
  if (derived != nullptr) SLIPWAY_TRY(keep_derived_image(plan, *derived, target, services.stop));
  SLIPWAY_TRY(keep_image(plan, traces, derived != nullptr, target, services.warn));
  SLIPWAY_TRY(require_exact_copy(plan.image, target));
  SLIPWAY_TRY(require_running(services));
  if (plan.claims) SLIPWAY_TRY(ledger.claim(entry));
  SLIPWAY_ASSIGN(Recorded recorded, ledger.append(entry));
  SLIPWAY_ASSIGN(const auto head, ledger.head(plan.entry.app, plan.entry.environment));
  if (head && head->id == recorded.id) return recorded;
  return fail(stale_plan(plan, "another release was committed at the same time"));
}

/// Finishes a release at the plan's place and forgets the journal.
Result<Recorded> finish(const Recorded& recorded, const Plan& plan, const std::optional<Digest>& tag_now,
                        store::Target& target, Ledger& ledger, const ReleaseServices& services) {
  SLIPWAY_TRY(
      finish_release(recorded, {plan.repository, plan.moving, tag_now, plan.image}, target, ledger, services.warn));
  SLIPWAY_TRY(Journal(services, plan.entry.app, plan.entry.environment).end());
  return recorded;
}

/// Everything before the commit, and the commit.
Result<Recorded> release(const Planned& planned, store::Target& target, Ledger& ledger,
                         const ReleaseServices& services) {
  const Plan& plan = planned.plan;
  Journal journal(services, plan.entry.app, plan.entry.environment);
  const Traces traces{left_behind_image(journal.unfinished(), plan), ledger};
  if (planned.stored) SLIPWAY_TRY(require_free_tags(plan, traces, target));
  SLIPWAY_TRY(journal.begin(plan));
  SLIPWAY_ASSIGN(const auto derived, copy_planned_image(planned, target, services));
  SLIPWAY_TRY(carry_attached(plan, target, services));
  SLIPWAY_TRY(put_config(plan, ledger));
  SLIPWAY_TRY(raise_fence(plan, plan.entry.prev, ledger, services));
  return commit(planned, derived.get(), traces, target, services);
}

/// The state that the plan expects, and the policy once more.
Status require_expected(const Planned& planned, const std::optional<Recorded>& head, Ledger& ledger,
                        const ReleaseServices& services) {
  const Plan& plan = planned.plan;
  if (plan.changed) {
    SLIPWAY_TRY(require_head(plan, head));
    if (planned.stored) SLIPWAY_TRY(require_unedited(plan, head, ledger, services));
    return judge_again(planned, ledger, services);
  }
  if (!head || !head->entry.same_release(plan.entry)) return fail(stale_plan(plan, "the active release changed"));
  return {};
}

}  // namespace

Result<Recorded> apply(const Planned& planned, Ledger& ledger, const ReleaseServices& services) {
  const Entry& entry = planned.plan.entry;
  SLIPWAY_ASSIGN(const auto turn, services.sequencer->take(entry.app, entry.environment));
  return apply_in_turn(planned, ledger, services);
}

Result<Recorded> apply_in_turn(const Planned& planned, Ledger& ledger, const ReleaseServices& services) {
  const Plan& plan = planned.plan;
  if (plan.entry.kind != Kind::adopt || plan.entry.prev) ledger.require_everything_seen();
  ledger.refresh();
  SLIPWAY_ASSIGN(const auto head, ledger.head(plan.entry.app, plan.entry.environment));
  const bool committed = is_committed(plan, head);
  if (!committed) SLIPWAY_TRY(require_expected(planned, head, ledger, services));
  if (!plan.changed && !plan.finish_active) return *head;
  SLIPWAY_ASSIGN(const auto target, services.opener->open_for_writing(plan.repository, Side::destination));
  std::optional<Digest> tag_now = plan.moving.expected;
  if (committed || !plan.changed) return finish(*head, plan, tag_now, *target, ledger, services);
  // The release that this one follows must be there for others too, not only in this machine's memory.
  if (head) SLIPWAY_TRY(ledger.restore(*head));
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
