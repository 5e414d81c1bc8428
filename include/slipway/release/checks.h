#pragma once

#include <string>
#include <vector>

#include "slipway/release/services.h"

/// The checks that `slipway doctor` runs on one environment: its ledger, its tags, its evidence and the state of this
/// machine. check_environment() only reads; its findings say what repair_environment() would do. That one takes the
/// environment's turn, checks again, and repairs what needs no decision.
namespace slipway::release {

/// One thing that is wrong, or out of date.
struct Finding {
  /// Who repairs it: nobody, because nothing depends on it; repair_environment(); a person, because it needs a
  /// decision.
  enum class Remedy { none, repair, person };
  std::string check;    ///< a short name for scripts, e.g. "unreadable-tag"
  std::string what;     ///< the finding, a sentence
  std::string meaning;  ///< its consequence, a sentence
  Remedy remedy = Remedy::none;
  std::string action;     ///< the repair, or the command for a person to run
  bool repaired = false;  ///< by repair_environment()
};

/// Checks everything that is recorded of the environment; the most important findings come first, and none means that
/// all is well. Fails when the question cannot be answered: Errc::network, unauthorized and such.
Result<std::vector<Finding>> check_environment(const Project& project, const Environment& environment,
                                               const ReleaseServices& services);

/// Repairs every finding whose remedy is `repair`, in the environment's turn. The active release stays the active one.
/// Returns all findings with `repaired` set; where a repair failed, `action` says why.
Result<std::vector<Finding>> repair_environment(const Project& project, const Environment& environment,
                                                const ReleaseServices& services);

/// Makes this machine forget the entries that it saw and that the ledger does not have: for a ledger that was begun
/// again on purpose. Changes nothing in the registry. Returns one finding for each entry; with `dry_run` nothing is
/// forgotten.
Result<std::vector<Finding>> forget_removed(const Project& project, const Environment& environment, bool dry_run,
                                            const ReleaseServices& services);

}  // namespace slipway::release
