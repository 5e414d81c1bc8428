#include "cli/next_step.h"

#include <algorithm>
#include <array>

#include "slipway/base/text.h"

namespace slipway::cli {
namespace {

constexpr std::size_t kLongestWord = 500;

/// The first value of an argument; empty when it was not given.
std::string typed_value(const Option& option) {
  if (const auto* one = std::get_if<std::string*>(&option.slot)) return **one;
  if (const auto* maybe = std::get_if<std::optional<std::string>*>(&option.slot)) return (*maybe)->value_or("");
  if (const auto* list = std::get_if<std::vector<std::string>*>(&option.slot))
    return (*list)->size() == 1 ? (*list)->front() : "";
  return "";
}

/// The arguments that hints mean when they name one: what a command works on. FILE and others may be new ones.
bool is_object(std::string_view name) {
  constexpr std::array<std::string_view, 5> kObjects{"REF", "ENV", "FROM", "TO", "HOST"};
  return std::find(kObjects.begin(), kObjects.end(), name) != kObjects.end();
}

bool is_word_character(char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_'; }

/// Replaces the word `name` in text[from, to) and returns how much longer the text became.
std::ptrdiff_t replace_word(std::string& text, std::size_t from, std::size_t to, const std::string& name,
                            const std::string& value) {
  for (std::size_t at = text.find(name, from); at < to; at = text.find(name, at + 1)) {
    const std::size_t end = at + name.size();
    const bool is_whole = !is_word_character(text[at - 1]) && (end == text.size() || !is_word_character(text[end]));
    const bool is_part = text[at - 1] == '/' || (end < text.size() && (text[end] == '/' || text[end] == '@'));
    if (!is_whole || is_part) continue;
    text.replace(at, name.size(), value);
    return static_cast<std::ptrdiff_t>(value.size()) - static_cast<std::ptrdiff_t>(name.size());
  }
  return 0;
}

}  // namespace

std::string shell_word(std::string_view word) {
  constexpr std::string_view kPlain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./:@%+=,-";
  std::string text = printable(word, kLongestWord);
  if (!text.empty() && text.find_first_not_of(kPlain) == std::string::npos) return text;
  std::string quoted = "'";
  for (const char c : text)
    quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

std::string typed_argument(const OptionSet& own, std::string_view name) {
  for (const Option& option : own.all()) {
    if (option.positional && option.names == name) return typed_value(option);
  }
  return "";
}

std::string with_typed_words(std::string hint, const OptionSet& own) {
  constexpr std::string_view kCommand = "slipway ";
  for (std::size_t at = hint.find(kCommand); at != std::string::npos; at = hint.find(kCommand, at + 1)) {
    std::size_t end = std::min(hint.find_first_of(";,)", at), hint.size());
    for (const Option& option : own.all()) {
      const std::string value = option.positional ? typed_value(option) : "";
      // ENV[@vN] is the argument that hints call ENV; ENV|REF may be either.
      const std::string name = option.names.substr(0, option.names.find('['));
      if (value.empty() || !is_object(name)) continue;
      end = static_cast<std::size_t>(static_cast<std::ptrdiff_t>(end) +
                                     replace_word(hint, at, end, name, shell_word(value)));
    }
  }
  return hint;
}

std::string words_before_options(const std::vector<std::string>& words, std::size_t first) {
  std::string text;
  for (std::size_t i = first; i < words.size() && !words[i].starts_with('-'); ++i)
    text += " " + shell_word(words[i]);
  return text;
}

std::string completed_command(std::string_view command, const OptionSet& own, const std::vector<std::string>& typed) {
  std::string line = "slipway " + std::string(command);
  for (const std::string& word : typed)
    line += " " + shell_word(word);
  std::size_t position = 0;
  for (const Option& option : own.all()) {
    if (!option.positional) continue;
    if (option.required && position >= typed.size()) line += " " + option.names;
    ++position;
  }
  return line;
}

}  // namespace slipway::cli
