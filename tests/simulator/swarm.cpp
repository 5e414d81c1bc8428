#include "simulator/swarm.h"

#include <fmt/ranges.h>

#include <iterator>

namespace slipway::sim {
namespace {

/// Those that a release cannot do without twice.
constexpr const char* kVictims[] = {"entry",     "entry", "entry",    "config",           "config",
                                    "intent",    "event", "keep tag", "tag written once", "moving tag",
                                    "moving tag"};

using Fault = unsigned Habits::*;
constexpr Fault kFaults[] = {&Habits::unreachable,   &Habits::lost_answers, &Habits::late_writes,
                             &Habits::dangling_tags, &Habits::empty_links,  &Habits::outages};

/// A quarter of the worlds have no faults, half of them broken tags of one kind and perhaps one more, the rest any of
/// them.
void choose_faults(Stage& stage, Habits& habits) {
  const std::uint64_t shape = stage.pick(4);
  if (shape == 0) return;
  if (shape < 3) {
    habits.victim = kVictims[stage.pick(std::size(kVictims))];
    habits.*(stage.chance(50) ? &Habits::dangling_tags : &Habits::empty_links) =
        static_cast<unsigned>(2 + stage.pick(5));
    if (stage.chance(50))
      habits.*kFaults[1 + stage.pick(std::size(kFaults) - 1)] = static_cast<unsigned>(1 + stage.pick(6));
    return;
  }
  for (const Fault fault : kFaults) {
    if (stage.chance(40)) habits.*fault = static_cast<unsigned>(stage.pick(10));
  }
}

Habits habits_of(Stage& stage) {
  Habits habits;
  choose_faults(stage, habits);
  habits.list_delay = stage.chance(30) ? static_cast<std::int64_t>(stage.pick(900)) : 0;
  habits.refuses_subjects = stage.chance(10);
  habits.collects = stage.chance(30);
  return habits;
}

/// Most worlds have half of the commands, some of them more often than others.
std::vector<std::string> commands_of(Stage& stage) {
  std::vector<std::string> chosen;
  const unsigned percent = stage.chance(25) ? 100 : 50;
  for (const std::string& name : all_commands()) {
    if (!stage.chance(percent)) continue;
    chosen.insert(chosen.end(), 1 + stage.pick(3), name);
  }
  // Nothing comes of commands on releases where nothing is released.
  chosen.insert(chosen.end(), 2 + chosen.size() / 5, "release");
  return chosen;
}

/// One machine and one environment: the turns of a release's life, which few of many machines live to see.
void live_a_life(Stage& stage, Swarm& swarm) {
  static const std::vector<std::string> kLives[] = {
      {"release", "release", "rollback", "hotfix", "config", "release"},
      {"release", "promote", "release", "promote", "rollback", "promote", "hotfix", "promote"},
      {"release", "hold", "config", "unhold", "retire", "rollback", "unhold", "doctor"},
      {"plan", "approve", "apply", "plan", "apply", "approve", "apply", "doctor"}};
  swarm.machines = 1;
  swarm.commands = kLives[stage.pick(std::size(kLives))];
  swarm.in_order = true;
  swarm.staging = stage.chance(50) ? 100 : 0;
  swarm.builds = 4;
}

/// A registry that dies while entries are written, and nobody who tidies up: what cannot be read piles up.
void fill_a_graveyard(Stage& stage, Swarm& swarm) {
  swarm.machines = 1;
  swarm.commands = {"release", "config"};
  swarm.habits = {.victim = "entry"};
  swarm.habits.*(stage.chance(50) ? &Habits::dangling_tags : &Habits::empty_links) = 7;
  swarm.staging = 100;
  swarm.builds = 4;
}

}  // namespace

const std::vector<std::string>& all_commands() {
  static const std::vector<std::string> names{"release", "promote", "rollback", "config", "hotfix", "plan",
                                              "approve", "apply",   "hold",     "unhold", "retire", "doctor"};
  return names;
}

Swarm swarm_of(Stage& stage) {
  constexpr std::uint64_t kPauses[] = {200, 500, 5'000, 30'000};
  Swarm swarm;
  swarm.habits = habits_of(stage);
  swarm.commands = commands_of(stage);
  // One machine gets far where nobody is in its way.
  swarm.machines = stage.chance(40) ? 1 : static_cast<int>(2 + stage.pick(2));
  swarm.deaths = static_cast<unsigned>(20 * stage.pick(3));
  swarm.pause = kPauses[stage.pick(std::size(kPauses))];
  swarm.rush = swarm.machines > 1 && stage.chance(40);
  swarm.edition = stage.chance(30) ? 2 : 1;
  swarm.staging = static_cast<unsigned>(20 + stage.pick(60));
  swarm.builds = 2 + stage.pick(4);
  swarm.configs = 1 + stage.pick(3);
  const std::uint64_t shape = stage.pick(20);
  if (shape < 5) live_a_life(stage, swarm);
  if (shape == 5 || shape == 6) fill_a_graveyard(stage, swarm);
  swarm.rush = swarm.rush && swarm.machines > 1;
  swarm.steps = 24 / swarm.machines;
  return swarm;
}

std::string describe(const Swarm& swarm) {
  const Habits& habits = swarm.habits;
  return fmt::format(
      "{} machines; of 100 requests {} unreachable, {} answers lost, {} writes late, {} tags dangle, {} links empty, "
      "{} outages, "
      "most of them for \"{}\"; lists {} ms late{}{}{}; commands: {}",
      swarm.machines, habits.unreachable, habits.lost_answers, habits.late_writes, habits.dangling_tags,
      habits.empty_links, habits.outages, habits.victim, habits.list_delay,
      habits.refuses_subjects ? "; refuses subjects" : "", habits.collects ? "; collects what is not tagged" : "",
      swarm.rush ? "; all at the same time" : "", fmt::join(swarm.commands, " "));
}

}  // namespace slipway::sim
