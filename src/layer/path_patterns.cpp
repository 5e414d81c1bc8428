#include "slipway/layer/path_patterns.h"

#include <algorithm>

#include "slipway/base/text.h"

namespace slipway::layer {
namespace {

tl::unexpected<Error> bad_pattern(std::string_view pattern, std::string_view why) {
  return fail(Errc::invalid_argument, "the exclude pattern \"{}\" {}", printable(pattern, 200), why);
}

/// Drops empty and "." components and both outer slashes, as the patterns of .dockerignore are cleaned.
std::string clean(std::string_view pattern) {
  std::string out;
  for (const std::string& part : split(pattern, '/')) {
    if (part.empty() || part == ".") continue;
    if (!out.empty()) out += '/';
    out += part;
  }
  return out;
}

}  // namespace

bool PathPatterns::Token::accepts(char c) const {
  switch (kind) {
    case Kind::literal:
      return c == literal;
    case Kind::any_char:
    case Kind::any_run:
      return c != '/';
    case Kind::char_class: {
      const auto byte = static_cast<unsigned char>(c);
      const bool in = std::any_of(ranges.begin(), ranges.end(),
                                  [byte](const auto& range) { return range.first <= byte && byte <= range.second; });
      return c != '/' && in != negated;
    }
    case Kind::any_deep:
    case Kind::any_folders:
      return true;
  }
  return false;
}

// States are positions in the pattern: time grows with pattern times path, whatever the pattern.
bool PathPatterns::Pattern::matches(std::string_view path) const {
  using Kind = Token::Kind;
  std::vector<char> now(tokens.size() + 1, 0);
  const auto open_skippable = [this](std::vector<char>& states, bool at_component) {
    for (std::size_t i = 0; i < tokens.size(); ++i) {
      if (states[i] == 0) continue;
      const Kind kind = tokens[i].kind;
      const bool skippable =
          kind == Kind::any_run || kind == Kind::any_deep || (kind == Kind::any_folders && at_component);
      if (skippable) states[i + 1] = 1;
    }
  };
  now[0] = 1;
  open_skippable(now, true);
  for (const char c : path) {
    std::vector<char> next(tokens.size() + 1, 0);
    for (std::size_t i = 0; i < tokens.size(); ++i) {
      if (now[i] == 0 || !tokens[i].accepts(c)) continue;
      const Kind kind = tokens[i].kind;
      const bool stays = kind == Kind::any_run || kind == Kind::any_deep || kind == Kind::any_folders;
      next[stays ? i : i + 1] = 1;
    }
    open_skippable(next, c == '/');
    now = std::move(next);
  }
  return now[tokens.size()] != 0;
}

bool PathPatterns::Pattern::matches_or_below(std::string_view path) const {
  for (std::size_t slash = path.find('/'); slash != std::string_view::npos; slash = path.find('/', slash + 1)) {
    if (matches(path.substr(0, slash))) return true;
  }
  return matches(path);
}

Result<PathPatterns::Token> PathPatterns::compile_class(std::string_view text, std::size_t& at) {
  Token token{Token::Kind::char_class, 0, false, {}};
  std::size_t i = at + 1;
  if (i < text.size() && (text[i] == '^' || text[i] == '!')) token.negated = true, ++i;
  const auto take = [&]() -> std::optional<unsigned char> {
    if (i < text.size() && text[i] == '\\') ++i;
    if (i >= text.size()) return std::nullopt;
    return static_cast<unsigned char>(text[i++]);
  };
  while (i < text.size() && (text[i] != ']' || token.ranges.empty())) {
    const auto low = take();
    auto high = low;
    if (i + 1 < text.size() && text[i] == '-' && text[i + 1] != ']') {
      ++i;
      high = take();
    }
    if (!low || !high || *high < *low) return bad_pattern(text, "has a broken character class");
    token.ranges.emplace_back(*low, *high);
  }
  if (i >= text.size()) return bad_pattern(text, "has a character class without ']'");
  at = i;
  return token;
}

Result<PathPatterns::Pattern> PathPatterns::compile_one(std::string text) {
  Pattern pattern;
  pattern.exception = text.starts_with('!');
  text = clean(trim(std::string_view(text).substr(pattern.exception ? 1 : 0)));
  if (text == ".." || text.starts_with("../") || text.find("/../") != std::string::npos || text.ends_with("/.."))
    return bad_pattern(text, "leaves the folder with '..'");
  for (std::size_t i = 0; i < text.size(); ++i) {
    using Kind = Token::Kind;
    if (text[i] == '*' && i + 1 < text.size() && text[i + 1] == '*') {
      while (i + 1 < text.size() && text[i + 1] == '*')
        ++i;
      const bool folders = i + 1 < text.size() && text[i + 1] == '/';
      if (folders) ++i;
      pattern.tokens.push_back({folders ? Kind::any_folders : Kind::any_deep, 0, false, {}});
    } else if (text[i] == '*' || text[i] == '?') {
      pattern.tokens.push_back({text[i] == '*' ? Kind::any_run : Kind::any_char, 0, false, {}});
    } else if (text[i] == '[') {
      SLIPWAY_ASSIGN(auto token, compile_class(text, i));
      pattern.tokens.push_back(std::move(token));
    } else {
      if (text[i] == '\\' && ++i == text.size()) return bad_pattern(text, "ends in a lone backslash");
      pattern.tokens.push_back({Kind::literal, text[i], false, {}});
    }
  }
  return pattern;
}

Result<PathPatterns> PathPatterns::compile(const std::vector<std::string>& patterns) {
  PathPatterns out;
  for (const std::string& text : patterns) {
    SLIPWAY_ASSIGN(auto pattern, compile_one(text));
    if (pattern.tokens.empty()) continue;
    out.has_exceptions_ = out.has_exceptions_ || pattern.exception;
    out.patterns_.push_back(std::move(pattern));
  }
  return out;
}

bool PathPatterns::matches(std::string_view path) const {
  for (auto pattern = patterns_.rbegin(); pattern != patterns_.rend(); ++pattern) {
    if (pattern->matches_or_below(path)) return !pattern->exception;
  }
  return false;
}

}  // namespace slipway::layer
