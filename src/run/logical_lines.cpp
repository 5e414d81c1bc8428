#include "run/logical_lines.h"

#include <algorithm>

namespace slipway::run {

bool LineScanner::ends_line(std::size_t at) const {
  if (at >= text_.size() || text_[at] == '\n') return true;
  return text_[at] == '\r' && (at + 1 == text_.size() || text_[at + 1] == '\n');
}

/// The escape character with nothing but blanks up to the line's end.
bool LineScanner::continues(std::size_t at) const {
  if (at >= text_.size() || text_[at] != rules_.escape) return false;
  const std::size_t end = std::min(text_.find_first_not_of(" \t", at + 1), text_.size());
  return end < text_.size() && ends_line(end);
}

void LineScanner::skip_line() {
  const std::size_t end = text_.find('\n', at_);
  at_ = end == std::string_view::npos ? text_.size() : end + 1;
  line_begin_ = at_;
  ++row_;
}

std::string_view LineScanner::raw_line() {
  const std::size_t begin = at_;
  skip_line();
  std::string_view line = text_.substr(begin, at_ - begin);
  while (!line.empty() && (line.back() == '\n' || line.back() == '\r'))
    line.remove_suffix(1);
  return line;
}

bool LineScanner::is_comment_line() const {
  const std::size_t first = text_.find_first_not_of(" \t", at_);
  return first != std::string_view::npos && rules_.comments.find(text_[first]) != std::string_view::npos;
}

void LineScanner::word(LogicalLine& line) {
  Word word;
  word.where = {file_, row_, static_cast<int>(at_ - line_begin_) + 1};
  const std::size_t begin = at_;
  char quote = 0;
  bool was_quoted = false;
  while (!ends_line(at_)) {
    const char c = text_[at_];
    if (quote == 0 && (rules_.separators.find(c) != std::string_view::npos || continues(at_))) break;
    if (rules_.quotes && (c == quote || (quote == 0 && (c == '"' || c == '\'')))) {
      quote = quote == 0 ? c : 0;
      was_quoted = true;
    } else {
      word.plain = word.plain && c != rules_.escape;
      word.text += c;
    }
    ++at_;
  }
  word.range = {begin, at_};
  // Quotes around the whole word stay; a word quoted in part is nobody's to rewrite.
  if (was_quoted) {
    const bool whole = at_ - begin == word.text.size() + 2 && text_[begin] == text_[at_ - 1];
    word.plain = word.plain && whole && quote == 0;
    if (whole) word.range = {begin + 1, at_ - 1};
  }
  if (continues(at_) && at_ + 1 < text_.size()) {
    const std::size_t next = text_.find('\n', at_);
    const bool joined = next != std::string_view::npos && next + 1 < text_.size() &&
                        rules_.separators.find(text_[next + 1]) == std::string_view::npos && !ends_line(next + 1);
    word.plain = word.plain && !joined;
  }
  line.words.push_back(std::move(word));
}

LogicalLine LineScanner::next() {
  LogicalLine line;
  bool continued = false;
  while (at_ < text_.size()) {
    if (at_ == line_begin_ && is_comment_line()) {
      skip_line();
    } else if (continues(at_)) {
      skip_line();
      continued = true;
    } else if (ends_line(at_)) {
      skip_line();
      if (!line.words.empty() && !(continued && rules_.blank_lines_continue)) break;
    } else if (rules_.separators.find(text_[at_]) != std::string_view::npos) {
      ++at_;
    } else {
      word(line);
      continued = false;
    }
  }
  line.end = at_;
  return line;
}

std::string replace_ranges(std::string_view text, std::vector<config::Edit> edits) {
  std::sort(edits.begin(), edits.end(), [](const auto& a, const auto& b) { return a.range.begin < b.range.begin; });
  std::string out;
  std::size_t copied = 0;
  for (const config::Edit& edit : edits) {
    if (edit.range.begin < copied) continue;
    out += text.substr(copied, edit.range.begin - copied);
    out += edit.value;
    copied = edit.range.end;
  }
  return out += text.substr(copied);
}

Result<std::string> apply_to_text(const ReferenceFinder& finder, std::string_view text, const std::string& file,
                                  const PinOptions& options, const Findings& findings,
                                  std::vector<config::Edit> edits) {
  std::string out = replace_ranges(text, edits);
  SLIPWAY_ASSIGN(auto after, finder.find(out, file, options));
  bool same = after && findings.references.size() == after->references.size();
  if (same) {
    std::stable_sort(after->references.begin(), after->references.end(),
                     [](const FoundReference& a, const FoundReference& b) { return a.range.begin < b.range.begin; });
  }
  for (std::size_t i = 0; same && i < findings.references.size(); ++i) {
    const FoundReference& was = findings.references[i];
    const auto edit = std::find_if(edits.begin(), edits.end(), [&](const auto& e) { return e.range == was.range; });
    const FoundReference& now = after->references[i];
    const std::string wanted = edit == edits.end() ? was.prefix + was.written + was.suffix : edit->value;
    same = now.role == was.role && now.prefix + now.written + now.suffix == wanted;
  }
  if (same) return out;
  return fail(Errc::internal, "{}: the edit would change more than the references; nothing was changed", file);
}

}  // namespace slipway::run
