#pragma once

#include <optional>
#include <string>
#include <vector>

#include "simulator/model_registry.h"
#include "slipway/release/event.h"
#include "slipway/release/services.h"

namespace slipway::sim {

/// A release that a command called made.
struct Acknowledged {
  std::string environment;
  release::Recorded recorded;
  std::string by;
};

/// The text that no document of the registry may hold.
inline constexpr const char* kSecret = "s3cr3t-that-must-not-leave";

/// Returns the invariant that does not hold, as a sentence; nothing when all do:
///
/// - the chain of every environment can be read and verified: one active release, numbers without gaps;
/// - every acknowledged release is in it, under its number, and its config is in the ledger's repository;
/// - an acknowledged release obeyed holds, did not bring back a build that was rolled back from, and lost no hotfix;
/// - nothing secret is in the registry.
std::optional<std::string> broken_invariant(ModelRegistry& registry, const release::ReleaseServices& truth,
                                            const release::Project& project, const std::vector<Acknowledged>& made);

}  // namespace slipway::sim
