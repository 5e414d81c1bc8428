#pragma once

#include <optional>
#include <string>
#include <vector>

#include "simulator/model_registry.h"

namespace slipway::sim {

/// The world of one run. Everything not said here is chosen by the seed.
struct World {
  std::uint64_t seed = 1;
  int machines = 3;      ///< folders with a state of their own
  int commands = 6;      ///< of each machine
  unsigned deaths = 20;  ///< in percent of the commands
  Habits habits;
  bool random_habits = true;  ///< the seed chooses the habits
  /// A known fault fails the run too: a writer that died elsewhere leaves the keep tag of a number that it never
  /// committed, and the next release of another build is refused until somebody removes the tag.
  bool strict = false;
};

/// The outcome of a run.
struct Outcome {
  std::optional<std::string> failure;  ///< the invariant that did not hold
  std::vector<std::string> trace;
  std::uint64_t steps = 0;
  int acknowledged = 0;  ///< releases that a command called made
  int deaths = 0;
  int hands = 0;  ///< keep tags of dead writers that had to be removed before the last command went through
};

/// Machines run release, promote, rollback, apply, approve, hold and unhold against one registry, then everything heals
/// and one more command runs for each environment. After every command it holds that
///
/// - the chain of every environment can be read and verified: one active release, numbers without gaps;
/// - every release that a command called made is in it, under its number;
/// - no command fails for another reason than a fault that it met, a race, a policy or a hold;
/// - nothing secret is in the registry;
///
/// and at the end that a command from a fresh machine succeeds, that the tag is on the active release's image, and that
/// verify finds no problem.
Outcome simulate(const World& world);

}  // namespace slipway::sim
