#include <algorithm>

#include "cli/command.h"
#include "cli/next_step.h"
#include "cli/project.h"
#include "slipway/base/text.h"
#include "slipway/release/config_layer.h"
#include "slipway/release/released_config.h"
#include "slipway/run/export.h"

namespace slipway::cli {
namespace {

struct ExportFlags {
  std::string environment;
  std::string format = "kubernetes";
  std::optional<std::string> to;
  bool patch = false;
};

Result<run::ExportRequest> request_of(Context& context, const ExportFlags& f) {
  if (!release::is_valid_name(f.environment.substr(0, f.environment.find('@')))) {
    return fail(error(Errc::invalid_argument, "\"{}\" is not an environment", printable(f.environment, 200))
                    .with_hint(fmt::format("write an image's files as a tar with: slipway unpack {} -",
                                           printable(f.environment, 200))));
  }
  SLIPWAY_ASSIGN(const Loaded loaded, require_project(context));
  SLIPWAY_ASSIGN(const EnvironmentWord word, environment_word(loaded.project, f.environment));
  const ProjectServices services(context, loaded);
  release::Ledger ledger = services.ledger();
  SLIPWAY_ASSIGN(const auto recorded, recorded_of(loaded, word, ledger));
  SLIPWAY_ASSIGN(const oci::Location repository, released_place(loaded, *word.environment, recorded.entry));
  if (!repository.is_registry()) {
    return fail(
        Error(Errc::invalid_argument,
              fmt::format("cannot export {}: its repository {} is a folder, and a runtime pulls from registries only",
                          word.environment->name, context.shown(repository).str()))
            .with_hint("give the environment a registry's repository in slipway.yaml"));
  }
  SLIPWAY_ASSIGN(const auto config, release::config_of(loaded.project, recorded.entry, services.get()));
  const release::Entry& entry = recorded.entry;
  const std::string tag = release::keep_tag(entry.app, entry.environment, entry.number);
  run::ExportRequest request{.app = entry.app,
                             .environment = entry.environment,
                             .number = entry.number,
                             .image = repository.with_tag(tag).with_digest(entry.image.digest).str(),
                             .written_as = {repository.place()},
                             .build = entry.build.digest,
                             .revision = entry.revision,
                             .values = {config.values.begin(), config.values.end()},
                             .secrets = config.secrets,
                             .patch = f.patch};
  if (entry.mode != release::Mode::layer && !config.files.empty()) {
    request.config_path = config.path;
    for (const auto& [name, file] : config.files)
      request.files.push_back({name, *file.content, file.mode});
    SLIPWAY_ASSIGN(std::string env, release::env_lines(config));
    request.files.push_back({std::string(release::kEnvFileName), std::move(env)});
    std::sort(request.files.begin(), request.files.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  }
  const auto& built = loaded.project.image_repository;
  if (built && built->is_registry() && !built->same_place(repository)) request.written_as.push_back(built->place());
  return request;
}

Status write_files(Context& context, const std::vector<run::ExportFile>& files, const std::string& to) {
  const stdfs::path folder = context.absolute(to);
  if (!context.globals().dry_run) SLIPWAY_TRY(context.fs().make_directories(folder));
  for (const run::ExportFile& file : files) {
    const auto there = read_file(context.fs(), folder / file.name);
    const bool same = there && *there == file.content;
    if (same || context.globals().dry_run) continue;
    SLIPWAY_TRY(context.fs().make_directories((folder / file.name).parent_path()));
    SLIPWAY_TRY(write_file_atomically(context.fs(), folder / file.name, file.content, file.mode));
  }
  return {};
}

Result<int> run_export(Context& context, const ExportFlags& f) {
  SLIPWAY_ASSIGN(const run::ExportFormat format, run::parse_export_format(f.format));
  if (f.patch && format != run::ExportFormat::kubernetes) {
    return fail(Error(Errc::invalid_argument, "--patch works with --format kubernetes only")
                    .with_hint("leave out --patch: --format kustomize writes a patch of its own"));
  }
  SLIPWAY_ASSIGN(const run::ExportRequest request, request_of(context, f));
  SLIPWAY_ASSIGN(const auto files, run::export_release(request, format));
  if (!f.to && files.size() > 1) {
    std::string names;
    for (const run::ExportFile& file : files)
      names += (names.empty() ? "" : ", ") + file.name;
    return fail(Error(Errc::invalid_argument, fmt::format("--format {} writes several files: {}", f.format, names))
                    .with_hint(fmt::format("name a folder for them: slipway export {} --format {} --to DIR",
                                           shell_word(f.environment), f.format)));
  }
  if (!f.to) {
    SLIPWAY_TRY(context.print_raw(files.front().content));
    return 0;
  }
  SLIPWAY_TRY(write_files(context, files, *f.to));
  Json::Array names;
  for (const run::ExportFile& file : files) {
    const std::string path = (stdfs::path(*f.to) / file.name).native();
    names.emplace_back(path);
    if (!context.json()) SLIPWAY_TRY(context.print(path));
  }
  if (!context.json()) return 0;
  Json document;
  document.set("schema", "slipway/v1/export").set("image", request.image).set("files", std::move(names));
  SLIPWAY_TRY(context.print_document(document));
  return 0;
}

}  // namespace

Command export_command() {
  return {
      .name = "export",
      .aliases = {},
      .summary = "write a release as Kubernetes, compose or systemd files",
      .description =
          "Prints the files that run a release somewhere else, with the image pinned to its digest and the config of "
          "the release. The same release gives the same bytes. Contacts no cluster.",
      .synopsis = "--format FORMAT [--to DIR] [--patch] ENV[@vN]",
      .examples = {{"for a GitOps repository", "slipway export production --format kustomize --to deploy/production"},
                   {"straight to a cluster", "slipway export production | kubectl apply -f -"}},
      .statuses = {{13, "the release does not exist"}},
      .see_also = {"env", "pin", "run"},
      .bind = [](OptionSet& options) -> Action {
        auto flags = std::make_shared<ExportFlags>();
        options.choice("--format", flags->format, {"kubernetes", "kustomize", "compose", "quadlet", "systemd"},
                       "write files of this kind (default: kubernetes)");
        options.value("--to", "DIR", flags->to, "write the files to DIR (default: one file to standard output)");
        options.flag("--patch", flags->patch,
                     "kubernetes: write a strategic merge patch of the Deployment that is named like the app");
        options.positional("ENV[@vN]", flags->environment,
                           "an environment of slipway.yaml, and its release (default: the active one)");
        return [flags](Context& context) { return run_export(context, *flags); };
      }};
}

}  // namespace slipway::cli
