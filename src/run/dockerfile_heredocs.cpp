#include "run/dockerfile_heredocs.h"

#include <optional>

namespace slipway::run {

namespace {

bool is_blank(char c) { return c == ' ' || c == '\t'; }

/// Splits a line into the words of a shell, quotes left in place; nullopt if a quote is not closed.
std::optional<std::vector<std::string>> shell_words(std::string_view line, char escape) {
  std::vector<std::string> words;
  std::string word;
  char quote = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (quote == 0 && is_blank(c)) {
      if (!word.empty()) words.push_back(std::move(word));
      word.clear();
      continue;
    }
    word += c;
    if (c == escape && quote != '\'' && i + 1 < line.size()) {
      word += line[++i];
    } else if (c == quote) {
      quote = 0;
    } else if (quote == 0 && (c == '"' || c == '\'')) {
      quote = c;
    }
  }
  if (quote != 0) return std::nullopt;
  if (!word.empty()) words.push_back(std::move(word));
  return words;
}

std::string without_quotes(std::string_view text, char escape) {
  std::string out;
  char quote = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == escape && quote != '\'' && i + 1 < text.size()) {
      out += text[++i];
    } else if (c == quote) {
      quote = 0;
    } else if (quote == 0 && (c == '"' || c == '\'')) {
      quote = c;
    } else {
      out += c;
    }
  }
  return out;
}

std::optional<Heredoc> heredoc_of(std::string_view word, char escape) {
  const std::size_t begin = word.find_first_not_of("0123456789");
  if (begin == std::string_view::npos || !word.substr(begin).starts_with("<<")) return std::nullopt;
  word.remove_prefix(begin + 2);
  Heredoc heredoc;
  heredoc.strips_tabs = word.starts_with('-');
  if (heredoc.strips_tabs) word.remove_prefix(1);
  if (word.empty() || word.find('<') != std::string_view::npos) return std::nullopt;
  heredoc.end = without_quotes(word, escape);
  return heredoc;
}

}  // namespace

std::vector<Heredoc> heredocs_of(std::string_view line, char escape) {
  std::vector<Heredoc> found;
  if (line.find("<<") == std::string_view::npos) return found;
  const auto words = shell_words(line, escape);
  if (!words) return found;
  for (const std::string& word : *words) {
    if (auto heredoc = heredoc_of(word, escape)) found.push_back(*std::move(heredoc));
  }
  return found;
}

}  // namespace slipway::run
