#pragma once

#include <set>
#include <string>

#include "simulator/model_registry.h"

namespace slipway::sim {

/// Returns the kind of an effect, without names that differ from run to run: "PUT entry in the ledger".
std::string kind_of_effect(const std::string& effect);

/// Returns what a tag or digest of a registry names: "entry", "config", "moving tag"; itself where nothing fits.
std::string kind_of_object(const std::string& object);

/// Adds "crash point; quirk; command" for a command that died before `effect`, for each quirk that the registry has.
void add_triples(const Habits& habits, const std::string& effect, const std::string& command,
                 std::set<std::string>& triples);

/// Returns the digest of all tags of all repositories.
std::string state_of(ModelRegistry& registry);

}  // namespace slipway::sim
