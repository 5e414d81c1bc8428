#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "slipway/base/digest.h"
#include "slipway/config/yaml.h"

namespace slipway::release {

/// A time in which nothing is released: each week ("Fri 16:00"), each day ("22:00") or once
/// ("2026-12-20 18:00"), both ends of one kind, on the clock of `zone`. `to` is the first minute that is free again.
struct Freeze {
  std::string from, to, zone;
  bool operator==(const Freeze&) const = default;
};

/// Errc::invalid_argument for an unknown time zone or a malformed time.
Status check_freeze(const Freeze& freeze);
/// Returns true if `unix_seconds` is inside; always true for a freeze that check_freeze() refuses.
bool is_frozen(const Freeze& freeze, std::int64_t unix_seconds);
/// Returns the first minute after `unix_seconds` that is outside, in unix seconds; nullopt for a freeze that
/// check_freeze() refuses. `unix_seconds` must be inside.
std::optional<std::int64_t> freeze_end(const Freeze& freeze, std::int64_t unix_seconds);

/// The rules of `policy` in slipway.yaml (docs/SLIPWAY_YAML.md). Times are in seconds; 0 or empty means no rule. A
/// value.
struct PolicyRules {
  std::int64_t soak = 0;                           ///< the build must be active for so long in Environment::after
  std::int64_t max_age = 0;                        ///< of the build
  std::vector<std::string> platforms;              ///< that the build must have
  std::vector<std::string> deny;                   ///< digests of builds that must not be released
  std::map<std::string, std::string> annotations;  ///< that the build must have; an empty value is any
  std::vector<Freeze> freeze;
  std::int64_t approvals = 0;          ///< so many people other than the author of the plan must approve it
  std::vector<std::string> approvers;  ///< only theirs count; empty: everybody's
  std::vector<std::string> exec;       ///< argv of a program that judges, too
  bool strict_rollback = false;        ///< rollbacks are judged by all rules
  bool operator==(const PolicyRules&) const = default;
};

/// Parses "90s", "15m", "1h", "7d", "2w" to seconds, at most ten years; Errc::invalid_argument.
Result<std::int64_t> parse_duration(std::string_view text);
/// Returns seconds as text for people: "1h 30m".
std::string format_duration(std::int64_t seconds);

/// Decodes the mapping `policy`, called `what` in messages; problems go to `diagnostics`.
PolicyRules decode_policy_rules(const config::Node& node, const std::string& what, Diagnostics& diagnostics);

}  // namespace slipway::release
