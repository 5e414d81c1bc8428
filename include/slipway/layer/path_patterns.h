#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "slipway/base/result.h"

namespace slipway::layer {

/// A list of .dockerignore patterns: `*` and `?` match within a component, `**` across components, `[...]` is a class,
/// `\` quotes, a leading `!` makes an exception. A pattern that matches a folder matches all below it; the last pattern
/// that matches decides. A value, safe to use from several threads.
class PathPatterns {
 public:
  /// Errc::invalid_argument for a malformed pattern, naming it.
  static Result<PathPatterns> compile(const std::vector<std::string>& patterns);

  /// Returns true if the last pattern that matches `path` (relative, "/" between components) is not an exception.
  bool matches(std::string_view path) const;
  bool empty() const { return patterns_.empty(); }
  /// Returns true if a member of a folder that matches may be an exception, so that the folder must be entered.
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
