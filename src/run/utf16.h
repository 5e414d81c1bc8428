#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace slipway::run {

/// Returns a text in UTF-8 that is written in UTF-16, with a byte order mark or beginning with an ASCII character;
/// nullopt for every other text. Halves of pairs become U+FFFD.
std::optional<std::string> utf8_of_utf16(std::string_view text);

}  // namespace slipway::run
