#include "slipway/base/git.h"

namespace slipway {

Result<CommandResult> run_git(const std::filesystem::path& folder, const std::vector<std::string>& arguments,
                              std::stop_token stop) {
  Command command;
  command.argv = {"git", "-C", folder.native()};
  command.argv.insert(command.argv.end(), arguments.begin(), arguments.end());
  command.max_output = 16u << 20;
  command.extra_env = {{"GIT_OPTIONAL_LOCKS", "0"}, {"GIT_TERMINAL_PROMPT", "0"}, {"LC_ALL", "C"}};
  return run_command(command, std::move(stop));
}

}  // namespace slipway
