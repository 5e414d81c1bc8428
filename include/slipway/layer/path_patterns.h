#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "slipway/base/result.h"

namespace slipway::layer {

/// A list of .dockerignore patterns: `*` and `?` stay within a component, `**` crosses them, `[...]` is
/// a class, `\` quotes, `!` takes back; a pattern that matches a folder matches all below it; the last match wins.
class PathPatterns {
 public:
  /// Errc::invalid_argument for a pattern that cannot be read, naming it.
  static Result<PathPatterns> compile(const std::vector<std::string>& patterns);

  /// Whether the last pattern that fits `path` (relative, "/" between components) does not take it back.
  bool matches(std::string_view path) const;
  bool empty() const { return patterns_.empty(); }
  /// True when something below a folder that matches may be taken back.
  bool has_exceptions() const { return has_exceptions_; }

 private:
  struct Token {
    enum class Kind { literal, any_char, any_run, any_deep, any_folders, char_class } kind;
    char literal = 0;
    bool negated = false;
    std::vector<std::pair<unsigned char, unsigned char>> ranges;
    bool accepts(char c) const;
  };
  struct Pattern {
    std::vector<Token> tokens;
    bool exception = false;
    bool matches(std::string_view path) const;
    bool matches_or_below(std::string_view path) const;
  };
  static Result<Pattern> compile_one(std::string text);
  static Result<Token> compile_class(std::string_view text, std::size_t& at);

  std::vector<Pattern> patterns_;
  bool has_exceptions_ = false;
};

}  // namespace slipway::layer
