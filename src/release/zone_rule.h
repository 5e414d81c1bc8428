#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

namespace slipway::release {

/// The rule by which a zone's clock changes in years that its table does not list: a POSIX TZ string such as
/// "CET-1CEST,M3.5.0,M10.5.0/3", with the hours from -167 to 167 of RFC 8536 section 3.3.1. Immutable; any thread.
class ZoneRule {
 public:
  /// Parses a whole TZ string. Nothing when it is malformed.
  static std::optional<ZoneRule> parse(std::string_view text);

  /// Returns the seconds that the clock is ahead of UTC at a moment, in seconds since 1970.
  std::int64_t offset_at(std::int64_t unix_seconds) const;

  /// A moment of every year, on the clock that is valid before it.
  struct Change {
    enum class Day { of_month, of_year, of_year_without_leap_day } day;
    unsigned month, week, number;  // number: weekday from Sunday, or day of the year
    std::int64_t seconds;          // after that day's midnight

    /// Returns the moment in a year, as seconds since 1970 on that clock.
    std::int64_t in_year(int year) const;
  };

 private:
  std::int64_t standard_ = 0, summer_ = 0;
  std::optional<std::pair<Change, Change>> changes_;
};

}  // namespace slipway::release
