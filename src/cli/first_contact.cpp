#include "cli/first_contact.h"

#include "cli/project.h"
#include "cli/terminal.h"
#include "cli/text_layout.h"
#include "slipway/builder/last_build.h"

namespace slipway::cli {
namespace {

constexpr std::string_view kMore = "\nAll commands: slipway --help\n";

std::string ways_to_start(std::size_t columns) {
  return "slipway.yaml was not found in this folder or above it. Three ways to start:\n\n" +
         two_columns(
             {{"slipway init", "write a slipway.yaml for the compiled outputs in this folder"},
              {"slipway build --base scratch --add FILE:/PATH --to oci:out:v1", "pack files without slipway.yaml"},
              {"slipway copy SRC DST", "copy an image between registries, layouts and archives"}},
             columns);
}

/// Returns true if the environment's active release has this build. Asks folders only: nobody waits here for a
/// registry.
bool has_build(Context& context, const Loaded& loaded, const std::string& environment, const Digest& build) {
  if (loaded.project.ledger.is_registry()) return false;
  const ProjectServices services(context, loaded);
  release::Ledger ledger = services.ledger();
  const auto head = ledger.head(loaded.project.app, environment);
  return head && *head && (**head).entry.build.digest == build;
}

/// The next command on the way of a build: to a repository, to the first environment, from one to the next.
std::string next_step(Context& context, const Loaded& loaded, const Result<builder::LastBuild>& build) {
  const auto& environments = loaded.project.environments;
  if (!build) return "slipway build --push";
  if (environments.empty()) return "slipway inspect " + context.shown(build->locations.front()).str();
  for (const release::Environment& environment : environments) {
    if (has_build(context, loaded, environment.name, build->digest)) continue;
    if (environment.after.empty()) return "slipway release " + environment.name;
    return fmt::format("slipway promote {} {}", environment.after.front(), environment.name);
  }
  return "slipway status";
}

std::string about(Context& context, const Loaded& loaded) {
  std::string environments;
  for (const release::Environment& environment : loaded.project.environments)
    environments += (environments.empty() ? "" : ", ") + environment.name;
  const auto build = builder::read_last_build(context.fs(), loaded.state_folder(), loaded.project.app);
  std::vector<std::pair<std::string, std::string>> rows{{"app", loaded.project.app}};
  rows.emplace_back("environments", environments.empty() ? "none" : environments);
  rows.emplace_back("last build", build ? build->digest.str() : "none");
  rows.emplace_back("next", next_step(context, loaded, build));
  return loaded.file + "\n" + two_columns(rows, columns_of(context.surroundings()));
}

}  // namespace

std::string first_contact(Context& context) {
  const auto apps = load_projects(context);
  if (!apps) return "slipway.yaml has mistakes; slipway status names them.\n" + std::string(kMore);
  std::string text;
  for (const Loaded& loaded : *apps)
    text += (text.empty() ? "" : "\n") + about(context, loaded);
  if (text.empty()) text = ways_to_start(columns_of(context.surroundings()));
  return text + std::string(kMore);
}

}  // namespace slipway::cli
