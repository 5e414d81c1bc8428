#pragma once

#include <optional>
#include <vector>

#include "release/build_finder.h"
#include "release/layer_image.h"
#include "slipway/release/event.h"
#include "slipway/release/planning.h"

// The stages of planning, each a function from value to value:
//
//   read_situation -> (a choice of build) -> config_of_today or config_of_entry -> draft_plan

namespace slipway::release {

/// The state of one environment before a release.
struct Situation {
  Chain chain;
  std::optional<Digest> tag_now;  ///< the digest that the moving tag points to
  bool finish_active = false;     ///< the active release was committed by a run that did not get to its end
  std::int64_t next_number = 1;   ///< numbers never repeat, also when the ledger was lost
  std::vector<Event> events{};    ///< what people recorded about the environment
  bool hold_lasts = false;        ///< a rollback holds the environment, and nobody lifted that
  /// The plan that this machine began to carry out and did not finish.
  std::optional<Plan> unfinished{};

  const Recorded* active() const { return chain.head(); }
};

/// Reads ledger, tag and journal, and refuses whatever must be refused for every plan: a secret in the remarks, a
/// moved tag, a lost ledger. Errc::invalid_argument, conflict.
Result<Situation> read_situation(const ReleaseRequest& request, Ledger& ledger, const ReleaseServices& services);

/// The build to release, why, and the release it comes from.
struct Choice {
  Kind kind = Kind::release;
  Build build;
  std::optional<Origin> from{};
};

/// The config that a release binds to its build.
struct BoundConfig {
  Digest manifest;  ///< of the config artifact
  Mode mode = Mode::env_file;
  std::optional<ConfigValues> values{};        ///< nothing: the artifact is in the ledger already
  std::shared_ptr<const LayerImage> layers{};  ///< layer mode: build and config as one image
  std::vector<Error> warnings{};
};

/// Reads the environment's config files and, in layer mode, derives the image.
Result<BoundConfig> config_of_today(const Environment& environment, const Build& build,
                                    const ReleaseServices& services);
/// The config of an older release, as it is in the ledger.
BoundConfig config_of_entry(const Entry& entry);

/// Puts the plan together, judges it by the environment's policy and looks whether its tags are free.
/// Errc::policy_denied, conflict.
Result<Planned> draft_plan(const ReleaseRequest& request, const Situation& situation, Choice choice, BoundConfig config,
                           Ledger& ledger, const ReleaseServices& services);

}  // namespace slipway::release
