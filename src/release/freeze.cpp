#include <date/date.h>

#include <array>
#include <charconv>

#include "release/time_zone.h"
#include "slipway/base/text.h"
#include "slipway/release/policy_rules.h"

namespace slipway::release {
namespace {

constexpr std::array<std::string_view, 7> kDays{"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
constexpr std::int64_t kDay = 24 * 60;
constexpr std::int64_t kWeek = 7 * kDay;

/// A point on a clock, in minutes of the day, of the week from Monday, or since 1970 where it stands.
struct Point {
  enum class Kind { daily, weekly, once } kind;
  std::int64_t minute;
};

std::optional<std::int64_t> number(std::string_view text, std::int64_t least, std::int64_t most) {
  std::int64_t value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc() || end != text.data() + text.size() || value < least || value > most) return std::nullopt;
  return value;
}

std::optional<std::int64_t> minute_of_day(std::string_view text) {
  if (text.size() != 5 || text[2] != ':') return std::nullopt;
  const auto hour = number(text.substr(0, 2), 0, 23);
  const auto minute = number(text.substr(3), 0, 59);
  if (!hour || !minute) return std::nullopt;
  return *hour * 60 + *minute;
}

std::optional<std::int64_t> day_number(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
  const auto year = number(text.substr(0, 4), 1970, 9999);
  const auto month = number(text.substr(5, 2), 1, 12);
  const auto day = number(text.substr(8), 1, 31);
  if (!year || !month || !day) return std::nullopt;
  const date::year_month_day date{date::year(static_cast<int>(*year)), date::month(static_cast<unsigned>(*month)),
                                  date::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  return date::sys_days(date).time_since_epoch().count();
}

std::optional<Point> parse_point(std::string_view text) {
  const std::size_t blank = text.find(' ');
  const auto minute = minute_of_day(blank == std::string_view::npos ? text : text.substr(blank + 1));
  if (!minute) return std::nullopt;
  if (blank == std::string_view::npos) return Point{Point::Kind::daily, *minute};
  const std::string_view day = text.substr(0, blank);
  for (std::size_t i = 0; i < kDays.size(); ++i) {
    if (kDays[i] == day) return Point{Point::Kind::weekly, static_cast<std::int64_t>(i) * kDay + *minute};
  }
  const auto days = day_number(day);
  if (!days) return std::nullopt;
  return Point{Point::Kind::once, *days * kDay + *minute};
}

/// Minutes since 1970 on the zone's own clock.
std::int64_t local_minutes(const TimeZone& zone, std::int64_t unix_seconds) {
  const std::chrono::seconds local(unix_seconds + zone.offset_at(unix_seconds));
  return std::chrono::floor<std::chrono::minutes>(local).count();
}

bool is_within(std::int64_t now, std::int64_t from, std::int64_t to) {
  return from < to ? now >= from && now < to : now >= from || now < to;
}

bool is_between(const Point& from, const Point& to, const TimeZone& zone, std::int64_t unix_seconds) {
  const std::int64_t now = local_minutes(zone, unix_seconds);
  if (from.kind == Point::Kind::once) return now >= from.minute && now < to.minute;
  if (from.kind == Point::Kind::daily) return is_within(now % kDay, from.minute, to.minute);
  constexpr std::int64_t kThursday = 3 * kDay;  // 1970 began on one
  return is_within((now + kThursday) % kWeek, from.minute, to.minute);
}

}  // namespace

Status check_freeze(const Freeze& freeze) {
  const auto from = parse_point(freeze.from);
  const auto to = parse_point(freeze.to);
  if (!from || !to) {
    return fail(Error(Errc::invalid_argument,
                      fmt::format("\"{}\" is not a time", printable(from ? freeze.to : freeze.from, 80)))
                    .with_hint("write \"Fri 16:00\", \"22:00\" or \"2026-12-20 18:00\""));
  }
  if (from->kind != to->kind) {
    return fail(Errc::invalid_argument, "\"{}\" and \"{}\" must both have a day of the week, a date, or neither",
                freeze.from, freeze.to);
  }
  if (from->minute == to->minute || (from->kind == Point::Kind::once && to->minute < from->minute)) {
    return fail(Errc::invalid_argument, "the freeze from \"{}\" to \"{}\" has no length", freeze.from, freeze.to);
  }
  if (TimeZone::find(freeze.zone)) return {};
  return fail(
      Error(Errc::invalid_argument,
            fmt::format("this machine does not know the time zone \"{}\"", printable(freeze.zone, 80)))
          .with_hint("name one of /usr/share/zoneinfo, for example Europe/Berlin or UTC; it needs the package tzdata"));
}

bool is_frozen(const Freeze& freeze, std::int64_t unix_seconds) {
  const auto from = parse_point(freeze.from);
  const auto to = parse_point(freeze.to);
  const auto zone = TimeZone::find(freeze.zone);
  return !from || !to || !zone || is_between(*from, *to, *zone, unix_seconds);
}

std::optional<std::int64_t> freeze_end(const Freeze& freeze, std::int64_t unix_seconds) {
  const auto from = parse_point(freeze.from);
  const auto to = parse_point(freeze.to);
  const auto zone = TimeZone::find(freeze.zone);
  if (!from || !to || !zone) return std::nullopt;
  const auto frozen = [&](std::int64_t at) { return is_between(*from, *to, *zone, at); };
  constexpr std::int64_t kMinute = 60, kThursday = 3 * kDay, kShift = 180;  // no clock is put forward by more
  const std::int64_t now = local_minutes(*zone, unix_seconds);
  std::int64_t left = to->minute - now;
  if (to->kind == Point::Kind::daily) left = ((to->minute - now) % kDay + kDay) % kDay;
  if (to->kind == Point::Kind::weekly) left = ((to->minute - now - kThursday) % kWeek + kWeek) % kWeek;
  std::int64_t end = unix_seconds - unix_seconds % kMinute + left * kMinute;
  // A change to or from summer time in between moves it.
  for (std::int64_t i = 0; i < kShift && frozen(end); ++i)
    end += kMinute;
  for (std::int64_t i = 0; i < kShift && end - kMinute > unix_seconds && !frozen(end - kMinute); ++i)
    end -= kMinute;
  return end;
}

}  // namespace slipway::release
