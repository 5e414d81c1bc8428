#pragma once

#include <charconv>
#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "slipway/base/result.h"

namespace slipway {

/// Returns foreign text made safe for a terminal: control characters, invalid UTF-8 and characters that change the
/// direction of text as \n, \t or \xNN; "..." in place of what is beyond `limit` bytes of input.
std::string printable(std::string_view text, std::size_t limit = 1024);

/// Returns the parts between separators, empty ones included: one more than there are separators.
std::vector<std::string> split(std::string_view text, char separator);
std::string_view trim(std::string_view text);  ///< without ASCII white space at both ends; a view of `text`
std::string to_lower(std::string_view text);   ///< ASCII only
bool is_valid_utf8(std::string_view text);
/// Returns true if an ASCII control (C0 or DEL) is in `text`: never part of a name, and dangerous in terminals and
/// line-based files.
bool has_control_characters(std::string_view text);

/// Parses a whole number: digits of `base` and nothing else, with a minus sign where T is signed. Returns nullopt for
/// anything else and for what does not fit T.
template <std::integral T>
std::optional<T> parse_whole(std::string_view text, int base = 10) {
  T value{};
  const char* const end = text.data() + text.size();
  const auto [stop, problem] = std::from_chars(text.data(), end, value, base);
  if (problem != std::errc() || stop != end) return std::nullopt;
  return value;
}

/// Joins names for a message: "a, b, c"; after `shown` of them "and N more".
std::string list_of(const std::vector<std::string>& names, std::size_t shown = 20);

/// Returns the candidate with the smallest edit distance to a mistyped word, at most a third of its length (at least
/// 1); nullopt when none is that near.
std::optional<std::string> nearest(std::string_view word, const std::vector<std::string>& candidates);

/// Standard base64 with padding (RFC 4648 section 4); decode is strict, nullopt otherwise.
std::string base64_encode(std::string_view bytes);
std::optional<std::string> base64_decode(std::string_view text);

/// Returns a size for people in units of 1024: "1.5 MiB".
std::string human_bytes(std::uint64_t bytes);
/// Parses "4GiB", "1.5 MiB", "100kB" (1000), "4096" to bytes, whatever the case of the unit; Errc::invalid_argument
/// otherwise.
Result<std::uint64_t> parse_bytes(std::string_view text);

}  // namespace slipway
