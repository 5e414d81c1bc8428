#include <algorithm>
#include <vector>

#include "run/text_finder.h"
#include "slipway/base/text.h"

namespace slipway::run {

namespace {

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

/// Reads a job file in HCL as far as images need it: blocks, assignments of strings, comments, here-documents.
class JobFile {
 public:
  JobFile(std::string_view text, const std::string& file) : text_(text), file_(file) { findings_.format = "nomad"; }

  Findings read() {
    while (at_ < text_.size())
      step();
    return std::move(findings_);
  }

 private:
  void step() {
    const std::string_view rest = text_.substr(at_);
    if (rest[0] == '#' || rest.starts_with("//")) return skip_to("\n");
    if (rest.starts_with("/*")) return skip_to("*/");
    if (rest.starts_with("<<")) return heredoc();
    if (rest[0] == '"') return string();
    if (is_word(rest[0])) return word();
    if (rest[0] == '{') blocks_.push_back(first_word_);
    if (rest[0] == '}' && !blocks_.empty()) blocks_.pop_back();
    if (rest[0] == '=') is_assigned_ = true;
    if (rest[0] == '\n' || rest[0] == '{' || rest[0] == '}' || rest[0] == ',') start_line();
    ++at_;
  }

  void start_line() {
    first_word_ = {};
    is_assigned_ = false;
  }

  void skip_to(std::string_view end) {
    const std::size_t found = text_.find(end, at_);
    // A comment's line end is left: it ends an assignment.
    at_ = found == std::string_view::npos ? text_.size() : found + (end == "\n" ? 0 : end.size());
  }

  void word() {
    const std::size_t begin = at_;
    while (at_ < text_.size() && is_word(text_[at_]))
      ++at_;
    if (first_word_.empty()) first_word_ = text_.substr(begin, at_ - begin);
  }

  /// <<EOF or <<-EOF: the lines up to the word alone are text.
  void heredoc() {
    const std::size_t end_of_line = std::min(text_.find('\n', at_), text_.size());
    std::string_view end = trim(text_.substr(at_ + 2, end_of_line - at_ - 2));
    if (end.starts_with('-')) end.remove_prefix(1);
    at_ = end_of_line;
    while (at_ < text_.size()) {
      const std::size_t begin = at_ + 1;
      at_ = std::min(text_.find('\n', std::min(begin, text_.size())), text_.size());
      if (begin >= text_.size() || trim(text_.substr(begin, at_ - begin)) == end) return;
    }
  }

  void string() {
    const std::size_t begin = ++at_;
    while (at_ < text_.size() && text_[at_] != '"' && text_[at_] != '\n')
      at_ += text_[at_] == '\\' ? 2 : 1;
    at_ = std::min(at_, text_.size());
    const std::string_view value = text_.substr(begin, at_ - begin);
    if (at_ < text_.size() && text_[at_] == '"') ++at_;
    const bool is_image = is_assigned_ && first_word_ == "image" && !blocks_.empty() && blocks_.back() == "config";
    if (is_image) image(value, begin);
  }

  void image(std::string_view value, std::size_t begin) {
    const auto row = std::count(text_.begin(), text_.begin() + static_cast<std::ptrdiff_t>(begin), '\n');
    const std::size_t line = text_.rfind('\n', begin);
    const Where where{file_, static_cast<int>(row) + 1,
                      static_cast<int>(begin - (line == std::string_view::npos ? 0 : line + 1)) + 1};
    if (value.find_first_of("$\\%{") != std::string_view::npos)
      return findings_.notes.push_back({where, "config.image", "a variable, left alone"});
    findings_.references.push_back({std::string(value), {begin, begin + value.size()}, where, "config.image"});
  }

  std::string_view text_;
  const std::string& file_;
  Findings findings_;
  std::size_t at_ = 0;
  std::string_view first_word_;  ///< of the line: the name of a block or of what is assigned
  bool is_assigned_ = false;
  std::vector<std::string_view> blocks_;
};

bool is_nomad_name(std::string_view name) { return name.ends_with(".nomad") || name.ends_with(".nomad.hcl"); }

Result<Findings> read_nomad(std::string_view text, const std::string& file) { return JobFile(text, file).read(); }

}  // namespace

const ReferenceFinder& nomad_finder() {
  static const TextFinder finder("nomad", is_nomad_name, read_nomad);
  return finder;
}

}  // namespace slipway::run
