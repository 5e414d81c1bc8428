#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>

#include "simulator/simulation.h"
#include "slipway/base/text.h"

namespace {

using slipway::sim::Outcome;
using slipway::sim::World;

struct Flags {
  std::uint64_t first = 1;
  std::uint64_t count = 0;          // 0: until the time is over
  std::chrono::seconds seconds{0};  // 0: until the count is reached
  std::string state;                // file with the next seed, so that a later run goes on
  bool trace = false;
  bool strict = false;
};

bool parse(int argc, char** argv, Flags& flags) {
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view name = argv[i];
    const auto number = slipway::parse_whole<std::uint64_t>(argv[i + 1]);
    if (name == "--state")
      flags.state = argv[i + 1];
    else if (!number)
      return false;
    else if (name == "--seed")
      flags.first = *number, flags.count = 1, flags.trace = true;
    else if (name == "--first")
      flags.first = *number;
    else if (name == "--count")
      flags.count = *number;
    else if (name == "--strict")
      flags.strict = *number != 0;
    else if (name == "--seconds")
      flags.seconds = std::chrono::seconds(*number);
    else
      return false;
  }
  return argc % 2 == 1 && (flags.count > 0 || flags.seconds.count() > 0);
}

void print(const Outcome& outcome) {
  for (const std::string& line : outcome.trace)
    fmt::print("{}\n", line);
}

}  // namespace

int main(int argc, char** argv) {
  Flags flags;
  if (!parse(argc, argv, flags)) {
    fmt::print(stderr, "usage: simulator [--seed N | --first N --count N | --seconds N] [--state FILE] [--strict 1]\n");
    return 2;
  }
  ::setenv("SLIPWAY_SIM_SECRET", "s3cr3t-that-must-not-leave", 1);
  std::uint64_t seed = flags.first;
  if (!flags.state.empty()) std::ifstream(flags.state) >> seed;
  const auto end = std::chrono::steady_clock::now() + flags.seconds;
  std::uint64_t runs = 0, steps = 0, releases = 0, deaths = 0, hands = 0;
  while (flags.count > 0 ? runs < flags.count : std::chrono::steady_clock::now() < end) {
    const Outcome outcome = slipway::sim::simulate({.seed = seed, .strict = flags.strict});
    if (flags.trace || outcome.failure) print(outcome);
    if (outcome.failure) {
      fmt::print("seed {} fails: {}\nrepeat it with: scripts/simulate --seed {}\n", seed, *outcome.failure, seed);
      return 1;
    }
    ++runs, ++seed;
    steps += outcome.steps;
    releases += static_cast<std::uint64_t>(outcome.acknowledged);
    deaths += static_cast<std::uint64_t>(outcome.deaths);
    hands += static_cast<std::uint64_t>(outcome.hands);
    if (!flags.state.empty()) std::ofstream(flags.state) << seed << "\n";
  }
  fmt::print("{} seeds hold: {} steps, {} releases, {} deaths, {} keep tags removed by hand; the next seed is {}\n",
             runs, steps, releases, deaths, hands, seed);
  return 0;
}
