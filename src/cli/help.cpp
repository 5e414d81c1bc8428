#include "cli/help.h"

#include <algorithm>

#include "cli/text_layout.h"
#include "slipway/cli/run.h"

namespace slipway::cli {
namespace {

constexpr std::string_view kTagline = "slipway packs compiled outputs into images and promotes the same digest.";

using Rows = std::vector<std::pair<std::string, std::string>>;

/// "-t, --tag TAG", long options without a short one indented to match.
std::string left_of(const Option& option) {
  if (option.positional) return option.names;
  std::string names;
  for (const char c : option.names)
    names += c == ',' ? std::string(", ") : std::string(1, c);
  if (!names.starts_with("--")) return names + (option.value.empty() ? "" : " " + option.value);
  return "    " + names + (option.value.empty() ? "" : " " + option.value);
}

std::string option_lines(const OptionSet& options, bool positional, std::size_t columns) {
  Rows rows;
  for (const Option& option : options.all()) {
    if (option.positional == positional) rows.emplace_back(left_of(option), option.help);
  }
  return two_columns(rows, columns);
}

std::string joined(const std::vector<std::string_view>& words, std::string_view prefix) {
  std::string text;
  for (const std::string_view word : words)
    text += fmt::format("{}{}{}", text.empty() ? "" : ", ", prefix, word);
  return text;
}

/// A usage line, never broken inside brackets.
std::string wrapped_usage(const std::string& usage, std::size_t columns) {
  constexpr char kTied = '\x01';
  std::string tied;
  int depth = 0;
  for (const char c : usage) {
    depth += c == '[' ? 1 : c == ']' ? -1 : 0;
    tied += c == ' ' && depth > 0 ? kTied : c;
  }
  std::string text = wrapped(tied, columns, 11, 7);
  std::replace(text.begin(), text.end(), kTied, ' ');
  return text;
}

/// An example's command line, continued with backslashes where it is too long, so that it can still be copied.
std::string example_line(std::string_view line, std::size_t columns) {
  constexpr std::string_view kGoesOn = " \\";
  if (2 + display_width(line) <= columns) return "  " + std::string(line);
  const std::string text = wrapped(line, columns - kGoesOn.size(), 6, 2);
  std::string out = "  ";
  for (const char c : text)
    out += c == '\n' ? std::string(kGoesOn) + "\n" : std::string(1, c);
  return out;
}

std::string statuses_of(const Command& command, std::size_t columns) {
  Rows rows;
  for (const auto& [status, meaning] : command.statuses)
    rows.emplace_back(std::to_string(status), std::string(meaning));
  return two_columns(rows, columns);
}

}  // namespace

std::vector<std::pair<std::string, std::string>> exit_status_rows() {
  Rows rows;
  for (const ExitStatus& row : exit_statuses())
    rows.emplace_back(std::to_string(row.status), std::string(row.meaning));
  return rows;
}

std::string overview() {
  std::string text = fmt::format("{}\n\nUsage: slipway COMMAND [OPTIONS]\n\n", kTagline);
  const auto row = [&](std::string_view left, std::string_view right) {
    text += fmt::format("  {:<10}{}\n", left, wrapped(right, kHelpColumns, 12, 12));
  };
  const auto& all = commands();
  for (std::size_t i = 0; i < all.size();) {
    const Group group = all[i].group;
    text += fmt::format("{}\n", title_of(group));
    std::vector<std::string_view> more;
    for (; i < all.size() && all[i].group == group; ++i) {
      if (all[i].listed == Listed::line) {
        row(all[i].name, all[i].summary);
      } else {
        more.push_back(all[i].name);
      }
    }
    if (!more.empty()) row("more", joined(more, ""));
  }
  text += "\nslipway COMMAND --help shows one command, slipway help commands all of them.\n";
  return text;
}

std::string command_list(std::size_t columns) {
  std::string text;
  const auto& all = commands();
  for (std::size_t i = 0; i < all.size();) {
    const Group group = all[i].group;
    text += fmt::format("{}{}\n", text.empty() ? "" : "\n", title_of(group));
    Rows rows;
    for (; i < all.size() && all[i].group == group; ++i)
      rows.emplace_back(all[i].name, all[i].summary);
    text += two_columns(rows, columns);
  }
  return text + "\nslipway COMMAND --help shows examples and options.\n";
}

std::string global_options_help(std::size_t columns) {
  Globals globals;
  OptionSet options;
  bind_globals(options, globals);
  return "Options of every command\n" + option_lines(options, false, columns) + "\n" +
         wrapped("A variable sets an option, too: SLIPWAY_JOBS=8 is --jobs 8. See: slipway help environment.",
                 columns) +
         "\n";
}

std::string help_of(const Command& command, const OptionSet& own, std::size_t columns) {
  std::string text = wrapped(fmt::format("slipway {} - {}", command.name, command.summary), columns, 2) + "\n\n";
  text += wrapped(command.description, columns) + "\n\nExamples\n";
  for (const auto& [what, line] : command.examples)
    text += fmt::format("  # {}\n{}\n", wrapped(what, columns, 4, 4), example_line(line, columns));
  text += "\nUsage: " + wrapped_usage(fmt::format("slipway {} {}", command.name, command.synopsis), columns) + "\n";
  if (!command.aliases.empty()) text += fmt::format("Aliases: {}\n", joined(command.aliases, ""));
  const std::string positionals = option_lines(own, true, columns);
  if (!positionals.empty()) text += "\nArguments\n" + positionals;
  const std::string options = option_lines(own, false, columns);
  if (!options.empty()) text += "\nOptions\n" + options;
  text += "\n" + wrapped("Options of every command, such as -o json and --dry-run: slipway options", columns, 2) + "\n";
  if (!command.statuses.empty()) text += "\nExit status\n" + statuses_of(command, columns);
  if (!command.see_also.empty())
    text += "\nSee also: " + wrapped(joined(command.see_also, "slipway "), columns, 10, 10) + "\n";
  return text;
}

}  // namespace slipway::cli
