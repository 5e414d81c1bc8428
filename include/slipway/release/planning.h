#pragma once

#include <optional>
#include <string>

#include "slipway/release/plan.h"
#include "slipway/release/policy.h"
#include "slipway/release/services.h"

// Planning turns a request into a Plan and only reads: the ledger, the environment's tag, the config's files and the
// build's documents. Anything that stands in the way (a policy, a tag that somebody moved, a lost ledger, a fork) is
// an error before there is a plan; only a reason that time removes (a soak, a freeze) does not keep anybody from
// planning and approving: it stands in Planned::not_yet, and apply() refuses until it is over. A plan is carried out by
// apply() (apply.h):
//
//   Ledger ledger = services.ledger(project.ledger);
//   SLIPWAY_ASSIGN(const Planned planned, plan_promote({project, production, remarks}, staging, ledger, services));
//   SLIPWAY_ASSIGN(const Recorded released, apply(planned, ledger, services));
//
// Cost: one list of the ledger's tags, and one request for each entry that was never seen before; apply() goes on with
// the same view of the ledger.

namespace slipway::release {

struct LayerImage;

/// The free text and the flags of a request.
struct Remarks {
  std::string reason;
  std::string bypass;
  bool adopt = false;                            ///< record the image that the environment's tag points to already
  std::optional<std::int64_t> replaces{};        ///< the bypassed release that may be lost
  std::optional<std::int64_t> after_rollback{};  ///< the rollback whose build may come back
};

/// Who wants a release of which environment; the project and the environment must outlive it.
struct ReleaseRequest {
  const Project& project;
  const Environment& environment;
  Remarks remarks{};
};

/// A plan with what was found out while it was made, or a plan that was read back from a file.
struct Planned {
  Plan plan;
  std::vector<Error> warnings{};               ///< for whoever shows the plan
  std::shared_ptr<const LayerImage> layers{};  ///< layer mode: the derived image, so that it is not derived twice
  bool stored = false;                         ///< read from a file: apply() looks at the tags again
  std::vector<Reason> not_yet{};               ///< reasons that time removes: apply() refuses while they stand
  std::optional<Recorded> replaces{};          ///< the release that is active now
};

/// Plans to bind a build to the environment's config of today. `build` names an image; without it the active build
/// stays. With Remarks::adopt the build is the image that the environment's tag points to: Errc::conflict when that is
/// another one.
Result<Planned> plan_release(const ReleaseRequest& request, const std::optional<oci::Location>& build, Ledger& ledger,
                             const ReleaseServices& services);

/// Plans to release to the request's environment the build that is active in `from`, taken from its ledger entry.
Result<Planned> plan_promote(const ReleaseRequest& request, const Environment& from, Ledger& ledger,
                             const ReleaseServices& services);

/// The release that a rollback restores.
struct RollbackTarget {
  std::optional<std::int64_t> number;  ///< vN
  bool previous = false;               ///< --to-previous
};

/// Plans a new release equal to an older one; by default the newest earlier one that differs from the active one and
/// was never rolled back from. Errc::not_found when that release or its image is gone.
Result<Planned> plan_rollback(const ReleaseRequest& request, const RollbackTarget& target, Ledger& ledger,
                              const ReleaseServices& services);

}  // namespace slipway::release
