#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "simulator/invariants.h"
#include "simulator/simulation.h"
#include "slipway/base/text.h"

namespace {

using slipway::sim::Outcome;
using slipway::sim::World;

struct Flags {
  std::uint64_t first = 1;
  std::uint64_t count = 0;          // 0: until the time is over
  std::chrono::seconds seconds{0};  // 0: until the count is reached
  std::string state;                // what was done so far, so that a later run goes on
  bool trace = false;
  bool contest = true;
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
    else if (name == "--contest")
      flags.contest = *number != 0;
    else if (name == "--seconds")
      flags.seconds = std::chrono::seconds(*number);
    else
      return false;
  }
  return argc % 2 == 1 && (flags.count > 0 || flags.seconds.count() > 0);
}

/// The sums over all runs, kept in the state file: one number a line, then one triple or state a line.
struct Sums {
  std::uint64_t next = 1, runs = 0, steps = 0, releases = 0, deaths = 0;
  std::set<std::string> triples, states;

  void add(Outcome outcome) {
    ++runs, ++next;
    steps += outcome.steps;
    releases += static_cast<std::uint64_t>(outcome.acknowledged);
    deaths += static_cast<std::uint64_t>(outcome.deaths);
    triples.merge(outcome.triples);
    states.merge(outcome.states);
  }
  void load(const std::string& file) {
    std::ifstream in(file);
    if (!(in >> next >> runs >> steps >> releases >> deaths)) return;
    for (std::string line; std::getline(in, line);) {
      if (!line.empty()) (line.find(';') == std::string::npos ? states : triples).insert(line);
    }
  }
  void save(const std::string& file) const {
    const std::string draft = file + ".new";
    {
      std::ofstream out(draft);
      out << next << "\n" << runs << "\n" << steps << "\n" << releases << "\n" << deaths << "\n";
      for (const auto* lines : {&triples, &states}) {
        for (const std::string& line : *lines)
          out << line << "\n";
      }
    }
    (void)std::rename(draft.c_str(), file.c_str());
  }
  void print() const {
    fmt::print(
        "{} seeds hold: {} steps, {} releases, {} deaths, {} distinct states, {} distinct triples of crash point, "
        "quirk and command; the next seed is {}\n",
        runs, steps, releases, deaths, states.size(), triples.size(), next);
  }
};

void print_failure(std::uint64_t seed, const Outcome& outcome) {
  for (const std::string& line : outcome.trace)
    fmt::print("{}\n", line);
  fmt::print("seed {} fails: {}\nrepeat it with: scripts/simulate --seed {}\n", seed, *outcome.failure, seed);
}

int run(const Flags& flags) {
  Sums sums;
  sums.next = flags.first;
  if (!flags.state.empty()) sums.load(flags.state);
  const auto end = std::chrono::steady_clock::now() + flags.seconds;
  const std::uint64_t before = sums.runs;
  while (flags.count > 0 ? sums.runs - before < flags.count : std::chrono::steady_clock::now() < end) {
    Outcome outcome = slipway::sim::simulate({.seed = sums.next, .contest = flags.contest});
    if (outcome.failure) {
      print_failure(sums.next, outcome);
      return 1;
    }
    if (flags.trace) fmt::print("{}\n", fmt::join(outcome.trace, "\n"));
    sums.add(std::move(outcome));
    if (!flags.state.empty() && sums.runs % 64 == 0) sums.save(flags.state);
  }
  if (!flags.state.empty()) sums.save(flags.state);
  sums.print();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Flags flags;
  if (!parse(argc, argv, flags)) {
    fmt::print(stderr,
               "usage: simulator [--seed N | --first N --count N | --seconds N] [--state FILE] [--contest 0]\n");
    return 2;
  }
  ::setenv("SLIPWAY_SIM_SECRET", slipway::sim::kSecret, 1);
  return run(flags);
}
