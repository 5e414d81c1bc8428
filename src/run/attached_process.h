#pragma once

#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "slipway/base/posix.h"
#include "slipway/base/result.h"

namespace slipway::run {

/// How a program is started and stopped, beside its words.
struct Attachment {
  std::vector<int> inherited{};  ///< descriptors from 3 on that the program keeps under their own numbers
  /// Called once when the program has started: returns a pidfd of the process that a stop signals; none for the
  /// program.
  std::function<OwnedFd()> find_process{};
};

/// Runs a program on the standard streams of this process and waits for it; returns its exit status, or 128 + signal.
/// A stop request sends it (or the process that `how` finds) SIGTERM, except on a terminal, whose signals reach the
/// program directly. Errc::not_found if it cannot be started.
Result<int> run_attached(const std::vector<std::string>& argv, std::stop_token stop, const Attachment& how = {});

}  // namespace slipway::run
