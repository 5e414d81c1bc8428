#pragma once

#include <optional>
#include <vector>

#include "release/build_finder.h"
#include "release/layer_image.h"
#include "slipway/release/policy.h"

namespace slipway::release {

/// Makes one plan; only reads. The project, environment and parts must outlive it.
class Planner {
 public:
  Planner(const Project& project, const Environment& environment, const Remarks& remarks, const Parts& parts)
      : project_(project),
        environment_(environment),
        remarks_(remarks),
        parts_(parts),
        mode_(environment.mode),
        ledger_(parts.ledger(project.ledger)) {}

  /// Reads ledger and tag, and refuses what must be refused whatever the plan.
  Status begin();
  Ledger& ledger() { return ledger_; }
  const Chain& chain() const { return chain_; }
  const Recorded* active() const { return chain_.head(); }
  /// What the moving tag points to.
  const std::optional<Digest>& tag_now() const { return tag_now_; }
  /// The active release was committed by a run that did not get to its end.
  bool unfinished() const { return finish_active_; }

  /// A release of `build` with the environment's config as its files say today.
  Result<Plan> plan_today(Kind kind, Build build, std::optional<Origin> from);
  /// A release of the image and config of an older one.
  Result<Plan> plan_recorded(Kind kind, Build image, const Entry& older, std::optional<Origin> from);

 private:
  Result<std::int64_t> highest_kept() const;
  Status refuse_lost_ledger();
  Result<std::shared_ptr<const LayerImage>> lay_config_on(const Build& build, const ConfigValues& values,
                                                          const Digest& config);
  Entry next_entry(Kind kind, const Build& build, Digest config, std::optional<Origin> from) const;
  Result<std::vector<std::string>> fixed_tags(const Entry& entry, const Build& build) const;
  Status require_free_tags(const Plan& plan) const;
  Result<Plan> plan(Kind kind, Build build, Digest config, std::optional<ConfigValues> values,
                    std::optional<Origin> from, std::shared_ptr<const LayerImage> layers);

  const Project& project_;
  const Environment& environment_;
  const Remarks& remarks_;
  const Parts& parts_;
  Mode mode_;
  Ledger ledger_;
  Chain chain_;
  std::optional<Digest> tag_now_;
  bool finish_active_ = false;
  std::int64_t first_number_ = 1;  ///< numbers never repeat, also when the ledger was lost
  std::vector<Error> warnings_;
};

}  // namespace slipway::release
