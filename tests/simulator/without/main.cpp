#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <optional>

#include "simulator/invariants.h"
#include "simulator/simulation.h"
#include "simulator/without/switch.h"
#include "slipway/base/text.h"

// Takes mendings out, one at a time, and looks for the first seed that fails without each.

namespace slipway::sim {
namespace {

std::string_view out;

/// Returns false when no seed from `first` to `most` fails without the mending.
bool find(const Mending& mending, std::uint64_t first, std::uint64_t most) {
  out = mending.name;
  for (std::uint64_t seed = first; seed <= most; ++seed) {
    const Outcome outcome = simulate({.seed = seed});
    if (!outcome.failure) continue;
    fmt::print("{:10} found by seed {} ({}): {}\n", mending.name, seed, mending.fault, *outcome.failure);
    std::fflush(stdout);
    return true;
  }
  fmt::print("{:10} NOT FOUND by seeds {} to {} ({})\n", mending.name, first, most, mending.fault);
  return false;
}

/// Returns the seed to begin with, from "NAME" (1) or "NAME@FIRST"; none for a mending that is not asked for.
std::optional<std::uint64_t> first_seed(const Mending& mending, int argc, char** argv) {
  for (int i = 2; i < argc; ++i) {
    const std::string_view word = argv[i];
    const std::size_t at = std::min(word.find('@'), word.size());
    if (word.substr(0, at) != mending.name && word.substr(0, at) != "all") continue;
    return at == word.size() ? 1 : parse_whole<std::uint64_t>(word.substr(at + 1));
  }
  return std::nullopt;
}

}  // namespace

bool is_out(std::string_view name) { return out == name; }

}  // namespace slipway::sim

int main(int argc, char** argv) {
  const auto most = argc < 3 ? std::nullopt : slipway::parse_whole<std::uint64_t>(argv[1]);
  if (!most) {
    fmt::print(stderr, "usage: simulator_without LAST all|NAME[@FIRST]...\n");
    return 2;
  }
  ::setenv("SLIPWAY_SIM_SECRET", slipway::sim::kSecret, 1);
  int wanted = 0, found = 0;
  for (const slipway::sim::Mending& mending : slipway::sim::mendings()) {
    const auto first = slipway::sim::first_seed(mending, argc, argv);
    if (!first) continue;
    ++wanted;
    found += slipway::sim::find(mending, *first, *most) ? 1 : 0;
  }
  return wanted > 0 && found == wanted ? 0 : 1;
}
