#include "cli/command.h"
#include "cli/completion.h"
#include "slipway/base/text.h"

namespace slipway::cli {
namespace {

Result<int> run_completion(Context& context, const std::string& shell) {
  std::string text;
  if (shell == "bash") text = bash_completion();
  if (shell == "zsh") text = zsh_completion();
  if (shell == "fish") text = fish_completion();
  if (shell == "man") text = man_page();
  if (text.empty()) {
    return fail(Error(Errc::invalid_argument, fmt::format("cannot print completions for \"{}\"", printable(shell, 80)))
                    .with_hint("use bash, zsh, fish, or man for the manual page"));
  }
  SLIPWAY_TRY(context.print_raw(text));
  return 0;
}

}  // namespace

Command completion_command() {
  return {.name = "completion",
          .aliases = {},
          .summary = "print shell completions or the manual page",
          .description = "Prints the completion script of a shell, or the manual page in roff.",
          .synopsis = "bash|zsh|fish|man",
          .examples = {{"in ~/.bashrc", "eval \"$(slipway completion bash)\""},
                       {"for zsh", "slipway completion zsh > ~/.zsh/functions/_slipway"},
                       {"the manual page", "slipway completion man > slipway.1"}},
          .see_also = {"version"},
          .bind = [](OptionSet& options) -> Action {
            auto shell = std::make_shared<std::string>();
            options.positional("SHELL", *shell, "bash, zsh, fish or man");
            return [shell](Context& context) { return run_completion(context, *shell); };
          }};
}

}  // namespace slipway::cli
