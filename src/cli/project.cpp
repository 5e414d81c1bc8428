#include "cli/project.h"

#include <algorithm>
#include <charconv>

#include "cli/opener.h"
#include "cli/pin_policies.h"
#include "cli/streams.h"
#include "cli/version.h"
#include "slipway/base/text.h"
#include "slipway/config/decoder.h"
#include "slipway/io/hash.h"
#include "slipway/release/ledger.h"
#include "slipway/release/released_config.h"

namespace slipway::cli {
namespace {

constexpr const char* kFileName = "slipway.yaml";
constexpr std::size_t kMaxFile = 4u << 20;

std::optional<stdfs::path> find_upwards(const Context& context) {
  for (stdfs::path folder = context.surroundings().directory;; folder = folder.parent_path()) {
    if (context.fs().stat(folder / kFileName, true)) return folder / kFileName;
    if (folder == folder.parent_path()) return std::nullopt;
  }
}

std::string app_of(const config::Node& document) {
  const config::Node* app = document.find("app");
  return app != nullptr && app->is_scalar() ? app->scalar : "";
}

Result<const config::Node*> choose(const std::vector<config::Node>& documents, const std::string& file,
                                   const std::optional<std::string>& wanted) {
  std::vector<std::string> apps;
  for (const config::Node& document : documents) {
    apps.push_back(app_of(document));
    if (wanted && apps.back() == *wanted) return &document;
  }
  if (documents.empty())
    return fail(Error(Errc::invalid_argument, "the file is empty")
                    .at({file, 1, 1})
                    .with_hint("write one with: slipway init --force"));
  if (!wanted && documents.size() == 1) return &documents.front();
  if (wanted) {
    return fail(Error(Errc::invalid_argument, fmt::format("{} has no app \"{}\"", file, printable(*wanted, 80)))
                    .with_hint(fmt::format("use --app {}", fmt::join(apps, ", --app "))));
  }
  return fail(Error(Errc::invalid_argument, fmt::format("{} has several apps", file))
                  .with_hint(fmt::format("choose one: --app {}", fmt::join(apps, ", --app "))));
}

void check_keys(const config::Node& document, Diagnostics& diagnostics) {
  config::Decoder top(document, "", diagnostics);
  for (const std::string& key : builder::top_level_keys())
    top.get(key);
  top.finish();
}

std::string shown_path(const Context& context, const stdfs::path& path) {
  const stdfs::path relative = path.lexically_relative(context.surroundings().directory);
  return relative.empty() || *relative.begin() == ".." ? path.string() : relative.string();
}

stdfs::path lock_folder(Context& context, const release::Project& project) {
  if (project.ledger.transport() == oci::Transport::layout) {
    return stdfs::path(project.ledger.path()) / ".slipway-locks";
  }
  const stdfs::path state = user_state_folder(context.surroundings().env);
  return (state.empty() ? stdfs::temp_directory_path() / "slipway" : state) / "locks" /
         io::digest_of(project.ledger.str()).short_hex();
}

}  // namespace

namespace {

/// The file's documents, and where it is.
struct ProjectFile {
  std::string shown;
  stdfs::path folder;
  std::vector<config::Node> documents;
};

Result<std::optional<ProjectFile>> read_project_file(const Context& context) {
  if (context.globals().file == "-") {
    SLIPWAY_ASSIGN(const std::string text, read_input(context, "-", kMaxFile));
    ProjectFile file{"<stdin>", context.surroundings().directory, {}};
    SLIPWAY_ASSIGN(file.documents, config::parse_yaml(text, file.shown));
    return std::optional<ProjectFile>(std::move(file));
  }
  std::optional<stdfs::path> path;
  if (context.globals().file) {
    path = context.absolute(*context.globals().file);
  } else {
    path = find_upwards(context);
  }
  if (!path) return std::optional<ProjectFile>();
  auto text = read_file(context.fs(), *path, kMaxFile);
  if (!text) {
    const Errc code = text.error().code == Errc::not_found ? Errc::invalid_argument : text.error().code;
    return fail(Error(code, text.error().message)
                    .with_hint("name another file with --file FILE, or write one with: slipway init"));
  }
  ProjectFile file{shown_path(context, *path), path->parent_path(), {}};
  SLIPWAY_ASSIGN(file.documents, config::parse_yaml(*text, file.shown));
  return std::optional<ProjectFile>(std::move(file));
}

Result<Loaded> decode(const ProjectFile& file, const config::Node& document) {
  Loaded loaded;
  loaded.file = file.shown;
  loaded.folder = file.folder;
  Diagnostics diagnostics;
  check_keys(document, diagnostics);
  loaded.recipe = builder::decode_recipe(document, loaded.file, diagnostics);
  loaded.recipe.folder = loaded.folder;
  loaded.project = release::decode_project(document, loaded.folder, diagnostics);
  PinSettings pin;
  decode_pin(document, pin, diagnostics);
  SLIPWAY_TRY(std::move(diagnostics).status());
  return loaded;
}

Error no_project() {
  return Error(Errc::invalid_argument, "cannot find slipway.yaml in this folder or above it")
      .with_hint("write one with: slipway init; or name one with: --file FILE");
}

}  // namespace

Result<std::optional<Loaded>> load_project(const Context& context) {
  SLIPWAY_ASSIGN(const auto file, read_project_file(context));
  if (!file) return std::optional<Loaded>();
  SLIPWAY_ASSIGN(const config::Node* document, choose(file->documents, file->shown, context.globals().app));
  SLIPWAY_ASSIGN(Loaded loaded, decode(*file, *document));
  return std::optional<Loaded>(std::move(loaded));
}

Result<std::vector<Loaded>> load_projects(const Context& context) {
  SLIPWAY_ASSIGN(const auto file, read_project_file(context));
  std::vector<Loaded> all;
  if (!file) return all;
  for (const config::Node& document : file->documents) {
    if (context.globals().app && app_of(document) != *context.globals().app) continue;
    SLIPWAY_ASSIGN(Loaded loaded, decode(*file, document));
    all.push_back(std::move(loaded));
  }
  // Says what is wrong with the name, or the file.
  if (all.empty()) SLIPWAY_TRY(choose(file->documents, file->shown, context.globals().app));
  return all;
}

Result<PinSettings> load_pin_settings(const Context& context) {
  SLIPWAY_ASSIGN(const auto file, read_project_file(context));
  PinSettings settings;
  if (!file) return settings;
  Diagnostics diagnostics;
  for (const config::Node& document : file->documents)
    decode_pin(document, settings, diagnostics);
  SLIPWAY_TRY(std::move(diagnostics).status());
  return settings;
}

Result<std::vector<Loaded>> require_projects(const Context& context) {
  SLIPWAY_ASSIGN(auto all, load_projects(context));
  if (all.empty()) return fail(no_project());
  return all;
}

Result<Loaded> require_project(const Context& context) {
  SLIPWAY_ASSIGN(auto loaded, load_project(context));
  if (loaded) return *std::move(loaded);
  return fail(no_project());
}

ProjectServices::ProjectServices(Context& context, const Loaded& loaded)
    : sequencer_(release::file_sequencer(context.fs(), lock_folder(context, loaded.project))),
      ledger_(loaded.project.ledger) {
  services_.opener = &context.opener();
  services_.fs = &context.fs();
  services_.clock = context.surroundings().clock;
  services_.sequencer = sequencer_.get();
  services_.actor = resolve_actor(context.surroundings().env);
  services_.tool = fmt::format("slipway {}", version());
  services_.project_folder = loaded.folder;
  services_.state_folder = loaded.state_folder();
  services_.seen_folder = user_state_folder(context.surroundings().env);
  services_.edition = loaded.project.edition;
  services_.settle = std::chrono::seconds(loaded.project.settle);
  services_.lanes = context.jobs();
  services_.observer = context.observer();
  services_.stop = context.stop();
  services_.warn = [&context](const Error& warning) { context.warn(warning.describe()); };
}

Result<EnvironmentWord> environment_word(const release::Project& project, const std::string& word) {
  const std::size_t at = word.find('@');
  EnvironmentWord found{};
  SLIPWAY_ASSIGN(found.environment, project.require(word.substr(0, at)));
  if (at == std::string::npos) return found;
  const std::string number = word.substr(at + 1);
  std::int64_t value = 0;
  const char* const end = number.data() + number.size();
  const bool shaped =
      number.size() > 1 && number[0] == 'v' && std::from_chars(number.data() + 1, end, value).ptr == end && value > 0;
  if (!shaped) {
    return fail(Error(Errc::invalid_argument, fmt::format("\"{}\" is not a release", printable(word, 80)))
                    .with_hint(fmt::format("write {}@vN; the releases: slipway history {}", found.environment->name,
                                           found.environment->name)));
  }
  found.number = value;
  return found;
}

Result<release::Recorded> recorded_of(const Loaded& loaded, const EnvironmentWord& word, release::Ledger& ledger) {
  const std::string& name = word.environment->name;
  if (!word.number) {
    SLIPWAY_ASSIGN(const auto head, ledger.head(loaded.project.app, name));
    if (head) return *head;
    return fail(Error(Errc::not_found, fmt::format("nothing was ever released to {}", name))
                    .with_hint(fmt::format("release a build: slipway release {} REF", name)));
  }
  SLIPWAY_ASSIGN(const release::Chain chain, ledger.read(loaded.project.app, name));
  if (const release::Recorded* found = chain.number(*word.number)) return *found;
  return fail(Error(Errc::not_found, fmt::format("{} has no release v{}", name, *word.number))
                  .with_hint("list the releases with: slipway history " + name));
}

namespace {

/// The app whose environment a word names; nothing when it names none. Errc::invalid_argument when several have one.
Result<std::optional<Loaded>> app_of_environment(const Context& context, const std::string& word) {
  const std::string name = word.substr(0, word.find('@'));
  std::optional<Loaded> found;
  if (!release::is_valid_name(name)) return found;
  SLIPWAY_ASSIGN(auto apps, load_projects(context));
  for (Loaded& loaded : apps) {
    if (loaded.project.find(name) == nullptr) continue;
    if (found) {
      return fail(
          error(Errc::invalid_argument, "several apps of {} have an environment \"{}\"", loaded.file, name)
              .with_hint(fmt::format("choose one: --app {} or --app {}", found->project.app, loaded.project.app)));
    }
    found = std::move(loaded);
  }
  return found;
}

}  // namespace

Result<oci::Location> released_place(const Loaded& loaded, const release::Environment& environment,
                                     const release::Entry& entry) {
  if (entry.image.repository == environment.repository_text) return environment.repository;
  SLIPWAY_ASSIGN(const auto place, oci::Location::parse(entry.image.repository));
  return place.relative_to(loaded.folder.string()).without_reference();
}

Result<std::optional<release::ConfigValues>> config_named(Context& context, const std::string& word) {
  std::optional<release::ConfigValues> config;
  SLIPWAY_ASSIGN(const auto loaded, app_of_environment(context, word));
  if (!loaded) return config;
  SLIPWAY_ASSIGN(const EnvironmentWord environment, environment_word(loaded->project, word));
  const ProjectServices services(context, *loaded);
  release::Ledger ledger = services.ledger();
  SLIPWAY_ASSIGN(const auto recorded, recorded_of(*loaded, environment, ledger));
  SLIPWAY_ASSIGN(config, release::config_of(loaded->project, recorded.entry, services.get()));
  return config;
}

Result<oci::Location> readable(Context& context, const std::string& text) {
  SLIPWAY_ASSIGN(const auto loaded, app_of_environment(context, text));
  if (loaded) {
    SLIPWAY_ASSIGN(const EnvironmentWord word, environment_word(loaded->project, text));
    const ProjectServices services(context, *loaded);
    release::Ledger ledger = services.ledger();
    SLIPWAY_ASSIGN(const auto recorded, recorded_of(*loaded, word, ledger));
    SLIPWAY_ASSIGN(const oci::Location place, released_place(*loaded, *word.environment, recorded.entry));
    return place.with_digest(recorded.entry.image.digest);
  }
  SLIPWAY_ASSIGN(auto location, context.location_for_reading(text));
  if (location.is_registry() && location.host() == "docker.io" && text.find('/') == std::string::npos) {
    context.note(fmt::format("reading {}", location.str()));
  }
  return location;
}

}  // namespace slipway::cli
