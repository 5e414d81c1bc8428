#include "slipway/http/retry.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <ctime>

#include "slipway/base/text.h"

namespace slipway::http {
namespace {

bool is_limited(int status) { return status == 429 || status == 503; }

/// IMF-fixdate, the one form that is written today: "Sun, 06 Nov 1994 08:49:37 GMT".
std::optional<std::int64_t> parse_http_date(std::string_view text) {
  static constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  if (text.size() != 29 || text.substr(25) != " GMT" || text[3] != ',') return std::nullopt;
  const auto number = [&](std::size_t at, std::size_t count) {
    int value = -1;
    const auto [end, problem] = std::from_chars(text.data() + at, text.data() + at + count, value);
    return problem == std::errc() && end == text.data() + at + count ? value : -1;
  };
  const auto month = std::find(kMonths.begin(), kMonths.end(), text.substr(8, 3));
  std::tm parts{};
  parts.tm_mday = number(5, 2);
  parts.tm_mon = static_cast<int>(month - kMonths.begin());
  parts.tm_year = number(12, 4) - 1900;
  parts.tm_hour = number(17, 2);
  parts.tm_min = number(20, 2);
  parts.tm_sec = number(23, 2);
  if (month == kMonths.end() || parts.tm_mday < 1 || parts.tm_year < 70 || parts.tm_hour < 0 || parts.tm_min < 0 ||
      parts.tm_sec < 0) {
    return std::nullopt;
  }
  return static_cast<std::int64_t>(timegm(&parts));
}

}  // namespace

bool is_retryable(int status) {
  switch (status) {
    case 408:
    case 429:
    case 499:
    case 500:
    case 502:
    case 503:
    case 504:
    case 522:
      return true;
    default:
      return false;
  }
}

std::optional<std::chrono::milliseconds> retry_delay(const RetryPolicy& policy, int attempt, int status,
                                                     std::optional<std::chrono::milliseconds> retry_after, Rng& rng) {
  if (attempt >= policy.tries) return std::nullopt;
  if (retry_after && *retry_after > policy.retry_after_ceiling) return std::nullopt;
  const auto base = is_limited(status) ? policy.base_when_limited : policy.base;
  const int doublings = std::clamp(attempt - 1, 0, 16);
  const auto ceiling = std::min(policy.ceiling, base * (1 << doublings));
  // Full jitter: clients that failed together do not come back together.
  const auto jittered = std::chrono::milliseconds(
      static_cast<std::int64_t>(rng.next() % static_cast<std::uint64_t>(std::max<std::int64_t>(ceiling.count(), 1))));
  return std::max(jittered, retry_after.value_or(std::chrono::milliseconds(0)));
}

std::optional<std::chrono::milliseconds> parse_retry_after(std::string_view value, std::int64_t now) {
  value = trim(value);
  std::int64_t seconds = 0;
  const auto [end, problem] = std::from_chars(value.data(), value.data() + value.size(), seconds);
  if (problem == std::errc() && end == value.data() + value.size() && seconds >= 0) {
    constexpr std::int64_t kDay = 86'400;
    return std::chrono::seconds(std::min(seconds, kDay));
  }
  const auto date = parse_http_date(value);
  if (!date || *date <= now) return std::nullopt;
  return std::chrono::seconds(std::min<std::int64_t>(*date - now, 86'400));
}

}  // namespace slipway::http
