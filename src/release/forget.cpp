#include <set>

#include "release/entry_cache.h"
#include "slipway/release/checks.h"
#include "slipway/release/environment.h"

namespace slipway::release {

Result<std::vector<Finding>> forget_removed(const Project& project, const Environment& environment, bool dry_run,
                                            const ReleaseServices& services) {
  Ledger ledger = services.proving_ledger(project.ledger);
  SLIPWAY_ASSIGN(const Chain chain, ledger.read(project.app, environment.name));
  std::set<Digest> there;
  for (const auto* entries : {&chain.entries, &chain.forks}) {
    for (const Recorded& recorded : *entries)
      there.insert(recorded.id);
  }
  EntryCache memory({services.fs, services.seen_folder}, project.ledger.str(), project.app, environment.name);
  std::vector<Finding> findings;
  for (const Recorded& gone : memory.remove_if([&](const Recorded& seen) { return !there.contains(seen.id); })) {
    findings.push_back({.check = "removed-entry",
                        .what = fmt::format("v{} of {}, which this machine saw, is not in the ledger",
                                            gone.entry.number, environment.name),
                        .meaning = "the ledger was begun again",
                        .remedy = Finding::Remedy::repair,
                        .action = "forget it",
                        .repaired = !dry_run});
  }
  if (!dry_run) memory.save();
  return findings;
}

}  // namespace slipway::release
