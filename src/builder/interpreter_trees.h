#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "slipway/base/fs.h"

namespace slipway::builder {

/// The folders of modules that an interpreter cannot start scripts without.
struct InterpreterTrees {
  std::vector<std::string> folders;   ///< absolute paths in the system, those that it has
  std::vector<std::string> excluded;  ///< patterns of what no script needs
  std::string needs;  ///< for people: the folders that there would be; empty where nothing is amiss without them
};

/// Returns the library trees of the program at `path` in the system below `root` ("/" is this machine), with its real
/// name: python3.11 and perl have them, shells do not; node has them where its distribution takes modules out of it.
InterpreterTrees trees_of_interpreter(FileSystem& fs, const stdfs::path& root, const std::string& path);

}  // namespace slipway::builder
