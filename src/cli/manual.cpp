#include "cli/help.h"
#include "slipway/cli/run.h"

namespace slipway::cli {
namespace {

std::string escaped(std::string_view text, std::string_view special) {
  std::string out;
  for (const char c : text) {
    if (special.find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

std::string option_table(const OptionSet& options) {
  std::string text = "| option | meaning |\n|---|---|\n";
  for (const Option& option : options.all()) {
    // A bar ends a cell, even between backticks.
    text += fmt::format("| `{}{}{}` | {} |\n", escaped(option.names, "|"), option.value.empty() ? "" : " ",
                        escaped(option.value, "|"), escaped(option.help, "|<>*"));
  }
  return text;
}

std::string section_of(const Command& command) {
  OptionSet own;
  const Action action = command.bind(own);
  std::string text =
      fmt::format("\n## slipway {}\n\n{}.\n\n{}\n\n```console\n", command.name, command.summary, command.description);
  for (const auto& [what, line] : command.examples)
    text += fmt::format("# {}\n{}\n", what, line);
  text += fmt::format("```\n\nUsage: `slipway {} {}`\n", command.name, command.synopsis);
  if (!command.aliases.empty()) text += fmt::format("\nAliases: `{}`\n", fmt::join(command.aliases, "`, `"));
  if (!own.all().empty()) text += "\n" + option_table(own);
  if (!command.statuses.empty()) text += "\n| exit status | meaning |\n|---|---|\n";
  for (const auto& [status, meaning] : command.statuses)
    text += fmt::format("| {} | {} |\n", status, meaning);
  std::string others;
  for (const std::string_view other : command.see_also)
    others += fmt::format("{}[slipway {}](#slipway-{})", others.empty() ? "" : ", ", other, other);
  if (!others.empty()) text += "\nSee also: " + others + "\n";
  return text;
}

/// The names of all commands, by heading, as links to their sections.
std::string contents() {
  std::string text = "| | |\n|---|---|\n";
  const auto& all = commands();
  for (std::size_t i = 0; i < all.size();) {
    const Group group = all[i].group;
    text += fmt::format("| {} |", title_of(group));
    for (; i < all.size() && all[i].group == group; ++i)
      text += fmt::format(" [{}](#slipway-{})", all[i].name, all[i].name);
    text += " |\n";
  }
  return text;
}

}  // namespace

std::string manual() {
  Globals globals;
  OptionSet global_options;
  bind_globals(global_options, globals);
  std::string text =
      "# The command line\n\nThe reference of every command, for readers who know what they look for. It is generated "
      "from the command table\nand not edited by hand; `slipway COMMAND --help` and `slipway help TOPIC` print the "
      "same.\n\n";
  text += contents() + "\n## Options of every command\n\n" + option_table(global_options);
  text +=
      "\nA variable sets an option, too: `SLIPWAY_JOBS=8` is `--jobs 8`, `SLIPWAY_BUILD_COMPRESSION=zstd` is\n"
      "`slipway build --compression zstd`. Options that weaken a check, such as --bypass, are never taken from the "
      "environment.\n";
  text += "\n## Exit status\n\n| status | meaning |\n|---|---|\n";
  for (const auto& [status, meaning] : exit_status_rows())
    text += fmt::format("| {} | {} |\n", status, meaning);
  for (const Command& command : commands())
    text += section_of(command);
  return text;
}

}  // namespace slipway::cli
