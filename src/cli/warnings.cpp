#include "cli/warnings.h"

#include <map>

#include "cli/output.h"
#include "cli/terminal.h"

namespace slipway::cli {

bool shows_progress(const Context& context) {
  const Globals& globals = context.globals();
  return !globals.quiet && globals.progress != "none" && globals.progress != "json";
}

void warn_all(Context& context, const std::vector<Error>& warnings) {
  std::map<std::string, std::size_t> alike;
  for (const Error& warning : warnings)
    ++alike[warning.hint];
  for (const Error& warning : warnings) {
    const bool is_grouped = context.globals().verbose == 0 && !warning.hint.empty() && !warning.where;
    std::size_t& count = alike[warning.hint];
    if (is_grouped && count == 0) continue;
    Error shown = warning;
    if (is_grouped && count > 1) shown.message += fmt::format(" (and {} more like it: -v lists them)", count - 1);
    if (is_grouped) count = 0;
    if (is_github_actions(context.surroundings()) && shown.where && shown.where->row > 0) {
      context.surroundings().write_err(fmt::format("::warning file={},line={},col={}::{}\n",
                                                   workflow_property(shown.where->file), shown.where->row,
                                                   shown.where->col, workflow_text(safe_text(shown.message))));
    } else {
      context.warn(shown.describe());
    }
  }
}

}  // namespace slipway::cli
