#pragma once

#include <filesystem>
#include <stop_token>
#include <string>
#include <vector>

#include "slipway/base/subprocess.h"

namespace slipway {

/// The git command, which is the only way that slipway talks to git: `git -C FOLDER ARGUMENTS...`. Never takes optional
/// locks, never prompts, and answers in English. At most 16 MiB of output; Errc::not_found when git is not installed.
Result<CommandResult> run_git(const std::filesystem::path& folder, const std::vector<std::string>& arguments,
                              std::stop_token stop = {});

}  // namespace slipway
