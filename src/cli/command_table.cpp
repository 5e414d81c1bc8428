#include <algorithm>

#include "cli/command.h"

namespace slipway::cli {

const std::vector<Command>& commands() {
  static const std::vector<Command> kCommands{
      init_command(),     build_command(),    closure_command(), index_command(),         copy_command(),
      tag_command(),      digest_command(),   ls_command(),      inspect_command(),       manifest_command(),
      config_command(),   validate_command(), files_command(),   cat_command(),           sbom_command(),
      why_command(),      debug_command(),    diff_command(),    release_command(),       promote_command(),
      rollback_command(), apply_command(),    approve_command(), hold_command(),          unhold_command(),
      retire_command(),   history_command(),  status_command(),  show_command(),          verify_command(),
      env_command(),      pin_command(),      export_command(),  run_a_release_command(), unpack_command(),
      load_command(),     drift_command(),    cache_command(),   delete_command(),        referrers_command(),
      probe_command(),    login_command(),    logout_command(),  auth_command(),          completion_command(),
      version_command(),
  };
  return kCommands;
}

const Command* find_command_named(std::string_view word) {
  for (const Command& command : commands()) {
    const bool alias = std::find(command.aliases.begin(), command.aliases.end(), word) != command.aliases.end();
    if (command.name == word || alias) return &command;
  }
  return nullptr;
}

}  // namespace slipway::cli
