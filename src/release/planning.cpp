#include "slipway/release/planning.h"

#include <algorithm>

#include "release/plan_draft.h"
#include "slipway/release/event.h"
#include "slipway/release/released_config.h"

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
      .with_hint(fmt::format("release its build again: slipway release {} REF; the builds: slipway history {}",
                             environment.name, environment.name));
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
  return fail(Error(Errc::not_found, fmt::format("{} has no earlier release to go back to", environment.name))
                  .with_hint(fmt::format("name a release: slipway rollback {0} vN; the releases: slipway history {0}",
                                         environment.name)));
}

Error nothing_to_adopt(const Environment& environment) {
  return Error(Errc::not_found, fmt::format("the tag {} does not exist, so it names no image to adopt",
                                            environment.repository.with_tag(environment.tag).str()))
      .with_hint(fmt::format("release the build: slipway release {} REF", environment.name));
}

/// The image that the tag points to becomes the active release, and nothing moves.
Status require_adoptable(const Environment& environment, const Digest& tag_now, const Build& build) {
  if (environment.mode == Mode::layer) {
    return fail(Error(Errc::invalid_argument,
                      fmt::format("{} adds its config as a layer: no image can be adopted as it is", environment.name))
                    .with_hint("write 'mode: env-file' into the environment's config, then adopt it"));
  }
  if (tag_now == build.image.digest) return {};
  return fail(Error(Errc::conflict, fmt::format("the tag {} points to {}, not to {}",
                                                environment.repository.with_tag(environment.tag).str(), tag_now.str(),
                                                build.image.digest.str()))
                  .with_hint(fmt::format(
                      "adopt what the tag points to: slipway release {0} --adopt; or release the build: slipway "
                      "release {0} REF",
                      environment.name)));
}

Result<Choice> choose_adopted(const ReleaseRequest& request, const Situation& situation,
                              const std::optional<oci::Location>& location, const ReleaseServices& services) {
  const Environment& environment = request.environment;
  if (!situation.tag_now) return fail(nothing_to_adopt(environment));
  const oci::Location place = location ? *location : environment.repository.with_digest(*situation.tag_now);
  SLIPWAY_ASSIGN(Build build, build_at(request.project, place, services));
  SLIPWAY_TRY(require_adoptable(environment, *situation.tag_now, build));
  return Choice{Kind::adopt, std::move(build)};
}

/// The build at a location, or the active one.
Result<Choice> choose_build(const ReleaseRequest& request, const Situation& situation,
                            const std::optional<oci::Location>& location, const ReleaseServices& services) {
  const Recorded* const active = situation.active();
  if (location) {
    SLIPWAY_ASSIGN(Build build, build_at(request.project, *location, services));
    const bool same = active != nullptr && active->entry.build.digest == build.content.digest;
    return Choice{same ? Kind::config : Kind::release, std::move(build)};
  }
  if (active == nullptr) return fail(nothing_released(request.environment));
  SLIPWAY_ASSIGN(Build build, recorded_build(request.project, request.environment, active->entry,
                                             active->entry.build.digest, services));
  return Choice{Kind::config, std::move(build)};
}

/// A rollback that was interrupted after its commit is finished; another step back would be a surprise.
bool is_interrupted_rollback(const Situation& situation, const RollbackTarget& target) {
  return situation.finish_active && situation.active()->entry.kind == Kind::rollback && !target.number;
}

Result<Planned> draft_today(const ReleaseRequest& request, const Situation& situation, Choice choice, Ledger& ledger,
                            const ReleaseServices& services) {
  SLIPWAY_ASSIGN(BoundConfig config, config_of_today(request.environment, choice.build, services));
  return draft_plan(request, situation, std::move(choice), std::move(config), ledger, services);
}

/// The active release, as it is, in the repository that the environment has now.
Result<Planned> plan_relocation(const ReleaseRequest& request, const Situation& situation, Ledger& ledger,
                                const ReleaseServices& services) {
  const Environment& environment = request.environment;
  if (situation.active() == nullptr) return fail(nothing_released(environment));
  const Entry& active = situation.active()->entry;
  if (active.image.repository == environment.repository_text) {
    return fail(
        error(Errc::invalid_argument, "{} is in {} already", environment.name, environment.repository.str())
            .with_hint("change 'repository' of the environment in slipway.yaml first, or leave out --relocate"));
  }
  SLIPWAY_ASSIGN(Build build, recorded_build(request.project, environment, active, active.image.digest, services));
  SLIPWAY_TRY(require_complete(build, services));
  SLIPWAY_TRY(config_of(request.project, active, services));
  return draft_plan(request, situation, {Kind::config, std::move(build)}, config_of_entry(active), ledger, services);
}

}  // namespace

Result<Planned> plan_release(const ReleaseRequest& request, const std::optional<oci::Location>& build, Ledger& ledger,
                             const ReleaseServices& services) {
  SLIPWAY_ASSIGN(const Situation situation, read_situation(request, ledger, services));
  if (request.remarks.relocate) return plan_relocation(request, situation, ledger, services);
  SLIPWAY_ASSIGN(Choice choice, request.remarks.adopt ? choose_adopted(request, situation, build, services)
                                                      : choose_build(request, situation, build, services));
  return draft_today(request, situation, std::move(choice), ledger, services);
}

Result<Planned> plan_promote(const ReleaseRequest& request, const Environment& from, Ledger& ledger,
                             const ReleaseServices& services) {
  if (from.name == request.environment.name) {
    return fail(Error(Errc::invalid_argument, fmt::format("{} cannot be promoted to itself", from.name))
                    .with_hint(fmt::format("for a change of config: slipway release {} --same-build", from.name)));
  }
  ledger.require_everything_seen();
  SLIPWAY_ASSIGN(const auto source, ledger.head(request.project.app, from.name));
  if (!source) return fail(nothing_released(from));
  SLIPWAY_ASSIGN(const Situation situation, read_situation(request, ledger, services));
  SLIPWAY_ASSIGN(Build build,
                 recorded_build(request.project, from, source->entry, source->entry.build.digest, services));
  Choice choice{Kind::promote, std::move(build), Origin{from.name, source->entry.number, source->id}};
  return draft_today(request, situation, std::move(choice), ledger, services);
}

Result<Planned> plan_rollback(const ReleaseRequest& request, const RollbackTarget& target, Ledger& ledger,
                              const ReleaseServices& services) {
  const auto& [project, environment, remarks] = request;
  SLIPWAY_ASSIGN(const Situation situation, read_situation(request, ledger, services));
  if (is_interrupted_rollback(situation, target)) {
    const Entry& active = situation.active()->entry;
    SLIPWAY_ASSIGN(Build build, recorded_build(project, environment, active, active.image.digest, services));
    return draft_plan(request, situation, {Kind::rollback, std::move(build), active.from}, config_of_entry(active),
                      ledger, services);
  }
  SLIPWAY_ASSIGN(const Recorded* older, choose(situation.chain, environment, target, retired_in(situation.events)));
  SLIPWAY_ASSIGN(Build build, recorded_build(project, environment, older->entry, older->entry.image.digest, services));
  SLIPWAY_TRY(require_complete(build, services));
  // A release whose config is gone could not be run again.
  SLIPWAY_TRY(config_of(project, older->entry, services));
  Choice choice{Kind::rollback, std::move(build), Origin{environment.name, older->entry.number, older->id}};
  return draft_plan(request, situation, std::move(choice), config_of_entry(older->entry), ledger, services);
}

}  // namespace slipway::release
