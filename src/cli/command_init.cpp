#include "cli/command.h"
#include "slipway/base/text.h"
#include "slipway/builder/outputs.h"

namespace slipway::cli {
namespace {

struct InitFlags {
  std::optional<std::string> component;
  bool force = false;
};

Result<int> run_init(Context& context, const InitFlags& f) {
  const stdfs::path folder = context.surroundings().directory;
  const std::string name = context.globals().file.value_or("slipway.yaml");
  const stdfs::path file = context.absolute(name);
  if (context.fs().stat(file) && !f.force && !context.globals().dry_run) {
    return fail(Error(Errc::invalid_argument, fmt::format("{} exists already", printable(name, 4096)))
                    .with_hint("edit it, write another file with --file, or replace it with --force"));
  }
  SLIPWAY_ASSIGN(const auto found, builder::find_outputs(context.fs(), {folder, f.component.value_or("")}));
  if (found.empty()) {
    return fail(Error(Errc::not_found, fmt::format("found no compiled outputs in {}", printable(folder.native(), 4096)))
                    .with_hint("build first (cmake --install build --prefix out; meson compile; cargo build --release; "
                               "bazel build), then run slipway init in the folder of the sources"));
  }
  const std::string app = context.globals().app.value_or(builder::app_name_of(folder.filename().native()));
  const std::string text = builder::recipe_text(app, found);
  if (context.globals().dry_run) {
    SLIPWAY_TRY(context.print_raw(text));
    return 0;
  }
  SLIPWAY_TRY(write_file_atomically(context.fs(), file, text));
  context.note(fmt::format("found {}: the image starts {}", found.front().kind, found.front().programs.front()));
  for (std::size_t i = 1; i < found.size(); ++i)
    context.note(fmt::format("also found, but not used: {}", found[i].kind));
  SLIPWAY_TRY(context.print(name));
  return 0;
}

}  // namespace

Command init_command() {
  return {
      .name = "init",
      .aliases = {},
      .summary = "write a slipway.yaml for the compiled outputs in this folder",
      .description =
          "Looks for the outputs of CMake, Meson, Cargo, Bazel and plain builds below the current folder and writes a "
          "commented slipway.yaml that packs them. Runs no program and never replaces a slipway.yaml without --force.",
      .synopsis = "[--component NAME] [--force]",
      .examples = {{"after cmake --install build --prefix out, meson compile, cargo build --release or bazel build",
                    "slipway init && slipway build"},
                   {"show it only, of one CMake component", "slipway init --component runtime --dry-run"}},
      .statuses = {{13, "no compiled outputs were found"}},
      .see_also = {"build", "closure"},
      .bind = [](OptionSet& options) -> Action {
        auto flags = std::make_shared<InitFlags>();
        options.value("--component", "NAME", flags->component, "use only this install component of CMake");
        options.flag("--force", flags->force, "replace an existing slipway.yaml");
        return [flags](Context& context) { return run_init(context, *flags); };
      }};
}

}  // namespace slipway::cli
