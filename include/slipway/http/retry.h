#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "slipway/base/clock.h"
#include "slipway/base/rng.h"

namespace slipway::http {

/// How often and how long to try. The pause before retry N is a random time below base * 2^(N-1), at most `ceiling`.
struct RetryPolicy {
  int tries = 5;  ///< in all, the first one included
  std::chrono::milliseconds base{200};
  std::chrono::milliseconds base_when_limited{2'000};  ///< in place of `base` for 429 and 503
  std::chrono::milliseconds ceiling{30'000};
  std::chrono::milliseconds retry_after_ceiling{60'000};  ///< a longer Retry-After ends the tries
};

/// Returns true for statuses that another try may change: 408, 429, 499, 500, 502, 503, 504, 522.
bool is_retryable(int status);

/// Returns how long to wait before retry number `attempt`, counted from 1: exponential with full jitter, but at least
/// `retry_after`. nullopt when that exceeds its ceiling or the tries are used up. `status` is 0 without an
/// answer.
std::optional<std::chrono::milliseconds> retry_delay(const RetryPolicy& policy, int attempt, int status,
                                                     std::optional<std::chrono::milliseconds> retry_after, Rng& rng);

/// Parses Retry-After as seconds or HTTP-date (RFC 9110 section 10.2.3); `now` in unix seconds. nullopt for a malformed
/// value and a time that has passed.
std::optional<std::chrono::milliseconds> parse_retry_after(std::string_view value, std::int64_t now);

}  // namespace slipway::http
