#include "cli/command.h"
#include "cli/found_image.h"
#include "cli/load_name.h"
#include "cli/project.h"
#include "cli/release_values.h"
#include "slipway/base/text.h"
#include "slipway/release/config_layer.h"
#include "slipway/release/released_config.h"
#include "slipway/run/image_store.h"
#include "slipway/run/runner.h"

namespace slipway::cli {
namespace {

struct RunFlags {
  std::string environment;
  std::vector<std::string> args, runner_args;
  std::optional<std::string> runner;
};

/// Returns true if slipway would speak plain HTTP to the registry.
bool is_plain(const Context& context, const oci::Location& location) {
  const Globals& globals = context.globals();
  if (globals.both.plain_http || globals.both.insecure || globals.source.plain_http || globals.source.insecure)
    return true;
  if (!location.is_registry()) return false;
  const std::string host(location.host());
  const std::string name = host.substr(0, host.rfind(':'));
  return name == "localhost" || name.ends_with(".localhost") || name.starts_with("127.") || name == "[::1]";
}

/// The config's files, for an image that does not have them.
Result<std::vector<run::MountedFile>> mounts_of(const release::Entry& entry, const release::ConfigValues& config) {
  std::vector<run::MountedFile> mounts;
  if (entry.mode == release::Mode::layer || config.files.empty()) return mounts;
  for (const auto& [name, file] : config.files)
    mounts.push_back({config.path + "/" + name, *file.content, file.mode});
  SLIPWAY_ASSIGN(std::string env, release::env_lines(config));
  mounts.push_back({fmt::format("{}/{}", config.path, release::kEnvFileName), std::move(env), 0444});
  return mounts;
}

Result<int> run_run(Context& context, const RunFlags& f) {
  SLIPWAY_ASSIGN(const Loaded loaded, require_project(context));
  SLIPWAY_ASSIGN(const EnvironmentWord word, environment_word(loaded.project, f.environment));
  const ProjectServices services(context, loaded);
  release::Ledger ledger = services.ledger();
  SLIPWAY_ASSIGN(const auto recorded, recorded_of(loaded, word, ledger));
  SLIPWAY_ASSIGN(const auto config, release::config_of(loaded.project, recorded.entry, services.get()));
  const release::Entry& entry = recorded.entry;
  SLIPWAY_ASSIGN(const oci::Location released, released_place(loaded, *word.environment, entry));
  const oci::Location location = released.with_digest(entry.image.digest);
  SLIPWAY_ASSIGN(auto target, context.opener().open_for_reading(location, Side::source));
  const FoundImage found{location, std::move(target), entry.image.digest};
  SLIPWAY_ASSIGN(const image::Image image, load_found(found, std::nullopt));
  SLIPWAY_ASSIGN(const run::Runner runner, run::find_runner(f.runner, context.stop()));
  if (context.globals().verbose > 0) context.note(fmt::format("running {} with {}", location.str(), runner.program));
  SLIPWAY_ASSIGN(auto values, context.globals().dry_run ? plain_values(config)
                                                        : values_with_secrets(context, loaded, entry, config));
  const std::string place = location.is_registry() ? location.place() : "localhost/" + entry.app;
  SLIPWAY_ASSIGN(auto mounts, mounts_of(entry, config));
  const run::RunRequest request{
      .fs = context.fs(),
      .runner = runner,
      .runner_args = f.runner_args,
      .args = f.args,
      .values = std::move(values),
      .mounts = std::move(mounts),
      .location = location,
      .name = place + ":" + release::keep_tag(entry.app, entry.environment, entry.number),
      .plain_http = is_plain(context, location),
      .from = *found.target,
      .image = image,
      .files = [&] { return file_lists(context).list(*found.target, image, context.stop()); }};
  if (context.globals().dry_run) {
    SLIPWAY_TRY(context.print(context.shown(location).str()));
    return 0;
  }
  return run::run_image(request, context.stop());
}

struct LoadFlags {
  std::string reference, into;
  std::optional<std::string> platform, name;
};

Result<int> run_load(Context& context, const LoadFlags& f) {
  SLIPWAY_ASSIGN(const run::StoreKind kind, run::parse_store_kind(f.into));
  SLIPWAY_ASSIGN(const FoundImage found, find_image(context, f.reference));
  SLIPWAY_ASSIGN(const image::Image image, load_found(found, f.platform));
  const std::string name = f.name ? *f.name : own_name(context, f.reference, found, image);
  SLIPWAY_ASSIGN(const oci::Location named, oci::Location::parse_for_reading(name));
  if (!named.is_registry() || !named.tag() || named.digest()) {
    return fail(Error(Errc::invalid_argument, fmt::format("--name {} is not NAME:TAG", printable(name, 200)))
                    .with_hint("write e.g. --name localhost/hello:v1"));
  }
  if (!context.globals().dry_run) {
    SLIPWAY_ASSIGN(const run::LoadResult done,
                   run::load_into(context.fs(), *found.target, image, name, kind,
                                  {.lanes = context.jobs(), .observer = context.observer(), .stop = context.stop()}));
    context.note(fmt::format("{} {} {}", name_of(kind), done.was_there ? "has" : "got", done.reference));
  }
  if (context.json()) {
    Json document;
    document.set("schema", "slipway/v1/load").set("name", name).set("digest", image.descriptor.digest.str());
    document.set("id", image.manifest.config.digest.str()).set("into", name_of(kind));
    SLIPWAY_TRY(context.print_document(document));
  } else {
    SLIPWAY_TRY(context.print(name + "@" + image.descriptor.digest.str()));
  }
  return 0;
}

}  // namespace

Command run_a_release_command() {
  constexpr int kNotStarted = 125;
  return {.name = "run",
          .aliases = {},
          .summary = "run a release in a container of this machine",
          .description =
              "Starts the image of a release by its digest, with the values and secrets of its config, and passes "
              "standard input and output through. Exits with the program's own status.",
          .synopsis = "[--runner NAME] [--runner-arg ARG]... ENV[@vN] [-- ARGS]",
          .examples = {{"what is active in staging", "slipway run staging"},
                       {"an older release, without a network",
                        "slipway run production@v3 --runner podman --runner-arg --network=none -- --help"}},
          .statuses = {{125, "the program was not started"}},
          .see_also = {"env", "load", "unpack"},
          .bind = [](OptionSet& options) -> Action {
            auto flags = std::make_shared<RunFlags>();
            options.value("--runner", "NAME", flags->runner,
                          "run with podman, docker, nerdctl, containerd, crun, runc or bubblewrap (default: the first "
                          "that is installed)");
            options.list("--runner-arg", "ARG", flags->runner_args, "pass ARG to the runner itself (repeatable)");
            options.positional("ENV[@vN]", flags->environment,
                               "an environment of slipway.yaml, and its release (default: the active one)");
            options.rest("ARGS", flags->args, "after --: arguments of the program, instead of the image's cmd");
            return [flags](Context& context) { return run_run(context, *flags); };
          },
          .failure_status = kNotStarted};
}

Command load_command() {
  return {
      .name = "load",
      .aliases = {},
      .summary = "load an image into podman, docker or containerd",
      .description =
          "Puts an image into a local image store, unless the store has that digest already. Without --name it gets "
          "its "
          "repository's name; from a layout the whole name that the layout records, else that of the app in "
          "slipway.yaml, else that of the folder, below localhost/.",
      .synopsis = "--into STORE [--name NAME:TAG] [--platform OS/ARCH] REF",
      .examples = {{"for docker run", "slipway load oci:out:v1 --into docker"},
                   {"what is active in staging", "slipway load staging --into podman --name localhost/hello:now"}},
      .see_also = {"run", "copy", "unpack"},
      .bind = [](OptionSet& options) -> Action {
        auto flags = std::make_shared<LoadFlags>();
        options.choice("--into", flags->into, {"podman", "docker", "nerdctl", "containerd"}, "load into this store");
        options.value("--name", "NAME:TAG", flags->name, "name of the image in the store (default: its own name)");
        options.value("--platform", "OS/ARCH", flags->platform,
                      "use this platform's image of an index (default: this machine's)");
        options.positional("REF", flags->reference, kImageHelp);
        return [flags](Context& context) { return run_load(context, *flags); };
      }};
}

}  // namespace slipway::cli
