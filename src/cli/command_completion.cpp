#include "cli/command.h"
#include "cli/completion.h"
#include "slipway/base/text.h"

namespace slipway::cli {
namespace {

Result<int> print_man_page(Context& context, const std::string& name) {
  const Command* const command = find_command_named(name);
  if (command == nullptr) {
    return fail(Error(Errc::invalid_argument, fmt::format("\"{}\" is not a command", printable(name, 80)))
                    .with_hint("see: slipway help commands"));
  }
  SLIPWAY_TRY(context.print_raw(man_page_of(*command)));
  return 0;
}

Result<int> run_completion(Context& context, const std::string& shell, const std::optional<std::string>& command) {
  if (command && shell != "man") {
    return fail(
        Error(Errc::invalid_argument,
              fmt::format("unexpected argument \"{}\": completions are for all commands", printable(*command, 80))));
  }
  if (command) return print_man_page(context, *command);
  std::string text;
  if (shell == "bash") text = bash_completion();
  if (shell == "zsh") text = zsh_completion();
  if (shell == "fish") text = fish_completion();
  if (shell == "man") text = man_page();
  if (text.empty()) {
    return fail(Error(Errc::invalid_argument, fmt::format("cannot print completions for \"{}\"", printable(shell, 80)))
                    .with_hint("run: slipway completion SHELL, with one of bash, zsh, fish, man"));
  }
  SLIPWAY_TRY(context.print_raw(text));
  return 0;
}

}  // namespace

Command completion_command() {
  return {.name = "completion",
          .aliases = {},
          .summary = "print shell completions or manual pages",
          .description =
              "Prints the completion script of a shell, or a manual page in roff: slipway(1), or that of a "
              "command.",
          .synopsis = "bash|zsh|fish|man [COMMAND]",
          .examples = {{"in ~/.bashrc", "eval \"$(slipway completion bash)\""},
                       {"for zsh", "slipway completion zsh > ~/.zsh/functions/_slipway"},
                       {"the manual page", "slipway completion man > slipway.1"},
                       {"that of a command", "slipway completion man build | man -l -"}},
          .see_also = {"version"},
          .bind = [](OptionSet& options) -> Action {
            auto shell = std::make_shared<std::string>();
            auto command = std::make_shared<std::optional<std::string>>();
            options.positional("SHELL", *shell, "bash, zsh, fish or man");
            options.optional_positional("COMMAND", *command, "man: the command whose page is printed");
            return [shell, command](Context& context) { return run_completion(context, *shell, *command); };
          }};
}

}  // namespace slipway::cli
