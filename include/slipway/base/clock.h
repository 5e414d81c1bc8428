#pragma once

#include <chrono>
#include <cstdint>
#include <stop_token>
#include <string>
#include <string_view>

#include "slipway/base/result.h"

namespace slipway {

/// The time as the program sees it; tests pass their own. Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  /// Returns the wall clock's time: whole seconds since 1970-01-01T00:00:00Z. It may jump.
  virtual std::int64_t now() = 0;
  /// Returns the time of a clock that never goes back, for timeouts and token lifetimes. It counts while the machine is
  /// suspended.
  virtual std::chrono::milliseconds monotonic() = 0;
  /// Sleeps in the caller's thread; Errc::cancelled as soon as a stop is requested.
  virtual Status sleep(std::chrono::milliseconds duration, std::stop_token stop) = 0;
};

/// Returns the machine's clock, which lives as long as the process.
Clock& system_clock();

/// Returns RFC 3339 text in UTC without a fraction, e.g. "1970-01-01T00:00:00Z". Times outside of the years 1 to 9999
/// become the nearest one inside.
std::string format_time(std::int64_t unix_seconds);
/// Parses RFC 3339 (fraction dropped, offset applied); Errc::invalid_argument otherwise.
Result<std::int64_t> parse_time(std::string_view text);

}  // namespace slipway
