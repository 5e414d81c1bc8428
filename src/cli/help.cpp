#include "cli/command.h"
#include "slipway/cli/run.h"

namespace slipway::cli {
namespace {

constexpr std::string_view kTagline =
    "slipway packs compiled outputs into OCI images, promotes the very same digest\n"
    "from environment to environment, and records every release.";

std::string option_lines(const OptionSet& options, bool positional) {
  std::string text;
  for (const Option& option : options.all()) {
    if (option.positional != positional) continue;
    std::string left = "  " + option.names;
    if (!option.value.empty()) left += " " + option.value;
    if (left.size() < 34) {
      left.resize(34, ' ');
    } else {
      left += "\n" + std::string(34, ' ');
    }
    text += left + option.help + "\n";
  }
  return text;
}

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '|' || c == '<' || c == '>') out += '\\';
    out += c;
  }
  return out;
}

std::string with_bars_escaped(std::string_view text) {
  std::string out;
  for (const char c : text)
    out += c == '|' ? std::string("\\|") : std::string(1, c);
  return out;
}

std::string option_table(const OptionSet& options) {
  std::string text = "| option | meaning |\n|---|---|\n";
  for (const Option& option : options.all()) {
    // A bar ends a cell, even between backticks.
    text += fmt::format("| `{}{}{}` | {} |\n", option.names, option.value.empty() ? "" : " ",
                        with_bars_escaped(option.value), escaped(option.help));
  }
  return text;
}

}  // namespace

std::string overview() {
  std::string text(kTagline);
  text += "\n\nUsage: slipway [OPTIONS] COMMAND ...\n";
  std::string_view group;
  for (const Command& command : commands()) {
    if (command.group != group) {
      group = command.group;
      text += fmt::format("\n{}\n", group);
    }
    text += fmt::format("  {:<12}{}\n", command.name, command.summary);
  }
  text += "\nHelp for one command, with examples: slipway COMMAND --help\n";
  return text;
}

std::string help_of(const Command& command, const OptionSet& own, const OptionSet& globals) {
  std::string text = fmt::format("slipway {} - {}\n\nExamples\n", command.name, command.summary);
  for (const auto& [what, line] : command.examples)
    text += fmt::format("  # {}\n  {}\n", what, line);
  text += fmt::format("\nUsage: slipway {} {}\n", command.name, command.synopsis);
  if (!command.aliases.empty()) text += fmt::format("Also called: {}\n", fmt::join(command.aliases, ", "));
  const std::string positionals = option_lines(own, true);
  if (!positionals.empty()) text += "\nArguments\n" + positionals;
  const std::string options = option_lines(own, false);
  if (!options.empty()) text += "\nOptions\n" + options;
  text += "\nOptions of every command\n" + option_lines(globals, false);
  return text;
}

std::string manual() {
  Globals globals;
  OptionSet global_options;
  bind_globals(global_options, globals);
  std::string text = "# The command line\n\nGenerated from the command table; do not edit. ";
  text += "`slipway COMMAND --help` prints the same.\n\n## Options of every command\n\n";
  text += option_table(global_options);
  text +=
      "\nEvery option but --help and --bypass can be set by a variable: `SLIPWAY_JOBS=8` is `--jobs 8`, "
      "`SLIPWAY_BUILD_COMPRESSION=zstd` is\n"
      "`slipway build --compression zstd`.\n";
  text += "\n## Exit status\n\n| status | meaning |\n|---|---|\n| 0 | done |\n";
  for (const auto& [status, meaning] :
       {std::pair{1, "failed: disk full, read error, input changed while it was read"},
        std::pair{2, "wrong usage or configuration"}, std::pair{10, "changes pending or drift"},
        std::pair{11, "refused by policy"}, std::pair{12, "verification failed: digest, size, layout, chain"},
        std::pair{13, "something named is not there"}, std::pair{14, "401 or 403 from a registry"},
        std::pair{15, "network: DNS, refused, TLS, timeout, 429 and 5xx after retries"},
        std::pair{16, "conflict: stale plan, lost race, a tag moved behind our back"},
        std::pair{130, "SIGINT (143: SIGTERM)"}}) {
    text += fmt::format("| {} | {} |\n", status, meaning);
  }
  for (const Command& command : commands()) {
    OptionSet own;
    const Action action = command.bind(own);
    text += fmt::format("\n## slipway {}\n\n{}.\n\n```console\n", command.name, command.summary);
    for (const auto& [what, line] : command.examples)
      text += fmt::format("# {}\n{}\n", what, line);
    text += fmt::format("```\n\nUsage: `slipway {} {}`\n", command.name, command.synopsis);
    if (!command.aliases.empty()) text += fmt::format("\nAlso called: `{}`\n", fmt::join(command.aliases, "`, `"));
    if (!own.all().empty()) text += "\n" + option_table(own);
  }
  return text;
}

}  // namespace slipway::cli
