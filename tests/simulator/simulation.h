#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "simulator/model_registry.h"

namespace slipway::sim {

/// The world of one run. Everything not said here is chosen by the seed (swarm.h).
struct World {
  std::uint64_t seed = 1;
  bool contest = true;  ///< false takes out what excludes simultaneous writers (`ledger.settle: 0s`)
};

/// The outcome of a run.
struct Outcome {
  std::optional<std::string> failure;  ///< the invariant that did not hold
  std::vector<std::string> trace;
  std::uint64_t steps = 0;
  int acknowledged = 0;  ///< releases that a command called made
  int deaths = 0;
  std::set<std::string> triples;  ///< "crash point; quirk; command" of every death
  std::set<std::string> states;   ///< digests of the registry's tags after every command
};

/// Machines run release, promote, rollback, apply, approve, hold, unhold, retire and doctor --repair against one
/// registry, which may collect what no tag reaches; then everything heals and a fresh machine takes over. The
/// invariants (invariants.h) hold after every command, and no command fails for another reason than a fault that it
/// met, a race, a policy or a hold. At the end it holds for each environment that the fresh machine releases, that the
/// tag is on the active release's image, that verify finds no problem, and that doctor --repair leaves nothing to
/// repair. Nobody touches the registry by hand.
Outcome simulate(const World& world);

}  // namespace slipway::sim
