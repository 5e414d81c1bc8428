#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "slipway/base/result.h"

namespace slipway::run {

/// Runs a program on this process's own standard streams to its end; its exit status, or 128 + signal. A stop request
/// reaches it as SIGTERM, unless it is a terminal's that it sees itself. Errc::not_found when it cannot be started.
Result<int> run_attached(const std::vector<std::string>& argv, std::stop_token stop);

/// The path of a program found in PATH; empty when it is not there.
std::string find_program(const std::string& name);

}  // namespace slipway::run
