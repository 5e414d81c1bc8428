#include <algorithm>
#include <map>
#include <set>

#include "run/dockerfile_heredocs.h"
#include "run/logical_lines.h"
#include "run/text_finder.h"
#include "slipway/base/text.h"

namespace slipway::run {

namespace {

bool is_dockerfile_name(std::string_view written) {
  const std::string name = to_lower(written);
  for (const char* base : {"dockerfile", "containerfile"}) {
    const std::string word(base);
    if (name == word || name.starts_with(word + ".") || name.ends_with("." + word)) return true;
  }
  return false;
}

/// Returns a part of a word, with the bytes that it has.
Word part_of(const Word& word, std::size_t from, std::size_t length = std::string::npos) {
  Word part = word;
  part.text = word.text.substr(from, length);
  part.range = {word.range.begin + from, word.range.begin + from + part.text.size()};
  part.where.col += static_cast<int>(from);
  return part;
}

/// Returns the word between quotes around it, or the word.
Word unquoted(const Word& word) {
  const std::string& text = word.text;
  const bool quoted = text.size() >= 2 && text.front() == text.back() && (text.front() == '"' || text.front() == '\'');
  return quoted ? part_of(word, 1, text.size() - 2) : word;
}

bool is_name(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  });
}

/// A word that is one variable: $NAME, ${NAME}, ${NAME:-default} or ${NAME-default}.
struct Variable {
  std::string name;
  std::optional<Word> fallback;
};

std::optional<Variable> variable_of(const Word& word) {
  const std::string& text = word.text;
  if (!text.starts_with('$')) return std::nullopt;
  if (is_name(std::string_view(text).substr(1))) return Variable{text.substr(1), std::nullopt};
  if (!text.starts_with("${") || !text.ends_with('}')) return std::nullopt;
  const std::string inner = text.substr(2, text.size() - 3);
  if (is_name(inner)) return Variable{inner, std::nullopt};
  const std::size_t dash = inner.find('-');
  if (dash == std::string::npos || dash == 0) return std::nullopt;
  const std::string name = inner.substr(0, inner[dash - 1] == ':' ? dash - 1 : dash);
  if (!is_name(name)) return std::nullopt;
  return Variable{name, part_of(word, 2 + dash + 1, inner.size() - dash - 1)};
}

/// Reads the instructions one by one, knowing the stages and global build arguments so far.
class Dockerfile {
 public:
  Dockerfile(std::string_view text, const std::string& file)
      : lines_(text, file, {.blank_lines_continue = true}), text_(text), file_(file) {
    findings_.format = "dockerfile";
  }

  Result<Findings> read() {
    directives();
    while (!lines_.at_end()) {
      LogicalLine line = lines_.next();
      if (line.words.empty()) continue;
      if (to_lower(line.words.front().text) == "onbuild") line.words.erase(line.words.begin());
      if (!line.words.empty()) SLIPWAY_TRY(instruction(line.words));
    }
    return std::move(findings_);
  }

 private:
  /// Comments of the form "# name=value" before everything else, but for a line "#!...": syntax, escape, check. A file
  /// for another frontend may have comments with "//".
  void directives() {
    std::size_t at = text_.starts_with("\xEF\xBB\xBF") ? 3 : 0;
    const std::string_view mark = text_.substr(at).starts_with("//") ? "//" : "#";
    int row = 1;
    if (text_.substr(at).starts_with("#!")) {
      at = std::min(text_.find('\n', at), text_.size() - 1) + 1;
      ++row;
    }
    for (; at < text_.size() && text_.substr(at).starts_with(mark); ++row) {
      const std::string_view line = text_.substr(at, text_.find('\n', at) - at);
      const std::size_t equals = line.find('=');
      if (equals == std::string_view::npos) return;
      const std::string name = to_lower(trim(line.substr(mark.size(), equals - mark.size())));
      if (!is_name(name)) return;
      const std::size_t begin = std::min(line.find_first_not_of(" \t", equals + 1), line.size());
      const std::string_view value = line.substr(begin, line.find_first_of(" \t\r", begin) - begin);
      if (name == "escape" && value == "`") lines_.set_escape(escape_ = '`');
      if (name == "syntax" && !value.empty()) {
        findings_.references.push_back({std::string(value),
                                        {at + begin, at + begin + value.size()},
                                        {file_, row, static_cast<int>(begin) + 1},
                                        "syntax directive"});
      }
      at += std::min(line.size() + 1, text_.size() - at);
    }
  }

  Status instruction(const std::vector<Word>& words) {
    const std::string name = to_lower(words[0].text);
    if (name == "from") from(words);
    if (name == "arg" && count_ == 0) global_arguments(words);
    if (name != "copy" && name != "add" && name != "run") return {};
    options(words, name);
    return skip_heredocs(words);
  }

  /// Only arguments before the first FROM can stand in a FROM.
  void global_arguments(const std::vector<Word>& words) {
    for (std::size_t i = 1; i < words.size(); ++i) {
      const std::size_t equals = words[i].text.find('=');
      if (equals != std::string::npos)
        arguments_.insert_or_assign(words[i].text.substr(0, equals), unquoted(part_of(words[i], equals + 1)));
    }
  }

  void from(const std::vector<Word>& words) {
    const auto image =
        std::find_if(words.begin() + 1, words.end(), [](const Word& word) { return !word.text.starts_with("--"); });
    if (image == words.end()) return;
    const std::string role = fmt::format("FROM of stage {}", count_);
    ++count_;
    if (const auto variable = variable_of(*image)) {
      argument(*image, *variable, role);
    } else {
      reference(*image, role);
    }
    if (words.end() - image >= 3 && to_lower((image + 1)->text) == "as") stages_.insert(to_lower((image + 2)->text));
  }

  /// FROM $BASE is pinned at the default of ARG BASE, or at the fallback in ${BASE:-...}.
  void argument(const Word& word, const Variable& variable, const std::string& role) {
    const auto known = arguments_.find(variable.name);
    const Word* value = known != arguments_.end() && !known->second.text.empty() ? &known->second : nullptr;
    if (value == nullptr && variable.fallback) value = &*variable.fallback;
    if (value == nullptr || value->text.find('$') != std::string::npos) return reference(word, role);
    if (!pinned_arguments_.insert(value->range.begin).second) return;
    reference(*value, fmt::format("{} (ARG {})", role, variable.name));
  }

  /// COPY --from=IMAGE, RUN --mount=type=bind,from=IMAGE,...
  void options(const std::vector<Word>& words, const std::string& name) {
    for (std::size_t i = 1; i < words.size() && words[i].text.starts_with("--"); ++i) {
      const std::string& text = words[i].text;
      constexpr std::string_view kFrom = "--from=", kMount = "--mount=";
      if (name != "run" && text.starts_with(kFrom)) {
        reference(part_of(words[i], kFrom.size()), "COPY --from");
      } else if (name == "run" && text.starts_with(kMount)) {
        const std::size_t at = text.find("from=", kMount.size());
        if (at == std::string::npos || (text[at - 1] != ',' && text[at - 1] != '=')) continue;
        const std::size_t end = std::min(text.find(',', at), text.size());
        reference(part_of(words[i], at + 5, end - at - 5), "RUN --mount from");
      }
    }
  }

  void reference(const Word& written, const std::string& role) {
    const Word word = unquoted(written);
    const std::string lower = to_lower(word.text);
    const bool number =
        !lower.empty() && std::all_of(lower.begin(), lower.end(), [](char c) { return c >= '0' && c <= '9'; });
    if (lower.empty() || lower == "scratch" || number || stages_.contains(lower)) return;
    if (word.text.find('$') != std::string::npos) {
      findings_.notes.push_back({word.where, role, "a build argument, left alone"});
    } else if (word.text.find("{{") != std::string::npos) {
      findings_.notes.push_back({word.where, role, "a template, left alone"});
    } else if (!word.plain) {
      findings_.notes.push_back({word.where, role, "written over several lines, left alone"});
    } else {
      findings_.references.push_back({word.text, word.range, word.where, role});
    }
  }

  /// The lines of here-documents are scripts and files, never instructions.
  Status skip_heredocs(const std::vector<Word>& words) {
    std::string line;
    for (const Word& word : words)
      line += (line.empty() ? "" : " ") + word.text;
    for (const Heredoc& heredoc : heredocs_of(line, escape_)) {
      if (skip_to(heredoc)) continue;
      return fail(error(Errc::invalid_argument, "the here-document <<{} has no end", printable(heredoc.end, 80))
                      .at(words[0].where)
                      .with_hint("write the word that ends it alone on a line"));
    }
    return {};
  }

  bool skip_to(const Heredoc& heredoc) {
    while (!lines_.at_end()) {
      std::string_view line = lines_.raw_line();
      while (heredoc.strips_tabs && line.starts_with('\t'))
        line.remove_prefix(1);
      if (line == heredoc.end) return true;
    }
    return false;
  }

  LineScanner lines_;
  std::string_view text_;
  const std::string& file_;
  Findings findings_;
  std::set<std::string> stages_;
  std::map<std::string, Word> arguments_;
  std::set<std::size_t> pinned_arguments_;  ///< by where their values begin: one may stand in several FROMs
  char escape_ = '\\';
  int count_ = 0;
};

Result<Findings> read_dockerfile(std::string_view text, const std::string& file) {
  return Dockerfile(text, file).read();
}

}  // namespace

const ReferenceFinder& dockerfile_finder() {
  static const TextFinder finder("dockerfile", is_dockerfile_name, read_dockerfile);
  return finder;
}

}  // namespace slipway::run
