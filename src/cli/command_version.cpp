#include "cli/command.h"

namespace slipway::cli {
namespace {

Result<int> run_version(Context& context) {
  if (context.json()) {
    Json document;
    document.set("schema", "slipway/v1/version").set("version", SLIPWAY_VERSION);
    SLIPWAY_TRY(context.print_document(document));
    return 0;
  }
  SLIPWAY_TRY(context.print(fmt::format("slipway {}", SLIPWAY_VERSION)));
  return 0;
}

}  // namespace

Command version_command() {
  return {.name = "version",
          .aliases = {},
          .group = "Admin",
          .summary = "print the version",
          .synopsis = "",
          .examples = {{"for people", "slipway version"}, {"for scripts", "slipway version -o json"}},
          .bind = [](OptionSet&) -> Action { return run_version; }};
}

}  // namespace slipway::cli
