#pragma once

#include <string>
#include <vector>

#include "slipway/base/json.h"

namespace slipway::cli {

/// The role of a word on a terminal. A colour never carries what the word does not say.
enum class Tone { plain, strong, good, warning, bad };

/// `text` in the colour of its role; unchanged without `colour`.
std::string toned(std::string_view text, Tone tone, bool colour);

/// A text of a table with its role. Foreign text is made printable when the table is.
struct Cell {
  std::string text;
  Tone tone = Tone::plain;
};

/// Rows below headings, in aligned columns. A value; print it with text().
class Table {
 public:
  explicit Table(std::vector<std::string> headings) : headings_(std::move(headings)) {}

  void add(std::vector<Cell> row) { rows_.push_back({std::move(row), false}); }
  /// A line below the last row that belongs to it, wrapped and indented.
  void add_detail(std::string text, Tone tone = Tone::plain) { rows_.push_back({{{std::move(text), tone}}, true}); }
  bool empty() const { return rows_.empty(); }

  /// The lines, each ending in a newline and at most `columns` wide (0: as wide as they are): the last column is cut
  /// first, then the widest ones. Empty columns are left out.
  std::string text(std::size_t columns, bool colour) const;

 private:
  struct Row {
    std::vector<Cell> cells;
    bool is_detail = false;
  };

  std::vector<std::size_t> widths(std::size_t columns) const;

  std::vector<std::string> headings_;
  std::vector<Row> rows_;
};

/// "5m ago", "3d ago"; times in seconds since the epoch. Less than a minute, or a time to come, is "now".
std::string relative_time(std::int64_t then, std::int64_t now);

}  // namespace slipway::cli
