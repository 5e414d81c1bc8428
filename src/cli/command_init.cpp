#include "cli/command.h"
#include "slipway/base/text.h"
#include "slipway/builder/build.h"
#include "slipway/builder/outputs.h"
#include "slipway/config/yaml.h"

namespace slipway::cli {
namespace {

struct InitFlags {
  std::optional<std::string> component;
  bool force = false, no_try = false;
};

/// Plans and packs what the text says without storing anything. The image of an interpreter is not asked for.
Result<builder::BuildResult> try_recipe(Context& context, const std::string& text, const std::string& file) {
  SLIPWAY_ASSIGN(const auto documents, config::parse_yaml(text, file));
  Diagnostics diagnostics;
  builder::Recipe recipe = builder::decode_recipe(documents.front(), file, diagnostics);
  SLIPWAY_TRY(std::move(diagnostics).status());
  builder::BuildRequest request;
  request.state_folder = stdfs::path(file).parent_path() / ".slipway";
  request.dry_run = true;
  request.check = !recipe.base.has_value();
  recipe.base.reset();
  builder::BuildServices services{context.fs(), context.opener()};
  services.threads = context.threads();
  services.stop = context.stop();
  return builder::build_image(recipe, request, services);
}

/// Refuses a text that does not build; shows what its build warns of.
Status check_recipe(Context& context, const std::string& text, const std::string& file) {
  auto tried = try_recipe(context, text, file);
  if (!tried) {
    Error error = std::move(tried).error().in("trying the slipway.yaml that init would write");
    error.hint += std::string(error.hint.empty() ? "" : "; ") + "'slipway init --no-try' writes it to be corrected";
    return fail(std::move(error));
  }
  for (const Error& warning : tried->warnings)
    context.warn(warning.describe());
  return {};
}

Result<std::vector<builder::Outputs>> find(Context& context, const InitFlags& f, const std::string& app) {
  const stdfs::path folder = context.surroundings().directory;
  SLIPWAY_ASSIGN(auto found, builder::find_outputs(context.fs(), {folder, f.component.value_or(""), app}));
  if (!found.empty()) return found;
  return fail(
      error(Errc::not_found, "found no compiled outputs in {}", printable(folder.native(), 4096))
          .with_hint(
              "build first (make install DESTDIR=$PWD/out; cmake --install build --prefix out; meson compile; "
              "cargo build --release; go build; bazel build), then run slipway init in the folder of the sources"));
}

void report(Context& context, const std::vector<builder::Outputs>& found) {
  const builder::Outputs& used = found.front();
  context.note(fmt::format("found {}: the image starts {}", used.kind, used.programs.front()));
  for (const std::string& line : used.left_out)
    context.note("left out: " + line);
  for (std::size_t i = 1; i < found.size(); ++i)
    context.note(fmt::format("also found, but not used: {}", found[i].kind));
}

Result<int> run_init(Context& context, const InitFlags& f) {
  const std::string name = context.globals().file.value_or("slipway.yaml");
  const stdfs::path file = context.absolute(name);
  if (context.fs().stat(file) && !f.force && !context.globals().dry_run) {
    return fail(error(Errc::invalid_argument, "{} exists already", printable(name, 4096))
                    .with_hint("edit it, write another file with --file, or replace it with --force"));
  }
  const std::string folder_name = context.surroundings().directory.filename().native();
  const std::string app = context.globals().app.value_or(builder::app_name_of(folder_name));
  SLIPWAY_ASSIGN(const auto found, find(context, f, app));
  const std::string text = builder::recipe_text(app, found);
  if (!f.no_try) SLIPWAY_TRY(check_recipe(context, text, file.native()));
  if (context.globals().dry_run) {
    SLIPWAY_TRY(context.print_raw(text));
    return 0;
  }
  SLIPWAY_TRY(write_file_atomically(context.fs(), file, text));
  report(context, found);
  SLIPWAY_TRY(context.print(name));
  return 0;
}

}  // namespace

Command init_command() {
  return {.name = "init",
          .aliases = {},
          .summary = "write a slipway.yaml for the compiled outputs in this folder",
          .description =
              "Looks for the outputs of CMake, Meson, make, Cargo, Go and Bazel, for installed trees and for Node and "
              "Python "
              "services below the current folder and writes a "
              "commented slipway.yaml that packs them, once it has built that in memory. Names only files of the "
              "project, runs "
              "none of them, and never replaces a slipway.yaml without --force.",
          .synopsis = "[--component NAME] [--force] [--no-try]",
          .examples =
              {{"after make install DESTDIR=$PWD/out, cmake --install build --prefix out, meson compile or cargo build",
                "slipway init && slipway build"},
               {"show it only, of one CMake component", "slipway init --component runtime --dry-run"}},
          .statuses = {{13, "no compiled outputs were found"}},
          .see_also = {"build", "closure"},
          .bind = [](OptionSet& options) -> Action {
            auto flags = std::make_shared<InitFlags>();
            options.value("--component", "NAME", flags->component, "use only this install component of CMake");
            options.flag("--force", flags->force, "replace an existing slipway.yaml");
            options.flag("--no-try", flags->no_try, "write it without building it in memory first");
            return [flags](Context& context) { return run_init(context, *flags); };
          }};
}

}  // namespace slipway::cli
