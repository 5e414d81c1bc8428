#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "slipway/base/result.h"

namespace slipway::run {

/// Runs a program on the standard streams of this process and waits for it; returns its exit status, or 128 + signal.
/// A stop request sends it SIGTERM, except on a terminal, whose signals reach the program directly. Errc::not_found if
/// it cannot be started.
Result<int> run_attached(const std::vector<std::string>& argv, std::stop_token stop);

}  // namespace slipway::run
