#include "cli/first_contact.h"

#include "cli/project.h"
#include "cli/text_layout.h"
#include "slipway/builder/last_build.h"

namespace slipway::cli {
namespace {

constexpr std::string_view kMore = "\nAll commands: slipway --help\n";

std::string ways_to_start() {
  return "There is no slipway.yaml in this folder or above it. Three ways to start:\n\n" +
         two_columns(
             {{"slipway init", "write a slipway.yaml for the compiled outputs in this folder"},
              {"slipway build --base scratch --add FILE:/PATH --to oci:out:v1", "pack files without slipway.yaml"},
              {"slipway copy SRC DST", "copy an image between registries, layouts and archives"}},
             80);
}

std::string about(const Context& context, const Loaded& loaded) {
  std::string environments;
  for (const release::Environment& environment : loaded.project.environments)
    environments += (environments.empty() ? "" : ", ") + environment.name;
  const auto build = builder::read_last_build(context.fs(), loaded.state_folder(), loaded.project.app);
  std::vector<std::pair<std::string, std::string>> rows{{"app", loaded.project.app}};
  rows.emplace_back("environments", environments.empty() ? "none" : environments);
  rows.emplace_back("last build", build ? build->digest.str() : "none");
  const std::string next = !build                 ? "slipway build --push"
                           : environments.empty() ? "slipway inspect " + context.shown(build->locations.front()).str()
                                                  : "slipway release " + loaded.project.environments.front().name;
  rows.emplace_back("next", next);
  return loaded.file + "\n" + two_columns(rows, 80);
}

}  // namespace

std::string first_contact(const Context& context) {
  const auto apps = load_projects(context);
  if (!apps) return "slipway.yaml has mistakes; slipway status names them.\n" + std::string(kMore);
  std::string text;
  for (const Loaded& loaded : *apps)
    text += (text.empty() ? "" : "\n") + about(context, loaded);
  if (text.empty()) text = ways_to_start();
  return text + std::string(kMore);
}

}  // namespace slipway::cli
