#include "release/settlement.h"

#include "release/apply_in_turn.h"
#include "release/plan_draft.h"

namespace slipway::release {

Status settle_forks(const Project& project, const Environment& environment, const ReleaseServices& services) {
  Ledger ledger = services.ledger(project.ledger);
  const ReleaseRequest request{project, environment, {.reason = "records who lost a race", .bypass = {}}};
  SLIPWAY_ASSIGN(const Situation situation, read_situation(request, ledger, services));
  if (situation.active() == nullptr) return {};
  const Entry& active = situation.active()->entry;
  SLIPWAY_ASSIGN(Build build, recorded_build(project, environment, active, active.image.digest, services));
  SLIPWAY_ASSIGN(const Planned planned, draft_plan(request, situation, {Kind::config, std::move(build)},
                                                   config_of_entry(active), ledger, services));
  if (!planned.plan.changed) return {};
  SLIPWAY_TRY(apply_in_turn(planned, ledger, services));
  return {};
}

}  // namespace slipway::release
