#include "slipway/http/retrying.h"

#include <algorithm>

#include "slipway/http/holding.h"

namespace slipway::http {
namespace {

constexpr int kTooManyRequests = 429;
constexpr int kUnavailable = 503;

/// Returns true if the same request may have another outcome.
bool may_pass(const Error& error, const HoldingHandler& attempt, int tries) {
  if (error.code != Errc::network || !attempt.can_begin_again()) return false;
  switch (attempt.breakdown()) {
    case Breakdown::certificate:
    case Breakdown::forbidden:
      return false;
    case Breakdown::resolve:
      return tries == 1;  // a name that is unknown twice is misspelt
    default:
      return true;
  }
}

bool is_expected(const Request& request, int status) {
  return std::find(request.expected.begin(), request.expected.end(), status) != request.expected.end();
}

}  // namespace

Status Embargo::wait(std::stop_token stop) {
  std::chrono::milliseconds left{0};
  {
    const std::scoped_lock lock(mutex_);
    left = until_ - clock_.monotonic();
  }
  if (left.count() <= 0) return {};
  return clock_.sleep(left, std::move(stop));
}

void Embargo::impose(std::chrono::milliseconds duration) {
  const std::scoped_lock lock(mutex_);
  until_ = std::max(until_, clock_.monotonic() + duration);
}

Result<Response> RetryingTransport::perform(const Request& request, ResponseHandler& handler, std::stop_token stop) {
  for (int tries = 1;; ++tries) {
    SLIPWAY_TRY(embargo_.wait(stop));
    if (tries > 1 && request.body != nullptr) SLIPWAY_TRY(request.body->restart());
    HoldingHandler attempt(handler, [&](const Response& response) {
      return is_retryable(response.status) && !is_expected(request, response.status);
    });
    auto response = next_.perform(request, attempt, stop);
    if (response && attempt.held() == nullptr) return response;
    const bool again = response || (request.repeatable && may_pass(response.error(), attempt, tries));
    const auto delay = !again     ? std::nullopt
                       : response ? pause_after(*response, request, tries)
                                  : retry_delay(policy_, tries, 0, std::nullopt, rng_);
    if (!delay) return response ? attempt.release() : attempt.result(std::move(response));
    SLIPWAY_TRY(pause(*delay, response ? response->status : 0, stop));
  }
}

std::optional<std::chrono::milliseconds> RetryingTransport::pause_after(const Response& response,
                                                                        const Request& request, int tries) {
  // A 429 was not looked at: it is repeated even where a repetition would mean something else.
  if (!request.repeatable && response.status != kTooManyRequests) return std::nullopt;
  const auto header = response.header("retry-after");
  const auto asked = header ? parse_retry_after(*header, clock_.now()) : std::nullopt;
  return retry_delay(policy_, tries, response.status, asked, rng_);
}

Status RetryingTransport::pause(std::chrono::milliseconds duration, int status, const std::stop_token& stop) {
  if (status != kTooManyRequests && status != kUnavailable) return clock_.sleep(duration, stop);
  embargo_.impose(duration);
  return {};
}

}  // namespace slipway::http
