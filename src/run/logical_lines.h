#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "slipway/run/reference_finder.h"

namespace slipway::run {

/// One word of a line, quotes around it left out.
struct Word {
  std::string text;
  config::Range range;
  Where where;
  bool plain = true;  ///< its bytes are its text, so that they can be replaced
};

/// A line together with those that continue it.
struct LogicalLine {
  std::vector<Word> words;
  std::size_t end = 0;  ///< where the next line begins
};

/// How a notation writes lines of words.
struct LineRules {
  char escape = '\\';               ///< at a line's end: the next line goes on
  std::string_view comments = "#";  ///< a line that begins with one of these is none, also between continued ones
  bool quotes = false;              ///< words may be quoted
  std::string_view separators = " \t";
  bool blank_lines_continue = false;  ///< a blank line between continued ones does not end them
};

/// Reads text line by line, keeping count of the rows.
class LineScanner {
 public:
  LineScanner(std::string_view text, std::string file, LineRules rules)
      : text_(text), file_(std::move(file)), rules_(rules) {}
  void set_escape(char escape) { rules_.escape = escape; }
  bool at_end() const { return at_ >= text_.size(); }
  /// The next line with words; none at the end.
  LogicalLine next();
  /// The next line as it is, without its end.
  std::string_view raw_line();

 private:
  bool is_comment_line() const;
  bool ends_line(std::size_t at) const;
  bool continues(std::size_t at) const;
  void skip_line();
  void word(LogicalLine& line);

  std::string_view text_;
  std::string file_;
  LineRules rules_;
  std::size_t at_ = 0;
  std::size_t line_begin_ = 0;
  int row_ = 1;
};

/// Returns the text with bytes in the place of others; equal edits count once.
std::string replace_ranges(std::string_view text, std::vector<config::Edit> edits);

/// Returns the text with the edits, read again by `finder` to prove that only those references changed. `findings` are
/// those of the text, in its order.
Result<std::string> apply_to_text(const ReferenceFinder& finder, std::string_view text, const std::string& file,
                                  const PinOptions& options, const Findings& findings, std::vector<config::Edit> edits);

}  // namespace slipway::run
