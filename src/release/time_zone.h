#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "release/zone_rule.h"

namespace slipway::release {

/// The clock of one time zone, as zoneinfo describes it (TZif, RFC 8536). Immutable; any thread.
class TimeZone {
 public:
  /// Returns the zone of a name such as "Europe/Berlin": from the folder of TZDIR, from the system's, and last from the
  /// one that SLIPWAY_ZONES names, which the portable program sets. "UTC" needs no file. Nothing when no folder has the
  /// name, or its file is damaged or counts leap seconds.
  static std::optional<TimeZone> find(const std::string& name);

  /// Parses the bytes of a zone's file, of any version. Nothing when they are damaged or count leap seconds.
  static std::optional<TimeZone> parse(std::string_view bytes);

  /// Returns the seconds that the zone's clock is ahead of UTC at a moment, in seconds since 1970.
  std::int64_t offset_at(std::int64_t unix_seconds) const;

 private:
  struct Transition {
    std::int64_t at, offset;
  };

  std::vector<Transition> transitions_;  // by time
  std::int64_t first_offset_ = 0;        // before all of them
  std::optional<ZoneRule> rule_;         // after all of them
};

}  // namespace slipway::release
