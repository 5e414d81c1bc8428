#pragma once

#include <cstddef>
#include <string_view>

namespace slipway::cli {

/// The first character of a text: its bytes and the columns that it takes on a terminal.
struct Character {
  std::size_t bytes = 0;
  std::size_t columns = 0;
};

/// Returns the first character of `text`, which is not empty. East Asian wide characters and emoji take two columns,
/// combining marks and joiners none (Unicode annex 11). A byte that begins no UTF-8 sequence is one character.
Character first_character(std::string_view text);

}  // namespace slipway::cli
