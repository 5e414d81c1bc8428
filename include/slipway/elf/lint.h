#pragma once

#include <string>
#include <vector>

#include "slipway/elf/object.h"

namespace slipway::elf {

/// Facts about a program that are not in its file.
struct LintFacts {
  std::string build_folder;    ///< the folder in which it was built, absolute; empty: not known
  bool embeds_folder = false;  ///< its bytes contain that folder's path (holds_text())
  bool capable = false;        ///< it gets file capabilities
};

/// Returns findings about a program or library that is less protected or less reproducible than it could be: one
/// sentence each, which begins with "its" or "it" and ends with what to do.
std::vector<std::string> lint(const Object& object, const LintFacts& facts);

/// Returns true if a file's bytes contain `text`. Reads the file in blocks from its beginning.
Result<bool> holds_text(File& file, const std::string& text);

}  // namespace slipway::elf
