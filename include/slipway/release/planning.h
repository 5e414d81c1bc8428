#pragma once

#include <optional>
#include <string>

#include "slipway/release/plan.h"
#include "slipway/release/policy.h"
#include "slipway/release/services.h"

/// Planning turns a request into a Plan and only reads: the ledger, the environment's tag, the config's files and the
/// build's documents. Anything that stands in the way (a policy, a tag that somebody moved, a lost ledger, a fork) is
/// an error before there is a plan. Reasons that time removes (a soak, a freeze) are not: such a plan can be stored and
/// approved; it has them in Planned::not_yet, and apply() (apply.h) refuses until they are over.
///
/// Example: a promotion, from the request to the entry.
///
///     Result<release::Recorded> promote(const release::Project& project, const release::ReleaseServices& services) {
///       SLIPWAY_ASSIGN(const release::Environment* const from, project.require("staging"));
///       SLIPWAY_ASSIGN(const release::Environment* const to, project.require("production"));
///       release::Ledger ledger = services.ledger(project.ledger);
///       SLIPWAY_ASSIGN(const auto planned, release::plan_promote({project, *to}, *from, ledger, services));
///       return release::apply(planned, ledger, services);
///     }
///
/// Cost: one list of the ledger's tags, and one request for each entry that was never seen before; apply() continues
/// with the same view of the ledger. Threads: one at a time for each Ledger. Errors: Errc::policy_denied with every
/// reason, conflict for a tag or ledger that is not as recorded, not_found for a build, release or environment that
/// does not exist; problems of config files are one Errc::invalid_argument with all their places.
namespace slipway::release {

struct LayerImage;

/// The free text and the options of a request, as given on the command line.
struct Remarks {
  std::string reason;
  std::string bypass;
  bool relocate = false;                         ///< bring the active release to the environment's repository of today
  bool adopt = false;                            ///< record the image that the environment's tag points to already
  std::optional<std::int64_t> replaces{};        ///< --replaces: the release made with a bypass that is replaced
  std::optional<std::int64_t> after_rollback{};  ///< --after-rollback: the rollback from a build that is released again
};

/// A request for a release to one environment; project and environment are kept alive by the caller.
struct ReleaseRequest {
  const Project& project;
  const Environment& environment;
  Remarks remarks{};
};

/// A plan with the findings of planning, or a plan that was read from a file (then only `stored` is set).
struct Planned {
  Plan plan;
  std::vector<Error> warnings{};               ///< to be shown with the plan
  std::shared_ptr<const LayerImage> layers{};  ///< layer mode: the derived image, kept for apply()
  bool stored = false;                         ///< read from a file: apply() looks at the tags again
  std::vector<Reason> not_yet{};               ///< reasons that time removes: apply() refuses until then
  std::optional<Recorded> replaces{};          ///< the release that is active now
};

/// Plans a release of a build with the environment's current config files. `build` is an image's location; nullopt
/// keeps the active build. With Remarks::adopt the image that the environment's tag points to is recorded as it is:
/// Errc::conflict when `build` is another one.
Result<Planned> plan_release(const ReleaseRequest& request, const std::optional<oci::Location>& build, Ledger& ledger,
                             const ReleaseServices& services);

/// Plans to release to the request's environment the build that is active in `from`, taken from its ledger entry.
Result<Planned> plan_promote(const ReleaseRequest& request, const Environment& from, Ledger& ledger,
                             const ReleaseServices& services);

/// The release that a rollback restores.
struct RollbackTarget {
  std::optional<std::int64_t> number;  ///< vN; nullopt: chosen by plan_rollback()
  bool previous = false;               ///< --to-previous: the release before the active one, whatever it is
};

/// Plans a new release with build and config of an earlier one: by default the newest that differs from the active one
/// and that no rollback went back from. Errc::not_found when that release or its image is gone.
Result<Planned> plan_rollback(const ReleaseRequest& request, const RollbackTarget& target, Ledger& ledger,
                              const ReleaseServices& services);

}  // namespace slipway::release
