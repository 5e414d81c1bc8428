#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "slipway/base/clock.h"
#include "slipway/base/rng.h"

namespace slipway::http {

struct RetryPolicy {
  int tries = 5;
  std::chrono::milliseconds base{200};
  std::chrono::milliseconds base_when_limited{2'000};  ///< for 429 and 503
  std::chrono::milliseconds ceiling{30'000};
  std::chrono::milliseconds retry_after_ceiling{60'000};
};

/// True for statuses worth another try: 408, 429, 499, 500, 502, 503, 504, 522.
bool is_retryable(int status);

/// How long to wait before try number `attempt` (the first retry is 1): exponential with full jitter;
/// Retry-After is a floor; nullopt when it exceeds the ceiling or the tries are used up. Pure but for `rng`.
std::optional<std::chrono::milliseconds> retry_delay(const RetryPolicy& policy, int attempt, int status,
                                                     std::optional<std::chrono::milliseconds> retry_after, Rng& rng);

/// Retry-After as seconds or HTTP-date (RFC 9110 section 10.2.3); nullopt for nonsense and the past.
std::optional<std::chrono::milliseconds> parse_retry_after(std::string_view value, std::int64_t now);

}  // namespace slipway::http
