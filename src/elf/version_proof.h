#pragma once

#include <deque>

#include "elf/search_folders.h"
#include "slipway/elf/closure.h"

namespace slipway::elf {

/// One object of a process.
struct Loaded {
  FoundFile file;
  std::shared_ptr<const Object> object;
  std::vector<std::string> names;  ///< that mean this object when they are asked for again
  const Loaded* by = nullptr;      ///< what had it loaded; nullptr for the program
  SearchFolder origin;             ///< $ORIGIN
  bool at_run_time = false;
};

/// Checks every symbol version that an object needs against what the object that has the library's name defines.
void prove_versions(const std::deque<Loaded>& loaded, std::vector<Error>& problems, std::vector<Error>& warnings);

/// Reports each symbol that an object needs and no object of the process defines, among objects whose symbols were all
/// read.
void prove_symbols(const std::deque<Loaded>& loaded, std::vector<Error>& problems);

/// True when a version's number is smaller, e.g. GLIBC_2.9 and GLIBC_2.36: digits count as numbers.
bool is_older(std::string_view a, std::string_view b);

}  // namespace slipway::elf
