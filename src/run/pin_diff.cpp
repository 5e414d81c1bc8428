#include <algorithm>
#include <utility>

#include "slipway/base/text.h"
#include "slipway/run/pin.h"

namespace slipway::run {

namespace {

constexpr std::size_t kContext = 3;

/// Lines with their line ends; the last may lack one.
std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::size_t length = end == std::string_view::npos ? text.size() : end + 1;
    lines.push_back(text.substr(0, length));
    text.remove_prefix(length);
  }
  return lines;
}

/// Lines [begin, end) of the old text that became lines [new_begin, new_end).
struct Block {
  std::size_t begin, end, new_begin, new_end;
};

/// Pairs equal lines after a difference as early as possible. Pinning replaces
/// values in place, so a look ahead of few lines is enough.
std::pair<std::size_t, std::size_t> next_match(const std::vector<std::string_view>& a, std::size_t i,
                                               const std::vector<std::string_view>& b, std::size_t j) {
  const std::size_t longest = (a.size() - i) + (b.size() - j);
  for (std::size_t sum = 0; sum <= longest; ++sum) {
    for (std::size_t da = sum > b.size() - j ? sum - (b.size() - j) : 0; da <= std::min(sum, a.size() - i); ++da) {
      const std::size_t db = sum - da;
      const bool at_ends = i + da == a.size() && j + db == b.size();
      if (at_ends || (i + da < a.size() && j + db < b.size() && a[i + da] == b[j + db])) return {i + da, j + db};
    }
  }
  return {a.size(), b.size()};
}

std::vector<Block> blocks_of(const std::vector<std::string_view>& a, const std::vector<std::string_view>& b) {
  std::vector<Block> blocks;
  std::size_t i = 0;
  std::size_t j = 0;
  while (i < a.size() || j < b.size()) {
    if (i < a.size() && j < b.size() && a[i] == b[j]) {
      ++i;
      ++j;
      continue;
    }
    const auto [next_i, next_j] = next_match(a, i, b, j);
    blocks.push_back({i, next_i, j, next_j});
    i = next_i;
    j = next_j;
  }
  return blocks;
}

void add_line(std::string& out, char sign, std::string_view line) {
  out += sign;
  out += line;
  if (!line.ends_with('\n')) out += "\n\\ No newline at end of file\n";
}

std::string span(std::size_t begin, std::size_t count) {
  // diff(1) numbers an empty span by the line before it.
  const std::size_t first = count == 0 ? begin : begin + 1;
  return count == 1 ? fmt::format("{}", first) : fmt::format("{},{}", first, count);
}

class DiffWriter {
 public:
  DiffWriter(std::string_view before, std::string_view after) : old_(lines_of(before)), new_(lines_of(after)) {}

  std::string write() {
    const std::vector<Block> blocks = blocks_of(old_, new_);
    for (std::size_t first = 0; first < blocks.size();) {
      std::size_t last = first;
      while (last + 1 < blocks.size() && blocks[last + 1].begin - blocks[last].end <= 2 * kContext)
        ++last;
      hunk({blocks.begin() + static_cast<std::ptrdiff_t>(first),
            blocks.begin() + static_cast<std::ptrdiff_t>(last) + 1});
      first = last + 1;
    }
    return std::move(out_);
  }

 private:
  void hunk(const std::vector<Block>& blocks) {
    const Block& head = blocks.front();
    const Block& tail = blocks.back();
    const std::size_t lead = std::min(kContext, head.begin);
    const std::size_t trail = std::min(kContext, old_.size() - tail.end);
    const std::size_t begin = head.begin - lead;
    const std::size_t end = tail.end + trail;
    const std::size_t new_begin = head.new_begin - lead;
    out_ += fmt::format("@@ -{} +{} @@\n", span(begin, end - begin), span(new_begin, tail.new_end + trail - new_begin));
    std::size_t at = begin;
    for (const Block& block : blocks) {
      for (; at < block.begin; ++at)
        add_line(out_, ' ', old_[at]);
      for (; at < block.end; ++at)
        add_line(out_, '-', old_[at]);
      for (std::size_t line = block.new_begin; line < block.new_end; ++line)
        add_line(out_, '+', new_[line]);
    }
    for (; at < end; ++at)
      add_line(out_, ' ', old_[at]);
  }

  std::vector<std::string_view> old_;
  std::vector<std::string_view> new_;
  std::string out_;
};

}  // namespace

std::string diff_of(const PinReport& report) {
  if (!report.changed()) return {};
  const std::string name = printable(report.file);
  return fmt::format("--- {}\n+++ {}\n", name, name) + DiffWriter(report.before, report.after).write();
}

}  // namespace slipway::run
