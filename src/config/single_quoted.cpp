#include "config/single_quoted.h"

namespace slipway::config {

namespace {

bool is_blank(char c) { return c == ' ' || c == '\t'; }

/// Takes one line end off the front; false when there is none.
bool take_line_end(std::string_view& text) {
  if (text.starts_with("\r\n")) {
    text.remove_prefix(2);
    return true;
  }
  if (text.empty() || (text[0] != '\n' && text[0] != '\r')) return false;
  text.remove_prefix(1);
  return true;
}

void skip_blanks(std::string_view& text) {
  while (!text.empty() && is_blank(text[0]))
    text.remove_prefix(1);
}

/// One line end is a space, each further one stands for itself; blanks around them are layout.
std::string fold(std::string_view& text) {
  std::string ends;
  while (take_line_end(text)) {
    ends += '\n';
    skip_blanks(text);
  }
  return ends.size() == 1 ? " " : ends.substr(1);
}

}  // namespace

std::string decode_single_quoted(std::string_view written) {
  std::string out;
  std::size_t kept = 0;  // blanks before `kept` are content: they follow a fold
  while (!written.empty()) {
    if (written[0] == '\n' || written[0] == '\r') {
      while (out.size() > kept && is_blank(out.back()))
        out.pop_back();
      out += fold(written);
      kept = out.size();
      continue;
    }
    out += written[0];
    written.remove_prefix(written.starts_with("''") ? 2 : 1);
  }
  return out;
}

}  // namespace slipway::config
