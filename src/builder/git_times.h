#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <stop_token>
#include <string>

#include "slipway/base/result.h"

namespace slipway::builder {

/// The commit times of the files in a git working tree: of each file the time of the last commit that changed it.
class GitTimes {
 public:
  /// Asks git about the working tree that holds `folder`. Errc::invalid_argument where there is none, no git, or a
  /// history that was fetched in part. Memory grows with the number of tracked files.
  static Result<GitTimes> read(const std::filesystem::path& folder, std::stop_token stop);

  /// Seconds since the epoch; nothing for a file that git does not track or that has uncommitted changes. `file` is
  /// absolute, without symlinks in its folders.
  std::optional<std::int64_t> of(const std::filesystem::path& file) const;

 private:
  std::string root_;                           ///< of the working tree, with a trailing slash
  std::map<std::string, std::int64_t> times_;  ///< by path below it
};

}  // namespace slipway::builder
