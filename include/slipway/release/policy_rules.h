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

/// Errc::invalid_argument for an unknown zone or a time that is none.
Status check_freeze(const Freeze& freeze);
/// Whether `unix_seconds` is inside; a freeze that check_freeze refuses holds always.
bool is_frozen(const Freeze& freeze, std::int64_t unix_seconds);
/// Returns the first minute after `unix_seconds` that is free again; nothing for a freeze that check_freeze refuses.
/// `unix_seconds` must be inside.
std::optional<std::int64_t> freeze_end(const Freeze& freeze, std::int64_t unix_seconds);

/// The rules of slipway.yaml's `policy`; times in seconds, 0 stands for no rule.
struct PolicyRules {
  std::int64_t soak = 0;                           ///< how long the build must be active in what comes before
  std::int64_t max_age = 0;                        ///< of the build
  std::vector<std::string> platforms;              ///< that the build must have
  std::vector<std::string> deny;                   ///< digests of builds that may not run
  std::map<std::string, std::string> annotations;  ///< that the build must have; an empty value is any
  std::vector<Freeze> freeze;
  std::int64_t approvals = 0;          ///< by so many others than the author of the plan
  std::vector<std::string> approvers;  ///< only theirs count; none: everybody's
  std::vector<std::string> exec;       ///< argv of a program that is asked too
  bool strict_rollback = false;
  bool operator==(const PolicyRules&) const = default;
};

/// "90s", "15m", "1h", "7d", "2w"; Errc::invalid_argument.
Result<std::int64_t> parse_duration(std::string_view text);
/// The same in words for people: "1h 30m".
std::string format_duration(std::int64_t seconds);

/// Decodes `policy`.
PolicyRules decode_policy_rules(const config::Node& node, const std::string& what, Diagnostics& diagnostics);

}  // namespace slipway::release
