#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/command.h"

namespace slipway::cli {

/// The columns of help that no terminal shows.
inline constexpr std::size_t kHelpColumns = 80;

/// `slipway --help`: at most 80 columns by 40 lines.
std::string overview();
/// `slipway help commands`: each command with its summary, by group.
std::string command_list(std::size_t columns);
/// `slipway options`: the options that every command has.
std::string global_options_help(std::size_t columns);
/// `slipway COMMAND --help`, wrapped to `columns`.
std::string help_of(const Command& command, const OptionSet& own, std::size_t columns);

/// A page of `slipway help NAME` that is not about one command. Its text is Markdown that reads well as it is: headings
/// with #, paragraphs, list items and indented examples.
struct Topic {
  std::string_view name;
  std::string_view summary;
  std::string (*text)();
};
const std::vector<Topic>& topics();
/// The page of a topic, paragraphs wrapped to `columns`; empty for an unknown topic.
std::string help_on(std::string_view topic, std::size_t columns);

/// The words after "Exit status" as rows of status and meaning, from the table in base.
std::vector<std::pair<std::string, std::string>> exit_status_rows();

}  // namespace slipway::cli
