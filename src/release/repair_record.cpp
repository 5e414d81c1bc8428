#include "release/repair_record.h"

#include <algorithm>
#include <set>

#include "slipway/release/environment.h"
#include "slipway/release/event.h"

namespace slipway::release {
namespace {

/// The checks whose findings were repaired in a registry, each once.
std::string repaired_checks(const std::vector<Finding>& findings) {
  std::set<std::string> names;
  for (const Finding& finding : findings) {
    if (finding.repaired && finding.check != "journal") names.insert(finding.check);
  }
  return fmt::format("{}", fmt::join(names, ", "));
}

}  // namespace

Status record_repair(const Project& project, const Environment& environment, const std::vector<Finding>& findings,
                     const ReleaseServices& services) {
  const std::string checks = repaired_checks(findings);
  if (checks.empty()) return {};
  Ledger ledger = services.proving_ledger(project.ledger);
  EventLog log(ledger);
  SLIPWAY_ASSIGN(const auto events, log.read(project.app, environment.name));
  const auto is_fence = [](const Event& event) { return event.kind == EventKind::edition; };
  if (std::none_of(events.begin(), events.end(), is_fence)) return {};
  Event event{.app = project.app, .environment = environment.name, .kind = EventKind::repair};
  SLIPWAY_ASSIGN(const auto head, ledger.head(project.app, environment.name));
  if (head) event.entry = head->id;
  event.actor = services.actor.name;
  event.reason = checks;
  event.time = services.clock->now();
  event.tool = services.tool;
  SLIPWAY_TRY(log.append(std::move(event)));
  return {};
}

}  // namespace slipway::release
