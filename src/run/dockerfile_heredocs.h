#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace slipway::run {

/// A here-document that an instruction opens.
struct Heredoc {
  std::string end;           ///< the line that closes it
  bool strips_tabs = false;  ///< <<-: tabs in front of lines do not count
};

/// Returns the here-documents that a line of ADD, COPY or RUN opens, by BuildKit's rules: a word of the shell that
/// begins with <<NAME, <<-NAME or N<<NAME, with NAME quoted or not. "<<" inside of quotes or of another word does not
/// open one, and a line with an unclosed quote opens none. `escape` is the Dockerfile's escape character.
std::vector<Heredoc> heredocs_of(std::string_view line, char escape);

}  // namespace slipway::run
