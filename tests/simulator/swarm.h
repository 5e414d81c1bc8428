#pragma once

#include <string>
#include <vector>

#include "simulator/model_registry.h"

namespace slipway::sim {

/// A world of one seed. Each seed leaves quirks and commands out, so that the others meet more often than in a world
/// that has all of them (swarm testing).
struct Swarm {
  Habits habits;
  std::vector<std::string> commands;  ///< a machine picks among these; names as often as they are to be picked
  bool in_order = false;              ///< a machine runs them one after the other, round and round
  int machines = 3;                   ///< folders with a state of their own
  int steps = 8;                      ///< commands of each machine
  unsigned deaths = 20;               ///< in percent of the commands
  std::uint64_t pause = 500;          ///< most milliseconds between two commands of a machine
  std::int64_t edition = 1;           ///< 2: the first release raises the fence
  bool rush = false;                  ///< all machines start the same command at the same time, round by round
  unsigned staging = 50;              ///< percent of the commands that are about staging
  std::uint64_t builds = 5;           ///< different images
  std::uint64_t configs = 3;          ///< different configs of an environment
};

/// Names of all commands, each once.
const std::vector<std::string>& all_commands();

/// Chooses a world by the stage's seed.
Swarm swarm_of(Stage& stage);

/// Returns the world as one line of a trace.
std::string describe(const Swarm& swarm);

}  // namespace slipway::sim
