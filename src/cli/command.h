#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "cli/context.h"

namespace slipway::cli {

/// What a command does once its options are parsed: an exit status, or why it failed.
using Action = std::function<Result<int>(Context&)>;

/// The exit status of commands that were asked whether something differs, or waits to be changed.
inline constexpr int kDiffers = 10;

/// A row of the command table: everything help, manual and parser know of a command.
struct Command {
  std::string_view name;
  std::vector<std::string_view> aliases;
  std::string_view group;                                               ///< heading in the list of commands
  std::string_view summary;                                             ///< one line, no period
  std::string_view synopsis;                                            ///< after "slipway NAME"
  std::vector<std::pair<std::string_view, std::string_view>> examples;  ///< what it does, the command line
  /// Declares the options and gives the action that uses them.
  Action (*bind)(OptionSet&);
  int failure_status = 0;  ///< the exit status of every failure of ours; 0: what the error says
};

/// All commands, in the order of the help.
const std::vector<Command>& commands();
const Command* find_command_named(std::string_view word);

std::string overview();  ///< `slipway --help`
std::string help_of(const Command& command, const OptionSet& own, const OptionSet& globals);

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
