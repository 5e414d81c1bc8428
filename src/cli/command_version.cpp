#include "cli/command.h"
#include "cli/version.h"

namespace slipway::cli {
namespace {

Result<int> run_version(Context& context) {
  if (context.json()) {
    Json document;
    document.set("schema", "slipway/v1/version").set("version", version());
    SLIPWAY_TRY(context.print_document(document));
    return 0;
  }
  SLIPWAY_TRY(context.print(fmt::format("slipway {}", version())));
  return 0;
}

}  // namespace

Command version_command() {
  return {.name = "version",
          .aliases = {},
          .summary = "print the version",
          .description = "Prints the version of slipway.",
          .synopsis = "",
          .examples = {{"for people", "slipway version"}, {"for scripts", "slipway version -o json"}},
          .bind = [](OptionSet&) -> Action { return run_version; }};
}

}  // namespace slipway::cli
