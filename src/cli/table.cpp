#include "cli/table.h"

#include <algorithm>

#include "cli/text_layout.h"
#include "slipway/base/text.h"

namespace slipway::cli {
namespace {

constexpr std::size_t kGap = 2;
constexpr std::size_t kNarrowest = 8;  // a column is not cut further than this

std::string_view code_of(Tone tone) {
  switch (tone) {
    case Tone::strong:
      return "1";
    case Tone::good:
      return "32";
    case Tone::warning:
      return "33";
    case Tone::bad:
      return "1;31";
    case Tone::plain:
      break;
  }
  return "";
}

/// The first `width` columns of a text, with dots for the rest.
std::string cut(const std::string& text, std::size_t width) {
  if (display_width(text) <= width) return text;
  constexpr std::string_view kDots = "...";
  return std::string(first_columns(text, width - std::min(width, kDots.size()))).append(kDots);
}

}  // namespace

std::string toned(std::string_view text, Tone tone, bool colour) {
  if (!colour || tone == Tone::plain || text.empty()) return std::string(text);
  return fmt::format("\x1b[{}m{}\x1b[0m", code_of(tone), text);
}

std::vector<std::size_t> Table::widths(std::size_t columns) const {
  std::vector<std::size_t> widths(headings_.size(), 0);
  for (const Row& row : rows_) {
    for (std::size_t i = 0; !row.is_detail && i < std::min(row.cells.size(), widths.size()); ++i)
      widths[i] = std::max(widths[i], display_width(printable(row.cells[i].text, 4096)));
  }
  std::size_t sum = 0;
  for (std::size_t i = 0; i < widths.size(); ++i) {
    if (widths[i] == 0) continue;
    widths[i] = std::max(widths[i], headings_[i].size());
    sum += widths[i] + kGap;
  }
  // The last column is text for people and gives way first.
  while (columns > 0 && sum > columns + kGap) {
    auto widest = widths.back() > 2 * kNarrowest ? widths.end() - 1 : std::max_element(widths.begin(), widths.end());
    if (*widest <= kNarrowest) break;
    --*widest;
    --sum;
  }
  return widths;
}

std::string Table::text(std::size_t columns, bool colour) const {
  const std::vector<std::size_t> widths = this->widths(columns);
  std::string out;
  const auto line = [&](const std::vector<Cell>& cells) {
    std::string text;
    std::size_t pending = 0;
    for (std::size_t i = 0; i < std::min(cells.size(), widths.size()); ++i) {
      if (widths[i] == 0) continue;
      const std::string shown = cut(printable(cells[i].text, 4096), widths[i]);
      if (!shown.empty()) text += std::string(std::exchange(pending, 0), ' ') + toned(shown, cells[i].tone, colour);
      pending += widths[i] - display_width(shown) + kGap;
    }
    out += text + "\n";
  };
  std::vector<Cell> headings;
  for (const std::string& heading : headings_)
    headings.push_back({heading, Tone::strong});
  line(headings);
  for (const Row& row : rows_) {
    if (!row.is_detail) {
      line(row.cells);
      continue;
    }
    constexpr std::size_t kIndent = 2;
    const std::string text =
        wrapped(printable(row.cells[0].text, 4096), columns == 0 ? 4096 : columns, kIndent, kIndent);
    for (const std::string& one : split(text, '\n'))
      out += fmt::format("{:{}}{}\n", "", kIndent, toned(trim(one), row.cells[0].tone, colour));
  }
  return out;
}

std::string relative_time(std::int64_t then, std::int64_t now) {
  const std::int64_t seconds = now - then;
  constexpr std::int64_t kMinute = 60, kHour = 60 * kMinute, kDay = 24 * kHour, kYear = 365 * kDay;
  if (seconds < kMinute) return "now";
  if (seconds < 2 * kHour) return fmt::format("{}m ago", seconds / kMinute);
  if (seconds < 2 * kDay) return fmt::format("{}h ago", seconds / kHour);
  if (seconds < 2 * kYear) return fmt::format("{}d ago", seconds / kDay);
  return fmt::format("{}y ago", seconds / kYear);
}

}  // namespace slipway::cli
