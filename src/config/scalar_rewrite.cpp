#include "config/scalar_rewrite.h"

#include <algorithm>

#include "config/line_index.h"

namespace slipway::config {

namespace {

/// Returns the lines of a text without their ends; what follows the last line end is one only if it has bytes.
std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

/// Returns true if the header of a block scalar says `|`. A comment may follow it.
bool is_literal(std::string_view text, const Node& node) {
  const std::size_t end = text.substr(0, node.range.begin).find_last_not_of(" \r\n");
  if (node.style != Node::Style::block || end == std::string_view::npos) return false;
  const std::size_t before = text.rfind('\n', end);
  const std::size_t begin = before == std::string_view::npos ? 0 : before + 1;
  std::string_view header = text.substr(begin, end + 1 - begin);
  header = header.substr(0, header.find(" #"));
  const std::size_t at = header.find_last_of("|>");
  return at != std::string_view::npos && header[at] == '|';
}

/// One line of a literal block in the file: where it begins, and where its text does behind the indentation.
struct WrittenLine {
  std::size_t begin = 0, text = 0;
  std::size_t end = 0;  ///< behind its line end
  bool has_return = false;
};

/// Returns the places of a literal block's lines; nullopt if the file has others there.
std::optional<std::vector<WrittenLine>> written_lines(std::string_view text, const Node& node,
                                                      const std::vector<std::string_view>& lines) {
  const std::size_t before = node.range.begin == 0 ? std::string_view::npos : text.rfind('\n', node.range.begin - 1);
  std::size_t at = before == std::string_view::npos ? 0 : before + 1;
  std::vector<WrittenLine> written;
  for (const std::string_view line : lines) {
    if (at >= text.size()) return std::nullopt;
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const bool has_return = end > at && text[end - 1] == '\r';
    const std::string_view whole = text.substr(at, end - at - (has_return ? 1 : 0));
    if (!whole.ends_with(line)) return std::nullopt;
    const std::size_t indent = whole.size() - line.size();
    if (whole.find_first_not_of(' ') < indent) return std::nullopt;
    written.push_back({at, at + indent, std::min(end + 1, text.size()), has_return});
    at = end + 1;
  }
  return written;
}

/// Lays out the lines of a literal block, of which some are changed and `added` ones are new.
class LiteralRewrite {
 public:
  LiteralRewrite(std::string_view text, const std::vector<std::string_view>& lines,
                 const std::vector<WrittenLine>& written)
      : text_(text), lines_(lines), written_(written) {}

  std::vector<Piece> run(const std::vector<std::string_view>& wanted) {
    std::size_t added = wanted.size() - lines_.size(), line = 0;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      const bool is_here = line < lines_.size() && wanted[i] == lines_[line];
      const bool follows = line == lines_.size() || (i + 1 < wanted.size() && wanted[i + 1] == lines_[line]);
      if (!is_here && added > 0 && follows) {
        add(wanted[i], line);
        --added;
        continue;
      }
      if (!is_here) pieces_.push_back(changed_part(lines_[line], wanted[i], written_[line].text));
      ++line;
    }
    return std::move(pieces_);
  }

 private:
  std::string indent() const {
    const auto line = std::find_if(lines_.begin(), lines_.end(), [](std::string_view one) { return !one.empty(); });
    const std::size_t i = line == lines_.end() ? 0 : static_cast<std::size_t>(line - lines_.begin());
    return std::string(text_.substr(written_[i].begin, written_[i].text - written_[i].begin));
  }

  void add(std::string_view line, std::size_t before) {
    const WrittenLine& neighbour = written_[before == 0 ? 0 : before - 1];
    const std::string end = neighbour.has_return ? "\r\n" : "\n";
    const std::size_t place = before < written_.size() ? written_[before].begin : neighbour.end;
    const bool is_open = place == text_.size() && !text_.ends_with('\n');
    const std::string written = indent() + std::string(line);
    pieces_.push_back({{place, place}, is_open ? end + written : written + end});
  }

  std::string_view text_;
  const std::vector<std::string_view>& lines_;
  const std::vector<WrittenLine>& written_;
  std::vector<Piece> pieces_;
};

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("._/:@+-").find(c) != std::string_view::npos;
}

/// Makes the changed part of a line grow to whole words.
Piece whole_words(std::string_view line, Piece part) {
  std::size_t begin = part.range.begin, end = part.range.end;
  while (begin > 0 && is_word(line[begin - 1]))
    --begin;
  while (end < line.size() && is_word(line[end]))
    ++end;
  const std::string front(line.substr(begin, part.range.begin - begin));
  const std::string back(line.substr(part.range.end, end - part.range.end));
  return {{begin, end}, front + part.written + back};
}

std::vector<std::size_t> places_of(std::string_view word, std::string_view text) {
  std::vector<std::size_t> places;
  for (std::size_t at = text.find(word); at != std::string_view::npos; at = text.find(word, at + 1))
    places.push_back(at);
  return places;
}

/// Returns the bytes of the file for bytes of a scalar: a text that both have equally often is at the same one of its
/// places.
std::optional<Range> range_in_file(std::string_view text, const Node& node, Range in_scalar) {
  const std::string_view word = std::string_view(node.scalar).substr(in_scalar.begin, in_scalar.end - in_scalar.begin);
  if (word.empty()) return std::nullopt;
  const auto read = places_of(word, node.scalar);
  const auto written = places_of(word, text.substr(node.range.begin, node.range.end - node.range.begin));
  if (read.size() != written.size()) return std::nullopt;
  const auto at = std::find(read.begin(), read.end(), in_scalar.begin);
  const std::size_t begin = node.range.begin + written[static_cast<std::size_t>(at - read.begin())];
  return Range{begin, begin + word.size()};
}

std::optional<std::vector<Piece>> rewrite_words(std::string_view text, const Node& node,
                                                const std::vector<std::string_view>& lines,
                                                const std::vector<std::string_view>& wanted) {
  if (lines.size() != wanted.size()) return std::nullopt;
  std::vector<Piece> pieces;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (lines[i] == wanted[i]) continue;
    Piece piece = whole_words(lines[i], changed_part(lines[i], wanted[i], 0));
    const auto offset = static_cast<std::size_t>(lines[i].data() - node.scalar.data());
    const auto range = range_in_file(text, node, {offset + piece.range.begin, offset + piece.range.end});
    if (!range || piece.written.find_first_of("\"'\\") != std::string::npos) return std::nullopt;
    pieces.push_back({*range, std::move(piece.written)});
  }
  return pieces;
}

}  // namespace

Piece changed_part(std::string_view before, std::string_view after, std::size_t offset) {
  const std::size_t shorter = std::min(before.size(), after.size());
  std::size_t front = 0, back = 0;
  while (front < shorter && before[front] == after[front])
    ++front;
  while (back < shorter - front && before[before.size() - back - 1] == after[after.size() - back - 1])
    ++back;
  return {{offset + front, offset + before.size() - back},
          std::string(after.substr(front, after.size() - front - back))};
}

std::optional<std::vector<Piece>> rewrite_scalar(std::string_view text, const Node& node, std::string_view value) {
  const bool is_same_end = node.scalar.ends_with('\n') == value.ends_with('\n');
  if (!node.is_scalar() || node.range.end > text.size() || !is_same_end || find_unreadable(value)) return std::nullopt;
  const auto lines = lines_of(node.scalar);
  const auto wanted = lines_of(value);
  if (is_literal(text, node) && !lines.empty() && wanted.size() >= lines.size()) {
    if (const auto written = written_lines(text, node, lines)) return LiteralRewrite(text, lines, *written).run(wanted);
  }
  return rewrite_words(text, node, lines, wanted);
}

}  // namespace slipway::config
