#include "run/text_finder.h"
#include "slipway/base/text.h"

namespace slipway::run {

namespace {

/// A token of JSON with comments: a punctuation mark, a string with its quotes, or another word.
struct Token {
  std::string_view text;
  std::size_t begin = 0;
  int row = 1;
  int col = 1;
  bool is_string() const { return text.size() >= 2 && text.front() == '"'; }
  std::string_view inner() const { return text.substr(1, text.size() - 2); }
};

/// Reads JSON with comments and trailing commas token by token.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  /// Returns the next token; an empty one at the end.
  Token next() {
    skip_blanks();
    Token token{{}, at_, row_, static_cast<int>(at_ - line_) + 1};
    if (at_ >= text_.size()) return token;
    const std::size_t end = text_[at_] == '"' ? end_of_string() : end_of_word();
    token.text = text_.substr(at_, end - at_);
    at_ = end;
    return token;
  }

 private:
  void skip_blanks() {
    while (at_ < text_.size()) {
      const std::string_view rest = text_.substr(at_);
      if (rest.starts_with("//")) {
        at_ = std::min(text_.find('\n', at_), text_.size());
      } else if (rest.starts_with("/*")) {
        const std::size_t end = text_.find("*/", at_ + 2);
        advance_to(end == std::string_view::npos ? text_.size() : end + 2);
      } else if (std::string_view(" \t\r\n").find(rest[0]) != std::string_view::npos) {
        advance_to(at_ + 1);
      } else {
        return;
      }
    }
  }

  void advance_to(std::size_t end) {
    for (; at_ < end; ++at_) {
      if (text_[at_] != '\n') continue;
      ++row_;
      line_ = at_ + 1;
    }
  }

  std::size_t end_of_string() const {
    for (std::size_t i = at_ + 1; i < text_.size(); ++i) {
      if (text_[i] == '\\')
        ++i;
      else if (text_[i] == '"')
        return i + 1;
    }
    return text_.size();
  }

  std::size_t end_of_word() const {
    constexpr std::string_view kMarks = "{}[],:";
    if (kMarks.find(text_[at_]) != std::string_view::npos) return at_ + 1;
    return std::min(text_.find_first_of("{}[],: \t\r\n\"/", at_ + 1), text_.size());
  }

  std::string_view text_;
  std::size_t at_ = 0, line_ = 0;
  int row_ = 1;
};

/// The member `image` of the outermost object.
Findings find_image(std::string_view text, const std::string& file) {
  Findings findings;
  findings.format = "devcontainer";
  Scanner scanner(text);
  int depth = 0;
  Token key, previous;
  for (Token token = scanner.next(); !token.text.empty(); previous = token, token = scanner.next()) {
    if (token.text == "{" || token.text == "[") ++depth;
    if (token.text == "}" || token.text == "]") --depth;
    if (token.text == ":" && depth == 1) key = previous;
    if (previous.text != ":" || !token.is_string() || depth != 1 || key.text != "\"image\"") continue;
    const std::string_view image = token.inner();
    const Where where{file, token.row, token.col + 1};
    if (image.find('\\') == std::string_view::npos && image.find('$') == std::string_view::npos) {
      findings.references.push_back(
          {std::string(image), {token.begin + 1, token.begin + 1 + image.size()}, where, "image"});
    } else {
      findings.notes.push_back({where, "image", "a variable, left alone"});
    }
  }
  return findings;
}

bool is_devcontainer_name(std::string_view name) { return name == "devcontainer.json" || name == ".devcontainer.json"; }

Result<Findings> read_devcontainer(std::string_view text, const std::string& file) { return find_image(text, file); }

}  // namespace

const ReferenceFinder& devcontainer_finder() {
  static const TextFinder finder("devcontainer", is_devcontainer_name, read_devcontainer);
  return finder;
}

}  // namespace slipway::run
