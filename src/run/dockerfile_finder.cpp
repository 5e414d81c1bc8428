#include <algorithm>
#include <set>

#include "run/logical_lines.h"
#include "slipway/base/text.h"

namespace slipway::run {

namespace {

bool is_dockerfile_name(std::string_view file) {
  const std::string name = to_lower(file.substr(file.rfind('/') + 1));
  for (const char* base : {"dockerfile", "containerfile"}) {
    const std::string word(base);
    if (name == word || name.starts_with(word + ".") || name.ends_with("." + word)) return true;
  }
  return false;
}

/// What follows a prefix in a word, with the bytes it has.
Word tail_of(const Word& word, std::size_t from, std::size_t length) {
  Word tail = word;
  tail.text = word.text.substr(from, length);
  tail.range = {word.range.begin + from, word.range.begin + from + tail.text.size()};
  tail.where.col += static_cast<int>(from);
  return tail;
}

/// Reads the instructions one by one, knowing the stages so far.
class Dockerfile {
 public:
  Dockerfile(std::string_view text, const std::string& file) : lines_(text, file, {}), text_(text) {
    findings_.format = "dockerfile";
  }

  Findings read() {
    directives();
    while (!lines_.at_end()) {
      LogicalLine line = lines_.next();
      if (line.words.empty()) continue;
      if (to_lower(line.words.front().text) == "onbuild") line.words.erase(line.words.begin());
      if (!line.words.empty()) instruction(line.words);
    }
    return std::move(findings_);
  }

 private:
  /// "# escape=`" may only stand before everything else.
  void directives() {
    std::string_view rest = text_;
    while (rest.starts_with('#')) {
      const std::string line = to_lower(rest.substr(0, rest.find('\n')));
      const std::size_t equals = line.find('=');
      if (equals == std::string::npos) return;
      const std::string value(trim(std::string_view(line).substr(equals + 1)));
      if (trim(std::string_view(line).substr(1, equals - 1)) == "escape" && value == "`") lines_.set_escape('`');
      rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    }
  }

  void instruction(const std::vector<Word>& words) {
    const std::string name = to_lower(words[0].text);
    if (name == "from") return from(words);
    if (name == "copy" || name == "add" || name == "run") options(words, name);
    if (name == "copy" || name == "add" || name == "run") here_documents(words);
  }

  void from(const std::vector<Word>& words) {
    const auto image =
        std::find_if(words.begin() + 1, words.end(), [](const Word& word) { return !word.text.starts_with("--"); });
    if (image == words.end()) return;
    reference(*image, fmt::format("FROM of stage {}", count_));
    ++count_;
    if (words.end() - image >= 3 && to_lower((image + 1)->text) == "as") stages_.insert(to_lower((image + 2)->text));
  }

  /// COPY --from=IMAGE, RUN --mount=type=bind,from=IMAGE,...
  void options(const std::vector<Word>& words, const std::string& name) {
    for (std::size_t i = 1; i < words.size() && words[i].text.starts_with("--"); ++i) {
      const std::string& text = words[i].text;
      constexpr std::string_view kFrom = "--from=", kMount = "--mount=";
      if (name != "run" && text.starts_with(kFrom)) {
        reference(tail_of(words[i], kFrom.size(), std::string::npos), "COPY --from");
      } else if (name == "run" && text.starts_with(kMount)) {
        const std::size_t at = text.find("from=", kMount.size());
        if (at == std::string::npos || (text[at - 1] != ',' && text[at - 1] != '=')) continue;
        const std::size_t end = std::min(text.find(',', at), text.size());
        reference(tail_of(words[i], at + 5, end - at - 5), "RUN --mount from");
      }
    }
  }

  void reference(const Word& word, const std::string& role) {
    const std::string lower = to_lower(word.text);
    const bool number =
        !lower.empty() && std::all_of(lower.begin(), lower.end(), [](char c) { return c >= '0' && c <= '9'; });
    if (lower.empty() || lower == "scratch" || number || stages_.contains(lower)) return;
    if (word.text.find('$') != std::string::npos) {
      findings_.notes.push_back({word.where, fmt::format("{}: a build argument, left alone", role)});
    } else if (word.text.find("{{") != std::string::npos) {
      findings_.notes.push_back({word.where, fmt::format("{}: a template, left alone", role)});
    } else if (!word.plain) {
      findings_.notes.push_back({word.where, fmt::format("{}: written over several lines, left alone", role)});
    } else {
      findings_.references.push_back({word.text, word.range, word.where, role});
    }
  }

  /// The lines of <<EOF are a script or a file, and none of ours.
  void here_documents(const std::vector<Word>& words) {
    for (const Word& word : words) {
      std::string_view text = word.text;
      const std::size_t at = text.find("<<");
      if (at == std::string_view::npos || text.substr(at).starts_with("<<<")) continue;
      text.remove_prefix(at + 2);
      const bool strip = text.starts_with('-');
      if (strip) text.remove_prefix(1);
      std::string end;
      for (const char c : text) {
        if (c != '"' && c != '\'') end += c;
      }
      const bool is_name = !end.empty() && std::all_of(end.begin(), end.end(), [](char c) {
        return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
      });
      if (!is_name) continue;
      while (!lines_.at_end()) {
        std::string_view line = lines_.raw_line();
        while (strip && line.starts_with('\t'))
          line.remove_prefix(1);
        if (line == end) break;
      }
    }
  }

  LineScanner lines_;
  std::string_view text_;
  Findings findings_;
  std::set<std::string> stages_;
  int count_ = 0;
};

class DockerfileFinder final : public ReferenceFinder {
 public:
  Result<std::optional<Findings>> find(std::string_view text, const std::string& file,
                                       const PinOptions&) const override {
    if (!is_dockerfile_name(file) || text.find('\0') != std::string_view::npos) return std::nullopt;
    return Dockerfile(text, file).read();
  }
  Result<std::string> apply(std::string_view text, const std::string& file, FileEdits edits) const override {
    return apply_to_text(*this, text, file, std::move(edits.edits));
  }
};

}  // namespace

const ReferenceFinder& dockerfile_finder() {
  static const DockerfileFinder finder;
  return finder;
}

}  // namespace slipway::run
