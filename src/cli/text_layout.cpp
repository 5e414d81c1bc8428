#include "cli/text_layout.h"

#include <algorithm>

#include "slipway/base/text.h"

namespace slipway::cli {
namespace {

/// Appends one line's words to `out`; `at` is the column that is written to next.
void append_words(std::string& out, std::string_view line, std::size_t columns, std::size_t indent, std::size_t at) {
  bool first = true;
  for (const std::string& word : split(line, ' ')) {
    if (word.empty()) continue;
    const std::size_t width = display_width(word);
    if (!first && at + 1 + width > columns) {
      out += "\n" + std::string(indent, ' ');
      at = indent;
    } else if (!first) {
      out += ' ';
      ++at;
    }
    out += word;
    at += width;
    first = false;
  }
}

}  // namespace

std::size_t display_width(std::string_view text) {
  const auto starts_one = [](char c) { return (static_cast<unsigned char>(c) & 0xc0u) != 0x80u; };
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), starts_one));
}

std::string counted(std::size_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

std::string wrapped(std::string_view text, std::size_t columns, std::size_t indent, std::size_t at) {
  std::string out;
  bool first = true;
  for (const std::string& line : split(text, '\n')) {
    if (!first) {
      out += "\n" + std::string(line.empty() ? 0 : indent, ' ');
      at = indent;
    }
    append_words(out, line, columns, indent, at);
    first = false;
  }
  return out;
}

std::string two_columns(const std::vector<std::pair<std::string, std::string>>& rows, std::size_t columns,
                        std::size_t widest_left) {
  std::size_t left = 0;
  for (const auto& row : rows) {
    const std::size_t width = display_width(row.first);
    if (width <= widest_left) left = std::max(left, width);
  }
  constexpr std::size_t kLeastRight = 24, kStacked = 6;
  const bool is_stacked = columns < 2 + left + 2 + kLeastRight;
  const std::size_t indent = is_stacked ? kStacked : 2 + left + 2;
  std::string out;
  for (const auto& [name, text] : rows) {
    const std::size_t width = display_width(name);
    const bool own_line = is_stacked || width > left;
    out += "  " + name + (own_line ? "\n" + std::string(indent, ' ') : std::string(indent - 2 - width, ' '));
    out += wrapped(text, columns, indent, indent) + "\n";
  }
  return out;
}

}  // namespace slipway::cli
