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
    return fail(Error(Errc::invalid_argument, fmt::format("{} is there already", printable(name, 4096)))
                    .with_hint("change it by hand, write elsewhere with --file, or replace it with --force"));
  }
  SLIPWAY_ASSIGN(const auto found, builder::find_outputs(context.fs(), {folder, f.component.value_or("")}));
  if (found.empty()) {
    return fail(
        Error(Errc::not_found, fmt::format("no compiled outputs were found in {}", printable(folder.native(), 4096)))
            .with_hint("build first (cmake --install build --prefix out; meson compile; cargo build --release; "
                       "bazel build), then run 'slipway init' where the sources are"));
  }
  const std::string app = context.globals().app.value_or(builder::app_name_of(folder.filename().native()));
  const std::string text = builder::recipe_text(app, found);
  if (context.globals().dry_run) {
    SLIPWAY_TRY(context.print_raw(text));
    return 0;
  }
  SLIPWAY_TRY(write_file_atomically(context.fs(), file, text));
  context.note(fmt::format("found {}: {} starts", found.front().kind, found.front().programs.front()));
  for (std::size_t i = 1; i < found.size(); ++i)
    context.note(fmt::format("also found, and not used: {}", found[i].kind));
  SLIPWAY_TRY(context.print(name));
  return 0;
}

}  // namespace

Command init_command() {
  return {.name = "init",
          .aliases = {},
          .group = "Build",
          .summary = "write a slipway.yaml for the compiled outputs that are here",
          .synopsis = "[--component NAME] [--force]",
          .examples = {{"after cmake --install build --prefix out, meson compile, cargo build --release or bazel build",
                        "slipway init && slipway build"},
                       {"show it only, of one CMake component", "slipway init --component runtime --dry-run"}},
          .bind = [](OptionSet& options) -> Action {
            auto flags = std::make_shared<InitFlags>();
            options.value("--component", "NAME", flags->component, "of CMake's install components, this one");
            options.flag("--force", flags->force, "replace a slipway.yaml that is there");
            return [flags](Context& context) { return run_init(context, *flags); };
          }};
}

}  // namespace slipway::cli
