#pragma once

#include <string>
#include <vector>

#include "slipway/elf/object.h"

namespace slipway::elf {

/// Facts about a program that are not in its file.
struct LintFacts {
  std::string build_folder;    ///< absolute; where it was built
  bool embeds_folder = false;  ///< its bytes hold that folder's path
  bool capable = false;        ///< it gets file capabilities
};

/// Returns the things that make a program or library weaker or less reproducible than it need be: one sentence each,
/// with the way out.
std::vector<std::string> lint(const Object& object, const LintFacts& facts);

/// True when a file's bytes hold `text`; read in pieces.
Result<bool> holds_text(File& file, const std::string& text);

}  // namespace slipway::elf
