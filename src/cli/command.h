#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "cli/context.h"

namespace slipway::cli {

/// The work of a command after its options are parsed. Returns an exit status, or why it failed.
using Action = std::function<Result<int>(Context&)>;

/// The exit status of commands that were asked whether something differs, or waits to be changed.
inline constexpr int kDiffers = 10;

/// The headings of the list of commands, in its order.
enum class Group { build, images, release, run, admin };
std::string_view title_of(Group group);

/// The place of a command in `slipway --help`: with a line of its own, or by its name alone.
enum class Listed { line, name };

/// Everything that parser, help, manual and completions know of a command. A command's file fills it in, but for
/// `group` and `listed`, which come from the table in command_table.cpp.
struct Command {
  std::string_view name;
  std::vector<std::string_view> aliases;
  std::string_view summary;      ///< one line that starts with a verb, at most 64 characters, no period
  std::string_view description;  ///< one paragraph: what the command does, what it changes, what it never does
  std::string_view synopsis;     ///< after "slipway NAME"
  std::vector<std::pair<std::string_view, std::string_view>> examples;  ///< what it does, the command line
  std::vector<std::pair<int, std::string_view>> statuses = {};          ///< exit statuses with a special meaning here
  std::vector<std::string_view> see_also = {};                          ///< names of other commands
  /// Declares the options and returns the action that uses them.
  Action (*bind)(OptionSet&);
  int failure_status = 0;  ///< the exit status of every failure of ours; 0: the one of the error
  Group group = Group::admin;
  Listed listed = Listed::name;
};

/// All commands, in the order of the help.
const std::vector<Command>& commands();
/// The command with this name or alias; null when there is none.
const Command* find_command_named(std::string_view word);

Command init_command();
Command build_command();
Command index_command();
Command copy_command();
Command tag_command();
Command digest_command();
Command ls_command();
Command inspect_command();
Command manifest_command();
Command config_command();
Command validate_command();
Command closure_command();
Command files_command();
Command sbom_command();
Command why_command();
Command debug_command();
Command cat_command();
Command diff_command();
Command release_command();
Command promote_command();
Command rollback_command();
Command apply_command();
Command approve_command();
Command hold_command();
Command unhold_command();
Command retire_command();
Command history_command();
Command status_command();
Command show_command();
Command verify_command();
Command doctor_command();
Command env_command();
Command pin_command();
Command drift_command();
Command export_command();
Command run_a_release_command();
Command unpack_command();
Command load_command();
Command cache_command();
Command completion_command();
Command delete_command();
Command referrers_command();
Command probe_command();
Command login_command();
Command logout_command();
Command auth_command();
Command version_command();

}  // namespace slipway::cli
