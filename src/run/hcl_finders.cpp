#include <algorithm>
#include <vector>

#include "run/build_contexts.h"
#include "run/text_finder.h"
#include "slipway/base/text.h"

namespace slipway::run {

namespace {

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

constexpr std::string_view kScheme = "docker-image://";

/// Returns true for an argument of a build that may name the image of a FROM: BASE=nginx:1.27.
bool is_image_argument(std::string_view name, std::string_view value) {
  const std::string lower = to_lower(name);
  if (lower.find("image") == std::string::npos && lower.find("base") == std::string::npos) return false;
  const auto location = oci::Location::parse_for_reading(value);
  return location && location->is_registry() && location->tag() && !location->digest();
}

/// Reads HCL, or JSON, as far as images need it: blocks, assignments of strings, comments, here-documents. Job files of
/// Nomad have images in the `config` of tasks, files of bake in the `contexts` of targets.
class HclFile {
 public:
  enum class Kind { nomad, bake };

  HclFile(std::string_view text, const std::string& file, Kind kind) : text_(text), file_(file), kind_(kind) {
    findings_.format = kind == Kind::nomad ? "nomad" : "bake";
  }

  Findings read() {
    while (at_ < text_.size())
      step();
    return std::move(findings_);
  }

  /// Returns the keys of `contexts`. Call after read().
  std::vector<std::string> contexts() const { return contexts_; }

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
    if (rest[0] == '=' || (rest[0] == ':' && kind_ == Kind::bake)) is_assigned_ = true;
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
    if (!is_assigned_ && first_word_.empty()) first_word_ = value;  // a key in quotes
    const std::string_view block = blocks_.empty() ? std::string_view() : blocks_.back();
    if (is_assigned_ && kind_ == Kind::bake) return bake_value(block, value, begin);
    if (is_assigned_ && first_word_ == "image" && block == "config") image(value, begin, "config.image");
  }

  void bake_value(std::string_view block, std::string_view value, std::size_t begin) {
    if (block == "contexts") contexts_.emplace_back(first_word_);
    const std::string role = fmt::format("{}.{}", block, printable(first_word_, 80));
    if (value.starts_with(kScheme)) {
      image(value, begin, role, kScheme);
    } else if (block == "args" && is_image_argument(first_word_, value)) {
      findings_.notes.push_back({where_of(begin), role, "an argument that may name an image, left alone"});
    }
  }

  Where where_of(std::size_t begin) const {
    const auto row = std::count(text_.begin(), text_.begin() + static_cast<std::ptrdiff_t>(begin), '\n');
    const std::size_t line = text_.rfind('\n', begin);
    return {file_, static_cast<int>(row) + 1,
            static_cast<int>(begin - (line == std::string_view::npos ? 0 : line + 1)) + 1};
  }

  void image(std::string_view value, std::size_t begin, const std::string& role, std::string_view prefix = {}) {
    if (value.find_first_of("$\\%{") != std::string_view::npos)
      return findings_.notes.push_back({where_of(begin), role, "a variable, left alone"});
    findings_.references.push_back({std::string(value.substr(prefix.size())),
                                    {begin, begin + value.size()},
                                    where_of(begin),
                                    role,
                                    std::string(prefix)});
  }

  std::string_view text_;
  const std::string& file_;
  const Kind kind_;
  Findings findings_;
  std::vector<std::string> contexts_;
  std::size_t at_ = 0;
  std::string_view first_word_;  ///< of the line: the name of a block or of what is assigned
  bool is_assigned_ = false;
  std::vector<std::string_view> blocks_;
};

bool is_nomad_name(std::string_view name) { return name.ends_with(".nomad") || name.ends_with(".nomad.hcl"); }

Result<Findings> read_nomad(std::string_view text, const std::string& file) {
  return HclFile(text, file, HclFile::Kind::nomad).read();
}

bool is_bake_name(std::string_view name) {
  return name.starts_with("docker-bake.") && (name.ends_with(".hcl") || name.ends_with(".json"));
}

Result<Findings> read_bake(std::string_view text, const std::string& file) {
  return HclFile(text, file, HclFile::Kind::bake).read();
}

}  // namespace

const ReferenceFinder& nomad_finder() {
  static const TextFinder finder("nomad", is_nomad_name, read_nomad);
  return finder;
}

const ReferenceFinder& bake_finder() {
  static const TextFinder finder("bake", is_bake_name, read_bake);
  return finder;
}

std::vector<std::string> bake_contexts(std::string_view text) {
  const std::string no_file;
  HclFile file(text, no_file, HclFile::Kind::bake);
  (void)file.read();
  return file.contexts();
}

}  // namespace slipway::run
