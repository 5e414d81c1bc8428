#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "slipway/config/yaml.h"

namespace slipway::config {

/// Turns offsets into rows and columns. Lines end as YAML says: LF, CRLF or CR.
/// A byte order mark at the start is in no column. The text must outlive it. It is used by one thread at a time.
class LineIndex {
 public:
  LineIndex(std::string_view text, const std::string& file);

  /// The place of a byte; the end of the text for offsets beyond it.
  TextPlace at(std::size_t offset) const;
  /// The byte offset of a row and a column counted in characters, both from 1, kept inside the text.
  std::size_t offset_of(int row, int character) const;

 private:
  std::string_view text_;
  const std::string* file_;
  std::vector<std::size_t> starts_;
  mutable std::size_t last_row_ = 0;  ///< of the last answer: readers ask in the order of the text
};

/// The offset of the first byte that is not YAML text: a control character or not UTF-8.
std::optional<std::size_t> find_unreadable(std::string_view text);

}  // namespace slipway::config
