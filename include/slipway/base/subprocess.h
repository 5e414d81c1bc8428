#pragma once

#include <chrono>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "slipway/base/result.h"

namespace slipway {

/// A program to run to its end. Never a shell; argv[0] is looked up in PATH.
struct Command {
  std::vector<std::string> argv;
  std::string input;                          ///< fed to stdin, then closed
  std::chrono::milliseconds timeout{30'000};  ///< SIGKILL and Errc::failed after this
  std::size_t max_output = 64u << 10;         ///< of each stream; Errc::too_large beyond
  std::optional<std::string> directory;       ///< working directory
  std::vector<std::pair<std::string, std::string>> extra_env;
};

struct CommandResult {
  int status = 0;  ///< exit status, or 128 + signal
  std::string out;
  std::string err;
};

/// Runs a command; Errc::not_found when the program is not there, Errc::cancelled on stop.
Result<CommandResult> run_command(const Command& command, std::stop_token stop = {});

}  // namespace slipway
