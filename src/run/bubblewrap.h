#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "run/bundle.h"

namespace slipway::run {

/// A container as bubblewrap's words: a user namespace in which the caller's files belong to the image's user, and
/// namespaces for processes, IPC and the host name; no control group, no capability, the machine's network.
struct BubblewrapWords {
  std::vector<std::string> options;  ///< for argv
  std::vector<std::string> values;   ///< options with values, which every user could read in argv: for bwrap's --args
  std::vector<std::string> program;  ///< for argv, behind "--"
};

/// Returns the words for an image unpacked to `root`, all of whose files belong to the caller. The working directory is
/// created where the image lacks it, as docker does. Errc::invalid_argument when there is nothing to start.
Result<BubblewrapWords> bubblewrap_words(const BundleRequest& request, const std::filesystem::path& root);

}  // namespace slipway::run
