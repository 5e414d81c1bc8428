#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace slipway::cli {

/// The columns that a text takes on a terminal (character_width.h). Escapes must not be in it.
std::size_t display_width(std::string_view text);

/// Returns as many of the first characters as fit `columns`. Escapes must not be in the text.
std::string_view first_columns(std::string_view text, std::size_t columns);

/// A number with its noun: "1 release", "2 releases".
std::string counted(std::size_t count, std::string_view noun);

/// Breaks `text` at blanks into lines of at most `columns`, the first one starting at column `at` and the others after
/// `indent` blanks. A word that is longer than a line stays whole. Newlines in `text` stay. No newline at the end.
std::string wrapped(std::string_view text, std::size_t columns, std::size_t indent = 0, std::size_t at = 0);

/// Rows of a left and a right column, the right one wrapped; a left cell that is too wide has a line of its own.
std::string two_columns(const std::vector<std::pair<std::string, std::string>>& rows, std::size_t columns,
                        std::size_t widest_left = 26);

/// Makes a message fit a terminal: lines of more than `columns` are broken at blanks, and continue below the text that
/// follows "hint: " or "warning: ", other lines two columns further in than they begin. A command that a message names
/// ("...: slipway copy A B") is not broken while it fits a line of its own. Lines that fit stay as they are.
std::string folded_message(std::string_view text, std::size_t columns);

}  // namespace slipway::cli
