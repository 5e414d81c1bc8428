#include "config/line_index.h"

#include <algorithm>
#include <mutex>
#include <set>

#include "slipway/base/text.h"

namespace slipway::config {

namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

bool continues_character(char c) { return (static_cast<unsigned char>(c) & 0xc0u) == 0x80u; }

std::size_t length_from_lead(unsigned char lead) {
  if (lead < 0x80u) return 1;
  if (lead < 0xe0u) return 2;
  return lead < 0xf0u ? 3 : 4;
}

/// C0 but tab and line ends, DEL, and C1 but NEL (YAML 1.2.2, production 1).
bool is_control(std::string_view character) {
  const auto first = static_cast<unsigned char>(character[0]);
  if (character.size() == 1) {
    return (first < 0x20u && first != '\t' && first != '\n' && first != '\r') || first == 0x7fu;
  }
  const auto second = static_cast<unsigned char>(character[1]);
  return first == 0xc2u && second < 0xa0u && second != 0x85u;
}

/// Returns the one copy of a file's name that all places in it share. It lives as long as the process.
const std::string* shared_name(const std::string& file) {
  static std::mutex mutex;
  static std::set<std::string> names;
  const std::scoped_lock lock(mutex);
  return &*names.insert(file).first;
}

}  // namespace

LineIndex::LineIndex(std::string_view text, const std::string& file) : text_(text), file_(shared_name(file)) {
  starts_.push_back(text.starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0);
  for (std::size_t i = starts_.front(); i < text.size(); ++i) {
    const bool crlf = text[i] == '\r' && i + 1 < text.size() && text[i + 1] == '\n';
    if (text[i] == '\n' || (text[i] == '\r' && !crlf)) starts_.push_back(i + 1);
  }
}

TextPlace LineIndex::at(std::size_t offset) const {
  offset = std::clamp(offset, starts_.front(), std::max(starts_.front(), text_.size()));
  const auto ends_behind = [&](std::size_t row) { return row + 1 == starts_.size() || starts_[row + 1] > offset; };
  const bool is_behind = starts_[last_row_] <= offset;
  if (is_behind && !ends_behind(last_row_) && ends_behind(last_row_ + 1)) ++last_row_;
  if (!is_behind || !ends_behind(last_row_)) {
    const auto after = std::upper_bound(starts_.begin(), starts_.end(), offset);
    last_row_ = static_cast<std::size_t>(after - starts_.begin()) - 1;
  }
  return TextPlace{file_, static_cast<int>(last_row_) + 1, static_cast<int>(offset - starts_[last_row_]) + 1};
}

std::size_t LineIndex::offset_of(int row, int character) const {
  const auto line = std::clamp<std::size_t>(row < 1 ? 1 : static_cast<std::size_t>(row), 1, starts_.size());
  std::size_t offset = starts_[line - 1];
  const std::size_t limit = line < starts_.size() ? starts_[line] : text_.size();
  for (int skipped = 1; skipped < character && offset < limit; ++skipped) {
    do
      ++offset;
    while (offset < limit && continues_character(text_[offset]));
  }
  return offset;
}

std::optional<std::size_t> find_unreadable(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    if (text[i] >= ' ' && text[i] < 0x7f) {
      ++i;
      continue;
    }
    const std::string_view character = text.substr(i, length_from_lead(static_cast<unsigned char>(text[i])));
    if (!is_valid_utf8(character) || is_control(character)) return i;
    i += character.size();
  }
  return std::nullopt;
}

}  // namespace slipway::config
