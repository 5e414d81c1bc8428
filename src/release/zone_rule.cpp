#include "release/zone_rule.h"

#include <date/date.h>

#include <charconv>

namespace slipway::release {
namespace {

constexpr std::int64_t kHour = 3600, kDaySeconds = 24 * kHour;

/// Reads a TZ string from left to right; each function leaves the cursor behind what it took.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : rest_(text) {}

  bool done() const { return rest_.empty(); }

  bool skip(char expected) {
    if (done() || rest_.front() != expected) return false;
    rest_.remove_prefix(1);
    return true;
  }

  /// Skips the name of a clock: three letters or more, or anything in angle brackets.
  bool name() {
    const bool quoted = skip('<');
    std::size_t length = 0;
    while (length < rest_.size() && (quoted ? rest_[length] != '>' : is_letter(rest_[length])))
      ++length;
    if (length < 3 || (quoted && length == rest_.size())) return false;
    rest_.remove_prefix(length + (quoted ? 1 : 0));
    return true;
  }

  std::optional<unsigned> number(unsigned least, unsigned most) {
    unsigned value = 0;
    const auto [end, problem] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
    if (problem != std::errc() || value < least || value > most) return std::nullopt;
    rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
    return value;
  }

  /// Reads [+-]hh[:mm[:ss]], in seconds.
  std::optional<std::int64_t> duration() {
    const std::int64_t sign = skip('-') ? -1 : 1;
    if (sign == 1) skip('+');
    std::int64_t total = 0;
    for (std::int64_t unit = kHour; unit != 0; unit /= 60) {
      const auto value = number(0, unit == kHour ? 167 : 59);
      if (!value) return std::nullopt;
      total += *value * unit;
      if (!skip(':')) break;
    }
    return sign * total;
  }

  std::optional<ZoneRule::Change> change() {
    using Day = ZoneRule::Change::Day;
    ZoneRule::Change out{Day::of_year, 0, 0, 0, 2 * kHour};
    std::optional<unsigned> number_of_day;
    if (skip('M')) {
      out.day = Day::of_month;
      const auto month = number(1, 12);
      const auto week = month && skip('.') ? number(1, 5) : std::nullopt;
      if (!week || !skip('.')) return std::nullopt;
      out.month = *month;
      out.week = *week;
      number_of_day = number(0, 6);
    } else {
      if (skip('J')) out.day = Day::of_year_without_leap_day;
      number_of_day = number(out.day == Day::of_year ? 0 : 1, 365);
    }
    if (!number_of_day) return std::nullopt;
    out.number = *number_of_day;
    if (!skip('/')) return out;
    const auto seconds = duration();
    if (!seconds) return std::nullopt;
    out.seconds = *seconds;
    return out;
  }

 private:
  static bool is_letter(char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }

  std::string_view rest_;
};

}  // namespace

std::optional<ZoneRule> ZoneRule::parse(std::string_view text) {
  Cursor cursor(text);
  ZoneRule rule;
  const auto west = cursor.name() ? cursor.duration() : std::nullopt;
  if (!west) return std::nullopt;
  rule.standard_ = -*west;
  if (cursor.done()) return rule;
  if (!cursor.name()) return std::nullopt;
  rule.summer_ = rule.standard_ + kHour;
  if (!cursor.skip(',')) {
    const auto summer = cursor.duration();
    if (!summer || !cursor.skip(',')) return std::nullopt;
    rule.summer_ = -*summer;
  }
  const auto begin = cursor.change();
  const auto end = begin && cursor.skip(',') ? cursor.change() : std::nullopt;
  if (!end || !cursor.done()) return std::nullopt;
  rule.changes_ = {*begin, *end};
  return rule;
}

std::int64_t ZoneRule::Change::in_year(int year) const {
  using namespace date;
  const date::year y(year);
  sys_days when = sys_days(y / January / 1) + days(number);
  if (day == Day::of_year_without_leap_day) when -= days(y.is_leap() && number > 59 ? 0 : 1);
  if (day == Day::of_month) {
    const date::month m(month);
    when = week == 5 ? sys_days(y / m / weekday(number)[last]) : sys_days(y / m / weekday(number)[week]);
  }
  return when.time_since_epoch().count() * kDaySeconds + seconds;
}

std::int64_t ZoneRule::offset_at(std::int64_t unix_seconds) const {
  if (!changes_) return standard_;
  const date::sys_seconds local(std::chrono::seconds(unix_seconds + standard_));
  const int year(date::year_month_day(date::floor<date::days>(local)).year());
  const std::int64_t begin = changes_->first.in_year(year) - standard_;
  const std::int64_t end = changes_->second.in_year(year) - summer_;
  const bool summer =
      begin < end ? unix_seconds >= begin && unix_seconds < end : unix_seconds >= begin || unix_seconds < end;
  return summer ? summer_ : standard_;
}

}  // namespace slipway::release
