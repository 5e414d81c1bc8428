#pragma once

#include <chrono>
#include <cstdint>
#include <stop_token>
#include <string>
#include <string_view>

#include "slipway/base/result.h"

namespace slipway {

/// Time as the program sees it; tests put their own in. Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  /// Wall clock, whole seconds since 1970-01-01T00:00:00Z.
  virtual std::int64_t now() = 0;
  /// Monotonic clock for timeouts and token lifetimes.
  virtual std::chrono::milliseconds monotonic() = 0;
  /// Sleeps, or returns early with Errc::cancelled when asked to stop.
  virtual Status sleep(std::chrono::milliseconds duration, std::stop_token stop) = 0;
};

/// The machine's clock.
Clock& system_clock();

/// RFC 3339 in UTC without a fraction, e.g. "1970-01-01T00:00:00Z"; years 1 to 9999.
std::string format_time(std::int64_t unix_seconds);
/// Parses RFC 3339 (fraction dropped, offset applied); Errc::invalid_argument otherwise.
Result<std::int64_t> parse_time(std::string_view text);

}  // namespace slipway
