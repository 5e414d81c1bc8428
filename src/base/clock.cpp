#include "slipway/base/clock.h"

#include <algorithm>
#include <condition_variable>
#include <ctime>
#include <mutex>

#include "slipway/base/text.h"

namespace slipway {
namespace {

class SystemClock final : public Clock {
 public:
  std::int64_t now() override { return static_cast<std::int64_t>(std::time(nullptr)); }

  std::chrono::milliseconds monotonic() override {
    // Counts on while the machine sleeps: a writer that was suspended must notice.
    timespec now{};
    ::clock_gettime(CLOCK_BOOTTIME, &now);
    return std::chrono::seconds(now.tv_sec) + std::chrono::milliseconds(now.tv_nsec / 1'000'000);
  }

  Status sleep(std::chrono::milliseconds duration, std::stop_token stop) override {
    std::mutex mutex;
    std::condition_variable_any wake;
    std::unique_lock lock(mutex);
    wake.wait_for(lock, stop, duration, [] { return false; });
    if (stop.stop_requested()) return fail(Errc::cancelled, "interrupted while waiting");
    return {};
  }
};

/// Reads exactly `count` digits at `at`; -1 when there are none.
int digits(std::string_view text, std::size_t at, std::size_t count) {
  if (at + count > text.size()) return -1;
  int value = 0;
  for (std::size_t i = at; i < at + count; ++i) {
    if (text[i] < '0' || text[i] > '9') return -1;
    value = value * 10 + (text[i] - '0');
  }
  return value;
}

/// Seconds east of UTC of an RFC 3339 offset ("Z", "+01:00").
std::optional<int> offset_seconds(std::string_view text) {
  if (text == "Z" || text == "z") return 0;
  if (text.size() != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':') return std::nullopt;
  const int hours = digits(text, 1, 2);
  const int minutes = digits(text, 4, 2);
  if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59) return std::nullopt;
  return (text[0] == '-' ? -1 : 1) * (hours * 3600 + minutes * 60);
}

}  // namespace

Clock& system_clock() {
  static SystemClock clock;
  return clock;
}

std::string format_time(std::int64_t unix_seconds) {
  constexpr std::int64_t kFirst = -62135596800;  // 0001-01-01
  constexpr std::int64_t kLast = 253402300799;   // 9999-12-31
  const auto seconds = static_cast<std::time_t>(std::clamp(unix_seconds, kFirst, kLast));
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday,
                     parts.tm_hour, parts.tm_min, parts.tm_sec);
}

Result<std::int64_t> parse_time(std::string_view text) {
  const auto refuse = [&] {
    return fail(Error(Errc::invalid_argument, fmt::format("\"{}\" is not an RFC 3339 time", printable(text, 64)))
                    .with_hint("write it as 2026-01-31T12:00:00Z"));
  };
  if (text.size() < 20 || text[4] != '-' || text[7] != '-' || (text[10] != 'T' && text[10] != 't') || text[13] != ':' ||
      text[16] != ':') {
    return refuse();
  }
  std::tm parts{};
  parts.tm_year = digits(text, 0, 4) - 1900;
  parts.tm_mon = digits(text, 5, 2) - 1;
  parts.tm_mday = digits(text, 8, 2);
  parts.tm_hour = digits(text, 11, 2);
  parts.tm_min = digits(text, 14, 2);
  parts.tm_sec = digits(text, 17, 2);
  std::size_t at = 19;
  if (text[at] == '.') {
    const std::size_t end = text.find_first_not_of("0123456789", at + 1);
    if (end == at + 1 || end == std::string_view::npos) return refuse();
    at = end;
  }
  const std::optional<int> offset = offset_seconds(text.substr(at));
  if (!offset || parts.tm_year <= -1900 || parts.tm_hour > 23 || parts.tm_min < 0 || parts.tm_min > 59 ||
      parts.tm_hour < 0 || parts.tm_sec < 0 || parts.tm_sec > 60 || parts.tm_mday < 1 || parts.tm_mon < 0) {
    return refuse();
  }
  const std::tm asked = parts;
  const std::time_t seconds = timegm(&parts);
  // timegm normalises February 30th into March: such a date was never meant.
  if (parts.tm_mon != asked.tm_mon && asked.tm_sec != 60) return refuse();
  return static_cast<std::int64_t>(seconds) - *offset;
}

}  // namespace slipway
