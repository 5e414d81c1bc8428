#include "slipway/release/promote.h"

#include <algorithm>

#include "release/build_finder.h"
#include "release/planner.h"
#include "slipway/release/event.h"
#include "slipway/release/views.h"

namespace slipway::release {
namespace {

/// Builds and configs that somebody rolled back from: never the default to go back to.
bool was_rolled_back(const Chain& chain, const Recorded& candidate) {
  for (std::size_t i = 1; i < chain.entries.size(); ++i) {
    if (chain.entries[i].entry.kind != Kind::rollback) continue;
    if (chain.entries[i - 1].entry.same_release(candidate.entry)) return true;
  }
  return false;
}

Error nothing_released(const Environment& environment) {
  return Error(Errc::not_found, fmt::format("nothing was ever released to {}", environment.name))
      .with_hint(fmt::format("release a build first: slipway release {} REF", environment.name));
}

Error was_retired(const Environment& environment, std::int64_t number) {
  return Error(Errc::not_found, fmt::format("v{} of {} was retired", number, environment.name))
      .with_hint("release its build again, if a registry still has it");
}

Result<const Recorded*> choose(const Chain& chain, const Environment& environment, const RollbackTarget& target,
                               const std::vector<std::int64_t>& retired) {
  const auto is_retired = [&](const Recorded& r) {
    return std::binary_search(retired.begin(), retired.end(), r.entry.number);
  };
  const Recorded* head = chain.head();
  if (head == nullptr) return fail(nothing_released(environment));
  if (target.number) {
    const Recorded* const found = chain.number(*target.number);
    if (found != nullptr && is_retired(*found)) return fail(was_retired(environment, *target.number));
    if (found != nullptr) return found;
    return fail(Error(Errc::not_found, fmt::format("{} has no release v{}", environment.name, *target.number))
                    .with_hint("list the releases with: slipway history " + environment.name));
  }
  for (std::size_t i = chain.entries.size() - 1; i-- > 0;) {
    const Recorded& candidate = chain.entries[i];
    if (is_retired(candidate)) continue;
    if (target.previous) return &candidate;
    if (!candidate.entry.same_release(head->entry) && !was_rolled_back(chain, candidate)) return &candidate;
  }
  return fail(
      Error(Errc::not_found, fmt::format("{} has no earlier release to go back to", environment.name))
          .with_hint(fmt::format("name one of slipway history {0}: slipway rollback {0} vN", environment.name)));
}

Error nothing_to_adopt(const Environment& environment) {
  return Error(Errc::not_found, fmt::format("the tag {} is not there: nothing runs that could be adopted",
                                            environment.repository.with_tag(environment.tag).str()))
      .with_hint(fmt::format("release the build: slipway release {} REF", environment.name));
}

/// What the tag points to becomes the active release, and nothing moves.
Result<Plan> plan_adopted(Planner& planner, const Environment& environment, Build build) {
  if (!planner.tag_now()) return fail(nothing_to_adopt(environment));
  if (environment.mode == Mode::layer) {
    return fail(Error(Errc::invalid_argument,
                      fmt::format("{} adds its config as a layer: no image can be adopted as it is", environment.name))
                    .with_hint("adopt it in mode: env-file first"));
  }
  if (*planner.tag_now() != build.image.digest) {
    return fail(Error(Errc::conflict, fmt::format("the tag {} points to {}, not to {}",
                                                  environment.repository.with_tag(environment.tag).str(),
                                                  planner.tag_now()->str(), build.image.digest.str()))
                    .with_hint("adopt what runs, or release the build without --adopt"));
  }
  return planner.plan_today(Kind::adopt, std::move(build), std::nullopt);
}

}  // namespace

Result<Plan> plan_release(const Project& project, const Environment& environment,
                          const std::optional<oci::Location>& location, const Remarks& remarks, const Parts& parts) {
  Planner planner(project, environment, remarks, parts);
  SLIPWAY_TRY(planner.begin());
  const Recorded* const active = planner.active();
  if (!location && remarks.adopt) {
    if (!planner.tag_now()) return fail(nothing_to_adopt(environment));
    SLIPWAY_ASSIGN(Build build, build_at(project, environment.repository.with_digest(*planner.tag_now()), parts));
    return plan_adopted(planner, environment, std::move(build));
  }
  if (!location) {
    if (active == nullptr) return fail(nothing_released(environment));
    SLIPWAY_ASSIGN(Build build, recorded_build(project, environment, active->entry, active->entry.build.digest, parts));
    return planner.plan_today(Kind::config, std::move(build), std::nullopt);
  }
  SLIPWAY_ASSIGN(Build build, build_at(project, *location, parts));
  if (remarks.adopt) return plan_adopted(planner, environment, std::move(build));
  const bool same = active != nullptr && active->entry.build.digest == build.content.digest;
  return planner.plan_today(same ? Kind::config : Kind::release, std::move(build), std::nullopt);
}

Result<Plan> plan_promote(const Project& project, const Environment& from, const Environment& to,
                          const Remarks& remarks, const Parts& parts) {
  if (from.name == to.name) {
    return fail(Error(Errc::invalid_argument, fmt::format("{} cannot be promoted to itself", from.name))
                    .with_hint(fmt::format("for a change of config: slipway release {} --same-build", from.name)));
  }
  Planner planner(project, to, remarks, parts);
  SLIPWAY_ASSIGN(const auto source, planner.ledger().head(project.app, from.name));
  if (!source) return fail(nothing_released(from));
  SLIPWAY_TRY(planner.begin());
  SLIPWAY_ASSIGN(Build build, recorded_build(project, from, source->entry, source->entry.build.digest, parts));
  return planner.plan_today(Kind::promote, std::move(build), Origin{from.name, source->entry.number, source->id});
}

Result<Plan> plan_rollback(const Project& project, const Environment& environment, const RollbackTarget& target,
                           const Remarks& remarks, const Parts& parts) {
  Planner planner(project, environment, remarks, parts);
  SLIPWAY_TRY(planner.begin());
  const Recorded* const active = planner.active();
  if (planner.unfinished() && active->entry.kind == Kind::rollback && !target.number) {
    // The rollback that was interrupted after its commit: go through with it, not back another step.
    SLIPWAY_ASSIGN(Build build, recorded_build(project, environment, active->entry, active->entry.image.digest, parts));
    return planner.plan_recorded(Kind::rollback, std::move(build), active->entry, active->entry.from);
  }
  SLIPWAY_ASSIGN(const auto events, EventLog(planner.ledger()).read(project.app, environment.name));
  SLIPWAY_ASSIGN(const Recorded* older, choose(planner.chain(), environment, target, retired_in(events)));
  SLIPWAY_ASSIGN(Build build, recorded_build(project, environment, older->entry, older->entry.image.digest, parts));
  SLIPWAY_TRY(require_complete(build, parts));
  // A release whose config is gone could not be run again.
  SLIPWAY_TRY(config_of(project, older->entry, parts));
  return planner.plan_recorded(Kind::rollback, std::move(build), older->entry,
                               Origin{environment.name, older->entry.number, older->id});
}

}  // namespace slipway::release
