#include "config/scalar_text.h"

#include <algorithm>
#include <array>

#include "config/line_index.h"
#include "slipway/base/text.h"

namespace slipway::config {

namespace {

constexpr std::string_view kPlainFirst = "./_";
constexpr std::string_view kPlainRest = "./_:@+=-";
constexpr std::string_view kNumberCharacters = "0123456789abcdefABCDEFxXoO_.:+-tTzZ";
// The words that YAML 1.1 or 1.2 reads as something else than text.
constexpr std::array<std::string_view, 13> kWords{"null", "true", "false", "yes",   "no",    "on",  "off",
                                                  "y",    "n",    ".inf",  "-.inf", "+.inf", ".nan"};

bool is_alphanumeric(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

/// Two dots without a colon are a version: numbers and dates have one at most, and times have colons.
bool looks_like_number(std::string_view text) {
  const bool starts = (text[0] >= '0' && text[0] <= '9') || text[0] == '.';
  const bool is_version = std::count(text.begin(), text.end(), '.') > 1 && text.find(':') == std::string_view::npos;
  return starts && !is_version && text.find_first_not_of(kNumberCharacters) == std::string_view::npos;
}

/// YAML 1.1 readers take NEL and the two Unicode separators for line ends, and a BOM for nothing.
bool has_line_end(std::string_view text) {
  constexpr std::array<std::string_view, 6> kEnds{"\n",           "\r",           "\xc2\x85",
                                                  "\xe2\x80\xa8", "\xe2\x80\xa9", "\xef\xbb\xbf"};
  return std::any_of(kEnds.begin(), kEnds.end(),
                     [&](std::string_view end) { return text.find(end) != std::string_view::npos; });
}

std::string quote_single(std::string_view text) {
  std::string out = "'";
  for (const char c : text)
    out += c == '\'' ? std::string("''") : std::string(1, c);
  return out + '\'';
}

std::string quote_double(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c == '\t' ? std::string("\\t") : std::string(1, c);
  }
  return out + '"';
}

}  // namespace

bool is_safe_plain(std::string_view text) {
  if (text.empty() || text.back() == ':') return false;
  if (!is_alphanumeric(text[0]) && kPlainFirst.find(text[0]) == std::string_view::npos) return false;
  const bool known = std::all_of(text.begin(), text.end(), [](char c) {
    return is_alphanumeric(c) || kPlainRest.find(c) != std::string_view::npos;
  });
  if (!known || looks_like_number(text) || text.starts_with("...")) return false;
  return std::find(kWords.begin(), kWords.end(), to_lower(text)) == kWords.end();
}

std::optional<std::string> write_scalar(std::string_view text, Node::Style style) {
  if (has_line_end(text) || find_unreadable(text)) return std::nullopt;
  switch (style) {
    case Node::Style::plain:
      return is_safe_plain(text) ? std::string(text) : quote_double(text);
    case Node::Style::single_quoted:
      return quote_single(text);
    case Node::Style::double_quoted:
      return quote_double(text);
    case Node::Style::block:
    case Node::Style::flow:
      return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace slipway::config
