#pragma once

#include <filesystem>
#include <stop_token>
#include <string>
#include <vector>

#include "slipway/base/subprocess.h"

namespace slipway {

/// Runs `git -C FOLDER ARGUMENTS...`, the only way in which slipway uses git: without optional locks, without prompts,
/// with messages in English. Errors and the timeout of 30 s are those of run_command(), with at most 16 MiB of output:
/// Errc::not_found when git is not installed. A status other than 0 is not an error: check CommandResult::status.
Result<CommandResult> run_git(const std::filesystem::path& folder, const std::vector<std::string>& arguments,
                              std::stop_token stop = {});

}  // namespace slipway
