#include "slipway/run/update_policy.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <iterator>
#include <limits>
#include <optional>
#include <regex>
#include <utility>

#include "slipway/base/text.h"

namespace slipway::run {

namespace {

using Numbers = std::array<std::uint64_t, 3>;
using By = UpdatePolicy::By;

constexpr std::size_t kMaxPattern = 200;
constexpr std::array kWords{
    std::pair{By::same, std::string_view("same")}, std::pair{By::semver, std::string_view("semver")},
    std::pair{By::regex, std::string_view("regex")}, std::pair{By::date, std::string_view("date")},
    std::pair{By::newest, std::string_view("newest")}};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Takes a number off the front; nullopt without one, or when it is too big.
std::optional<std::uint64_t> take_number(std::string_view& text) {
  const auto end = std::find_if_not(text.begin(), text.end(), is_digit);
  const auto number = parse_whole<std::uint64_t>(text.substr(0, static_cast<std::size_t>(end - text.begin())));
  if (number) text.remove_prefix(static_cast<std::size_t>(end - text.begin()));
  return number;
}

/// A tag that is a version: 1.27, v1.27.3-alpine.
struct Version {
  bool has_v = false;
  std::size_t count = 0;  ///< of the numbers that are written
  Numbers numbers{};
  std::string_view suffix;
  bool has_form_of(const Version& other) const {
    return has_v == other.has_v && count == other.count && suffix == other.suffix;
  }
};

std::optional<Version> version_of(std::string_view tag) {
  Version version;
  version.has_v = tag.starts_with('v');
  if (version.has_v) tag.remove_prefix(1);
  while (version.count < 3) {
    std::string_view rest = tag;
    if (version.count > 0) {
      if (!rest.starts_with('.')) break;
      rest.remove_prefix(1);
    }
    const auto number = take_number(rest);
    if (!number) break;
    version.numbers[version.count++] = *number;
    tag = rest;
  }
  version.suffix = tag;
  if (version.count == 0 || tag.starts_with('.') || (!tag.empty() && tag[0] != '-' && tag[0] != '_'))
    return std::nullopt;
  return version;
}

/// Versions from `low` up to, but without, `high`.
struct Interval {
  Numbers low{}, high{std::numeric_limits<std::uint64_t>::max(), 0, 0};
  bool has(const Numbers& numbers) const { return low <= numbers && numbers < high; }
};

/// The version that follows all those that begin with the first `count` numbers.
Numbers next_of(const Numbers& numbers, std::size_t count) {
  Numbers next{};
  if (count == 0) return Interval{}.high;
  std::copy_n(numbers.begin(), count, next.begin());
  ++next[count - 1];
  return next;
}

/// The numbers of "1.2", "1.x", "*": how many are given.
std::optional<std::pair<Numbers, std::size_t>> partial_of(std::string_view text) {
  Numbers numbers{};
  std::size_t count = 0;
  if (text.starts_with('v')) text.remove_prefix(1);
  for (bool is_open = false;; text.remove_prefix(1)) {
    const bool is_any = text.starts_with('x') || text.starts_with('X') || text.starts_with('*');
    const auto number = is_any ? std::nullopt : take_number(text);
    if (is_any) text.remove_prefix(1);
    if ((!is_any && !number) || (number && (is_open || count == 3))) return std::nullopt;
    is_open = is_open || is_any;
    if (number) numbers[count++] = *number;
    if (text.empty()) return std::pair(numbers, count);
    if (text[0] != '.') return std::nullopt;
  }
}

std::optional<Interval> interval_of(std::string_view text) {
  std::string_view op = text.substr(0, std::min(text.find_first_not_of("<>=~^"), text.size()));
  const auto partial = partial_of(text.substr(op.size()));
  if (!partial) return std::nullopt;
  const auto& [numbers, count] = *partial;
  const Interval all;
  if (op.empty() || op == "=") return Interval{numbers, next_of(numbers, count)};
  if (op == "~") return Interval{numbers, next_of(numbers, std::min<std::size_t>(count, 2))};
  if (op == "^") {
    std::size_t first = 0;
    while (first + 1 < count && numbers[first] == 0)
      ++first;
    return Interval{numbers, next_of(numbers, std::min(count, first + 1))};
  }
  if (op == ">=") return Interval{numbers, all.high};
  if (op == ">") return Interval{next_of(numbers, count), all.high};
  if (op == "<") return Interval{all.low, numbers};
  if (op == "<=") return Interval{all.low, next_of(numbers, count)};
  return std::nullopt;
}

/// Ranges joined with ||, each of comparisons that must all hold.
using Range = std::vector<std::vector<Interval>>;

std::optional<Range> range_of(std::string_view text) {
  Range range(1);
  for (const std::string& word : split(std::string(text), ' ')) {
    if (word.empty()) continue;
    if (word == "||") {
      range.emplace_back();
      continue;
    }
    const auto interval = interval_of(word);
    if (!interval) return std::nullopt;
    range.back().push_back(*interval);
  }
  const bool is_whole = std::none_of(range.begin(), range.end(), [](const auto& all) { return all.empty(); });
  return is_whole ? std::optional(std::move(range)) : std::nullopt;
}

bool is_in(const Range& range, const Numbers& numbers) {
  return std::any_of(range.begin(), range.end(), [&](const auto& all) {
    return std::all_of(all.begin(), all.end(), [&](const Interval& interval) { return interval.has(numbers); });
  });
}

/// A bare name moves to versions in full, without suffix.
std::string newest_version(const Range& range, const std::string& current, const std::vector<std::string>& tags) {
  const auto now = version_of(current);
  std::optional<Numbers> best = now ? std::optional(now->numbers) : std::nullopt;
  std::string newest = current;
  for (const std::string& tag : tags) {
    const auto version = version_of(tag);
    if (!version || !is_in(range, version->numbers)) continue;
    if (now ? !version->has_form_of(*now) : version->count != 3 || !version->suffix.empty()) continue;
    if (best && version->numbers <= *best) continue;
    best = version->numbers;
    newest = tag;
  }
  return newest;
}

/// Compares texts, runs of digits as numbers.
bool is_less(std::string_view a, std::string_view b) {
  while (!a.empty() && !b.empty()) {
    const bool numbers = is_digit(a[0]) && is_digit(b[0]);
    const auto from_a = numbers ? take_number(a) : std::nullopt;
    const auto from_b = numbers ? take_number(b) : std::nullopt;
    if (from_a && from_b) {
      if (*from_a != *from_b) return *from_a < *from_b;
      continue;
    }
    if (a[0] != b[0]) return a[0] < b[0];
    a.remove_prefix(1);
    b.remove_prefix(1);
  }
  return a.size() < b.size();
}

std::string digits_of(const std::string& text) {
  std::string digits;
  std::copy_if(text.begin(), text.end(), std::back_inserter(digits), is_digit);
  return digits;
}

/// The part of a matching tag that tags are ordered by.
std::optional<std::string> key_of(const UpdatePolicy& policy, const std::regex& pattern, const std::string& tag) {
  std::smatch match;
  if (!std::regex_match(tag, match, pattern)) return std::nullopt;
  const std::string key = match.size() > 1 ? match[1].str() : tag;
  if (policy.by == By::regex) return key;
  // Dates from the year to whatever the tag has: 2026-11-28 and 20261128T1200 compare by their digits.
  const std::string digits = digits_of(key);
  return digits.size() >= 8 ? std::optional(digits) : std::nullopt;
}

std::string newest_match(const UpdatePolicy& policy, const std::string& current, const std::vector<std::string>& tags) {
  const std::regex pattern(policy.pattern);
  std::optional<std::string> best = key_of(policy, pattern, current);
  std::string newest = current;
  for (const std::string& tag : tags) {
    auto key = key_of(policy, pattern, tag);
    if (!key) continue;
    const bool is_newer = !best || (policy.by == By::date ? *best < *key : is_less(*best, *key));
    if (!is_newer) continue;
    best = std::move(key);
    newest = tag;
  }
  return newest;
}

Status check_pattern(const UpdatePolicy& policy) {
  if (policy.by == By::semver) {
    if (range_of(policy.pattern)) return {};
    return fail(error(Errc::invalid_argument, "\"{}\" is not a range of versions", printable(policy.pattern, 200))
                    .with_hint("for example ~1.27, ^2.1.0, 1.x, or >=1.2 <2"));
  }
  try {
    const std::regex compiled(policy.pattern);
  } catch (const std::regex_error&) {
    return fail(error(Errc::invalid_argument, "\"{}\" is not a regular expression", printable(policy.pattern, 200))
                    .with_hint("write one like ^v1[.][0-9]+$"));
  }
  return {};
}

std::string_view line_at(std::string_view text, std::size_t at) {
  const std::size_t before = at == 0 ? std::string_view::npos : text.rfind('\n', at - 1);
  const std::size_t begin = before == std::string_view::npos ? 0 : before + 1;
  return text.substr(begin, std::min(text.find('\n', at), text.size()) - begin);
}

std::string_view policy_in(std::string_view line) {
  constexpr std::string_view kMark = "# slipway: ";
  const std::size_t at = line.find(kMark);
  return at == std::string_view::npos ? std::string_view() : trim(line.substr(at + kMark.size()));
}

}  // namespace

std::string UpdatePolicy::str() const {
  const auto* word = std::find_if(kWords.begin(), kWords.end(), [&](const auto& known) { return known.first == by; });
  return std::string(word->second) + (pattern.empty() ? "" : " " + pattern);
}

Result<UpdatePolicy> parse_update_policy(std::string_view text) {
  text = trim(text);
  const std::string_view word = text.substr(0, text.find(' '));
  const auto* known = std::find_if(kWords.begin(), kWords.end(), [&](const auto& one) { return one.second == word; });
  const bool is_known = known != kWords.end() && text.size() <= kMaxPattern;
  UpdatePolicy policy{is_known ? known->first : By::same, std::string(trim(text.substr(word.size())))};
  const bool may_be_bare = policy.by == By::same || policy.by == By::newest;
  const bool is_whole = policy.pattern.empty() ? may_be_bare : policy.by != By::same;
  if (!is_known || !is_whole) {
    return fail(error(Errc::invalid_argument, "\"{}\" is not an update policy", printable(text, 200))
                    .with_hint("write same, semver RANGE, regex PATTERN, date PATTERN or newest [PATTERN]"));
  }
  if (policy.by != By::same) SLIPWAY_TRY(check_pattern(policy));
  return policy;
}

std::string newest_tag(const UpdatePolicy& policy, const std::string& current, const std::vector<std::string>& tags) {
  switch (policy.by) {
    case By::same:
    case By::newest:
      return current;
    case By::semver:
      return newest_version(range_of(policy.pattern).value_or(Range()), current, tags);
    case By::regex:
    case By::date:
      break;
  }
  return newest_match(policy, current, tags);
}

std::vector<std::string> matching_tags(const UpdatePolicy& policy, const std::vector<std::string>& tags) {
  if (policy.pattern.empty()) return tags;
  const std::regex pattern(policy.pattern);
  std::vector<std::string> matching;
  std::copy_if(tags.begin(), tags.end(), std::back_inserter(matching),
               [&](const std::string& tag) { return std::regex_match(tag, pattern); });
  return matching;
}

std::string_view policy_beside(std::string_view text, std::size_t at) {
  const std::string_view line = line_at(text, at);
  if (const std::string_view policy = policy_in(line); !policy.empty()) return policy;
  const auto begin = static_cast<std::size_t>(line.data() - text.data());
  if (begin == 0) return {};
  const std::string_view above = line_at(text, begin - 1);
  return trim(above).starts_with('#') ? policy_in(above) : std::string_view();
}

}  // namespace slipway::run
