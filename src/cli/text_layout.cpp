#include "cli/text_layout.h"

#include <algorithm>
#include <array>

#include "cli/character_width.h"
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

constexpr char kGlue = '\x1f';  // a blank inside a command that stays on one line; messages have no controls

/// Glues the words of each command that fits `room` columns.
std::string with_commands_glued(std::string text, std::size_t room) {
  constexpr std::string_view kCommand = ": slipway ";
  for (std::size_t at = text.find(kCommand); at != std::string::npos; at = text.find(kCommand, at + 1)) {
    const std::size_t begin = at + 2;
    const std::size_t end = std::min(text.find_first_of(";,)", begin), text.size());
    if (display_width(std::string_view(text).substr(begin, end - begin)) <= room)
      std::replace(text.begin() + static_cast<std::ptrdiff_t>(begin), text.begin() + static_cast<std::ptrdiff_t>(end),
                   ' ', kGlue);
  }
  return text;
}

/// The column at which a line that was broken goes on.
std::size_t continuation_of(std::string_view line) {
  const std::size_t begin = std::min(line.find_first_not_of(' '), line.size());
  for (const std::string_view label : std::array<std::string_view, 2>{"hint: ", "warning: "}) {
    if (line.substr(begin).starts_with(label)) return begin + label.size();
  }
  return begin + 2;
}

std::string folded_line(const std::string& line, std::size_t columns) {
  if (display_width(line) <= columns) return line;
  const std::size_t begin = std::min(line.find_first_not_of(' '), line.size());
  const std::size_t indent = std::min(continuation_of(line), columns / 2);
  const std::string glued = with_commands_glued(line.substr(begin), columns - indent);
  std::string out = line.substr(0, begin) + wrapped(glued, columns, indent, begin);
  std::replace(out.begin(), out.end(), kGlue, ' ');
  return out;
}

}  // namespace

std::size_t display_width(std::string_view text) {
  std::size_t columns = 0;
  while (!text.empty()) {
    const Character one = first_character(text);
    columns += one.columns;
    text.remove_prefix(one.bytes);
  }
  return columns;
}

std::string_view first_columns(std::string_view text, std::size_t columns) {
  std::size_t at = 0;
  while (at < text.size()) {
    const Character one = first_character(text.substr(at));
    if (one.columns > columns) break;
    columns -= one.columns;
    at += one.bytes;
  }
  return text.substr(0, at);
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

std::string folded_message(std::string_view text, std::size_t columns) {
  std::string out;
  bool first = true;
  for (const std::string& line : split(text, '\n')) {
    if (!first) out += "\n";
    out += folded_line(line, columns);
    first = false;
  }
  return out;
}

}  // namespace slipway::cli
