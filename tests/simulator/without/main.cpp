#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "simulator/invariants.h"
#include "simulator/simulation.h"
#include "simulator/without/switch.h"
#include "slipway/base/text.h"

// Takes mendings out, one at a time, and looks for the first seed that fails without each.

namespace slipway::sim {
namespace {

std::string_view out;

/// Returns false when no seed from 1 to `most` fails without the mending.
bool find(const Mending& mending, std::uint64_t most) {
  out = mending.name;
  for (std::uint64_t seed = 1; seed <= most; ++seed) {
    const Outcome outcome = simulate({.seed = seed});
    if (!outcome.failure) continue;
    fmt::print("{:10} found by seed {} ({}): {}\n", mending.name, seed, mending.fault, *outcome.failure);
    std::fflush(stdout);
    return true;
  }
  fmt::print("{:10} NOT FOUND by seeds 1 to {} ({})\n", mending.name, most, mending.fault);
  return false;
}

bool is_wanted(const Mending& mending, int argc, char** argv) {
  return std::any_of(argv + 2, argv + argc,
                     [&](const char* name) { return name == mending.name || name == std::string_view("all"); });
}

}  // namespace

bool is_out(std::string_view name) { return out == name; }

}  // namespace slipway::sim

int main(int argc, char** argv) {
  const auto most = argc < 3 ? std::nullopt : slipway::parse_whole<std::uint64_t>(argv[1]);
  if (!most) {
    fmt::print(stderr, "usage: simulator_without SEEDS all|NAME...\n");
    return 2;
  }
  ::setenv("SLIPWAY_SIM_SECRET", slipway::sim::kSecret, 1);
  int wanted = 0, found = 0;
  for (const slipway::sim::Mending& mending : slipway::sim::mendings()) {
    if (!slipway::sim::is_wanted(mending, argc, argv)) continue;
    ++wanted;
    found += slipway::sim::find(mending, *most) ? 1 : 0;
  }
  return wanted > 0 && found == wanted ? 0 : 1;
}
