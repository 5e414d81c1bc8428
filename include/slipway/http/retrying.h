#pragma once

#include <mutex>

#include "slipway/base/clock.h"
#include "slipway/base/rng.h"
#include "slipway/http/retry.h"
#include "slipway/http/transport.h"

namespace slipway::http {

/// A pause that a host asked for, observed by all lanes that send requests to it. Thread-safe; the clock outlives it.
class Embargo {
 public:
  explicit Embargo(Clock& clock) : clock_(clock) {}
  /// Sleeps until the pause is over. Errc::cancelled on stop.
  Status wait(std::stop_token stop);
  /// Starts a pause, or prolongs the one that is on.
  void impose(std::chrono::milliseconds duration);

 private:
  Clock& clock_;
  std::mutex mutex_;
  std::chrono::milliseconds until_{0};
};

/// A transport that repeats requests whose failure may be temporary: no answer, or a status of is_retryable().
///
/// A request is repeated up to `policy.tries` times, its body from the start. 429 and 503 pause everybody who shares
/// the embargo; other failures pause this request alone. Not repeated are requests whose answer the caller expects
/// (Request::expected), those that say so (Request::repeatable) unless the answer is 429, responses whose bytes the
/// caller cannot take back (ResponseHandler::can_begin_again), untrusted certificates, connections that slipway itself
/// refused (Breakdown::forbidden), and host names that were not found twice. Thread-safe; all its parts outlive it.
class RetryingTransport final : public HttpTransport {
 public:
  RetryingTransport(HttpTransport& next, const RetryPolicy& policy, Embargo& embargo, Clock& clock, Rng& rng)
      : next_(next), policy_(policy), embargo_(embargo), clock_(clock), rng_(rng) {}

  Result<Response> perform(const Request& request, ResponseHandler& handler, std::stop_token stop) override;

 private:
  std::optional<std::chrono::milliseconds> pause_after(const Response& response, const Request& request, int tries);
  Status pause(std::chrono::milliseconds duration, int status, const std::stop_token& stop);

  HttpTransport& next_;
  const RetryPolicy& policy_;
  Embargo& embargo_;
  Clock& clock_;
  Rng& rng_;
};

}  // namespace slipway::http
