#pragma once

#include <string_view>
#include <vector>

// The switches of the simulator without mendings. switch_mendings.py puts them into copies of the sources.

namespace slipway::sim {

/// A mending of the release path: the name of the fault, and what comes back without it.
struct Mending {
  std::string_view name;
  std::string_view fault;
};

/// All mendings that have a switch.
const std::vector<Mending>& mendings();

/// Returns true while the mending with this name is taken out.
bool is_out(std::string_view name);

}  // namespace slipway::sim
