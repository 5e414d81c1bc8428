#include "slipway/config/literal_block.h"

#include <algorithm>

namespace slipway::config {

namespace {

bool is_blank(std::string_view text) { return text.find_first_not_of(' ') == std::string_view::npos; }

std::string_view line_at(std::string_view text, std::size_t begin) {
  return text.substr(begin, std::min(text.find('\n', begin), text.size()) - begin);
}

}  // namespace

std::optional<LiteralBlock> LiteralBlock::of(std::string_view text, const Node& node) {
  if (!node.is_scalar() || node.style != Node::Style::block || node.range.end > text.size()) return std::nullopt;
  LiteralBlock block;
  const std::size_t before = node.range.begin == 0 ? std::string_view::npos : text.rfind('\n', node.range.begin - 1);
  std::size_t in_file = before == std::string_view::npos ? 0 : before + 1;
  for (std::size_t at = 0; at < node.scalar.size();) {
    const std::string_view line = line_at(node.scalar, at);
    const std::string_view whole = line_at(text, std::min(in_file, text.size()));
    const std::string_view written = whole.substr(0, whole.size() - (whole.ends_with('\r') ? 1 : 0));
    const bool fits =
        in_file < text.size() && written.ends_with(line) && is_blank(written.substr(0, written.size() - line.size()));
    if (!fits) return std::nullopt;
    block.lines_.push_back({at, in_file + written.size() - line.size(), line.size()});
    at += line.size() + 1;
    in_file += whole.size() + 1;
  }
  return block;
}

std::optional<Range> LiteralBlock::in_file(Range in_scalar) const {
  for (const Line& line : lines_) {
    if (in_scalar.begin < line.in_scalar || in_scalar.end > line.in_scalar + line.size) continue;
    return Range{line.in_file + in_scalar.begin - line.in_scalar, line.in_file + in_scalar.end - line.in_scalar};
  }
  return std::nullopt;
}

std::optional<Range> LiteralBlock::in_scalar(Range in_file) const {
  for (const Line& line : lines_) {
    if (in_file.begin < line.in_file || in_file.end > line.in_file + line.size) continue;
    return Range{line.in_scalar + in_file.begin - line.in_file, line.in_scalar + in_file.end - line.in_file};
  }
  return std::nullopt;
}

}  // namespace slipway::config
