#pragma once

#include <chrono>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "slipway/base/result.h"

namespace slipway {

/// A program to run to its end, without a shell; argv[0] is looked up in PATH. It inherits the environment, and gets a
/// process group of its own.
struct Command {
  std::vector<std::string> argv;
  std::string input;                          ///< written to standard input, which is then closed
  std::chrono::milliseconds timeout{30'000};  ///< SIGKILL to the group and Errc::failed after this
  std::size_t max_output = 64u << 10;         ///< bytes of each stream; SIGKILL and Errc::too_large beyond
  std::optional<std::string> directory;       ///< working directory; nullopt: this process's
  std::vector<std::pair<std::string, std::string>> extra_env;  ///< replaces variables of the same name
};

/// The end of a program that was started.
struct CommandResult {
  int status = 0;   ///< exit status, or 128 + signal
  std::string out;  ///< standard output
  std::string err;  ///< standard error
};

/// Runs a command and waits for its end, also for that of children that keep its output open. Errc::not_found when the
/// program does not exist, failed when it cannot be started, cancelled (after SIGKILL) on stop. A status other than 0
/// is not an error. Thread-safe.
Result<CommandResult> run_command(const Command& command, std::stop_token stop = {});

}  // namespace slipway
