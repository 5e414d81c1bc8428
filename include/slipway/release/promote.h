#pragma once

#include <filesystem>
#include <optional>
#include <stop_token>
#include <string>

#include "slipway/base/actor.h"
#include "slipway/base/clock.h"
#include "slipway/copy/copy.h"
#include "slipway/release/ledger.h"
#include "slipway/release/plan.h"
#include "slipway/release/sequencer.h"

namespace slipway::release {

/// Everything releasing needs from outside; pointers are kept alive by the caller.
struct Parts {
  store::Opener* opener = nullptr;
  FileSystem* fs = nullptr;
  Clock* clock = nullptr;
  Sequencer* sequencer = nullptr;
  Actor actor;
  std::string tool;                      ///< "slipway 0.1.0"
  std::filesystem::path project_folder;  ///< of slipway.yaml: where its programs run; may be empty
  std::filesystem::path state_folder;    ///< ".slipway": the journal
  std::filesystem::path seen_folder;     ///< entries this user saw; empty: they are read anew each time
  std::size_t lanes = 4;
  copy::Observer* observer = nullptr;
  std::stop_token stop;

  Ledger ledger(oci::Location location) const { return {*opener, std::move(location), {fs, seen_folder}}; }
};

/// What the user said beside the names.
struct Remarks {
  std::string reason;
  std::string bypass;
  bool adopt = false;  ///< what the environment's tag points to runs already and is recorded as it is
};

// Planning only reads. Whatever stands in the way (a policy, a tag that
// somebody moved, a lost ledger, a fork) is refused before there is a plan.

/// Binds a build (a location that names an image; nothing: the active one) to the environment's config of today. With
/// Remarks::adopt the build is what the environment's tag points to already: Errc::conflict when it is another.
Result<Plan> plan_release(const Project& project, const Environment& environment,
                          const std::optional<oci::Location>& build, const Remarks& remarks, const Parts& parts);

/// Releases to `to` the build that is active in `from`, taken from its ledger entry.
Result<Plan> plan_promote(const Project& project, const Environment& from, const Environment& to,
                          const Remarks& remarks, const Parts& parts);

/// Which release a rollback restores.
struct RollbackTarget {
  std::optional<std::int64_t> number;  ///< vN
  bool previous = false;               ///< --to-previous
};

/// A new release equal to an older one; by default the newest earlier one that differs from the
/// active one and was never rolled back from. Errc::not_found when it or its image is gone.
Result<Plan> plan_rollback(const Project& project, const Environment& environment, const RollbackTarget& target,
                           const Remarks& remarks, const Parts& parts);

/// Approvals that the plan lacks still, in words; empty when it may be applied.
Result<std::vector<std::string>> missing_approvals(const Plan& plan, const Parts& parts);

/// Errc::conflict when slipway.yaml says something else than when the plan was made: another policy or place.
Status require_current(const Plan& plan, const Project& project);

/// Does exactly what the plan says, in this order: journal, blobs and manifests, keep tags, config, entry,
/// evidence, moving tag. The entry is the commit. Judges the plan's policy once more. Errc::conflict when the ledger
/// or a tag is not as the plan expects. A release that a crash left unfinished is finished first; planned and
/// applied again after a crash, every release completes. Returns the release that is active afterwards.
Result<Recorded> apply(const Plan& plan, const Parts& parts);

}  // namespace slipway::release
