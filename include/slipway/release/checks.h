#pragma once

#include <string>
#include <vector>

#include "slipway/release/services.h"

// The checks that `slipway doctor` runs on one environment: its ledger, its tags, its evidence and the state of this
// machine. check_environment() only reads; its findings are the plan of what repair() would do. repair() takes the
// environment's turn, checks again, and mends what needs no decision:
//
//   SLIPWAY_ASSIGN(const std::vector<Finding> findings, check_environment(project, environment, services));
//   if (can_repair(findings)) SLIPWAY_ASSIGN(const auto left, repair_environment(project, environment, services));

namespace slipway::release {

/// One thing that is not as it should be.
struct Finding {
  /// How it can be mended: not at all, because nothing needs it; by repair(); by a person who decides.
  enum class Remedy { none, repair, person };
  std::string check;    ///< a short name for scripts, e.g. "unreadable-tag"
  std::string what;     ///< the finding, a sentence
  std::string meaning;  ///< its consequence, a sentence
  Remedy remedy = Remedy::none;
  std::string action;     ///< the repair, or the command for a person to run
  bool repaired = false;  ///< by repair_environment()
};

/// Looks at everything that is recorded of the environment, in the order of importance. Fails only where nothing can be
/// said (network, permissions).
Result<std::vector<Finding>> check_environment(const Project& project, const Environment& environment,
                                               const ReleaseServices& services);

/// Mends every finding whose remedy is `repair`, under the environment's turn; the release that is active before is
/// active afterwards. Returns the findings with `repaired` set; what could not be mended keeps its reason in `action`.
Result<std::vector<Finding>> repair_environment(const Project& project, const Environment& environment,
                                                const ReleaseServices& services);

}  // namespace slipway::release
