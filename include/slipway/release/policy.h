#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "slipway/release/environment.h"
#include "slipway/release/plan.h"

namespace slipway::release {

/// What is known about the world when a plan is judged; gathered before, never by the policy.
struct Facts {
  std::map<std::string, std::optional<Digest>> active_builds;  ///< environment -> its active build
  std::int64_t now = 0;
};

/// The rules of one environment. Pure: no I/O, the same answer for the same question.
class Policy {
 public:
  explicit Policy(const Environment& environment) : after_(environment.after), any_(environment.after_any) {}
  /// Reads what canonical() wrote. Errc::malformed; invalid_argument for rules this version does not know.
  static Result<Policy> parse(std::string_view json);
  /// Every reason against the plan; empty means allowed. A rollback is not held up by `after`.
  std::vector<std::string> judge(const Plan& plan, const Facts& facts) const;
  /// Canonical JSON of the rules; its digest is recorded in entries.
  Result<std::string> canonical() const;
  /// The environments whose active builds judge() needs to know.
  const std::vector<std::string>& upstreams() const { return after_; }

 private:
  Policy(std::vector<std::string> after, bool any) : after_(std::move(after)), any_(any) {}
  std::vector<std::string> after_;
  bool any_;
};

/// Success, or Errc::policy_denied with all reasons; a plan with a bypass passes.
Status enforce(const Policy& policy, const Plan& plan, const Facts& facts);

}  // namespace slipway::release
