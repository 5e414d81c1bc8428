#include <unistd.h>

#include <algorithm>

#include "cli/command.h"
#include "cli/found_image.h"
#include "cli/output.h"
#include "cli/project.h"
#include "cli/release_tables.h"
#include "cli/release_values.h"
#include "slipway/base/text.h"
#include "slipway/image/image.h"
#include "slipway/release/released_config.h"
#include "slipway/release/views.h"
#include "slipway/run/env_dialect.h"

namespace slipway::cli {
namespace {

std::string history_line(const release::Recorded& recorded, bool active) {
  const release::Entry& entry = recorded.entry;
  std::string line = fmt::format("{}v{:<4} {:<8} {}  build {}  config {}  {}", active ? "* " : "  ", entry.number,
                                 name_of(entry.kind), format_time(entry.time), entry.build.digest.short_hex(),
                                 entry.config.short_hex(), printable(entry.actor, 64));
  if (entry.from) line += fmt::format("  from {} v{}", entry.from->environment, entry.from->number);
  if (!entry.reason.empty()) line += fmt::format("  \"{}\"", printable(entry.reason, 200));
  if (!entry.bypass.empty()) line += fmt::format("  BYPASS \"{}\"", printable(entry.bypass, 200));
  return line;
}

/// The lines of a config's history with their layers, the newest first.
struct HistoryLine {
  const oci::History* history;
  const oci::Descriptor* layer;  ///< nothing for lines that made none
};

std::vector<HistoryLine> lines_of_image(const image::Image& image) {
  std::vector<HistoryLine> lines;
  std::size_t layer = 0;
  for (const oci::History& history : image.config.history) {
    const bool made = !history.empty_layer && layer < image.manifest.layers.size();
    lines.push_back({&history, made ? &image.manifest.layers[layer++] : nullptr});
  }
  std::reverse(lines.begin(), lines.end());
  return lines;
}

Json json_of(const HistoryLine& line) {
  Json json;
  json.set("created", line.history->created).set("createdBy", line.history->created_by);
  json.set("comment", line.history->comment).set("emptyLayer", line.layer == nullptr);
  if (line.layer != nullptr) json.set("digest", line.layer->digest.str()).set("size", line.layer->size);
  return json;
}

/// `docker history`: what made each layer of an image.
Result<int> run_image_history(Context& context, const std::string& reference,
                              const std::optional<std::string>& platform) {
  SLIPWAY_ASSIGN(const FoundImage found, find_image(context, reference));
  SLIPWAY_ASSIGN(const image::Image image, load_found(found, platform));
  Json::Array rows;
  std::string lines;
  Table table({"CREATED", "LAYER", "SIZE", "CREATED BY", "COMMENT"});
  for (const HistoryLine& line : lines_of_image(image)) {
    rows.push_back(json_of(line));
    const std::string size = human_bytes(line.layer == nullptr ? 0 : static_cast<std::uint64_t>(line.layer->size));
    const oci::History& h = *line.history;
    lines += fmt::format("{:<20} {:<71} {:>10} {}  {}\n", printable(h.created, 40),
                         line.layer == nullptr ? "-" : line.layer->digest.str(), size, printable(h.created_by, 4096),
                         printable(h.comment, 4096));
    table.add({{h.created},
               {line.layer == nullptr ? "-" : context.short_of(line.layer->digest)},
               {size},
               {h.created_by},
               {h.comment}});
  }
  if (!context.json()) {
    if (rows.empty()) context.note("the image says nothing of its history");
    SLIPWAY_TRY(context.print_raw(context.shows_tables() && !rows.empty() ? context.text_of(table) : safe_text(lines)));
    return 0;
  }
  Json document;
  document.set("schema", "slipway/v1/image-history").set("location", context.shown(found.location).str());
  document.set("digest", image.descriptor.digest.str()).set("platform", image.config.platform.str());
  document.set("history", std::move(rows));
  SLIPWAY_TRY(context.print_document(document));
  return 0;
}

/// The releases of one app to an environment, as lines and as JSON.
struct AppHistory {
  std::string lines;
  Json json;
};

Result<AppHistory> history_of(Context& context, const Loaded& loaded, const std::string& name) {
  const ProjectServices services(context, loaded);
  release::Ledger ledger = services.ledger();
  SLIPWAY_ASSIGN(const release::Chain chain, ledger.read(loaded.project.app, name));
  AppHistory history;
  Json::Array rows, forks;
  for (auto at = chain.entries.rbegin(); at != chain.entries.rend(); ++at) {
    const bool active = at == chain.entries.rbegin();
    rows.push_back(release::history_row(*at, active));
    history.lines += history_line(*at, active) + "\n";
  }
  for (const release::Recorded& fork : chain.forks) {
    forks.push_back(release::history_row(fork, false));
    history.lines += "! " + history_line(fork, false).substr(2) + "  LOST: another v" +
                     std::to_string(fork.entry.number) + " was released at the same time\n";
  }
  if (chain.entries.empty() && !context.json()) context.note(fmt::format("nothing was ever released to {}", name));
  const bool as_table = context.shows_tables() && !chain.entries.empty();
  history.lines = as_table ? context.text_of(history_table(context, chain)) : safe_text(history.lines);
  history.json.set("app", loaded.project.app).set("environment", name).set("releases", std::move(rows));
  if (!forks.empty()) history.json.set("forks", std::move(forks));
  return history;
}

/// The apps of slipway.yaml that have the environment. Errc::invalid_argument, as one app says it, where none has.
Result<std::vector<Loaded>> apps_with(Context& context, const std::string& name) {
  SLIPWAY_ASSIGN(auto apps, require_projects(context));
  if (apps.size() == 1) SLIPWAY_TRY(apps.front().project.require(name));
  std::erase_if(apps, [&](const Loaded& loaded) { return loaded.project.find(name) == nullptr; });
  if (!apps.empty()) return apps;
  return fail(error(Errc::invalid_argument, "no app of slipway.yaml has an environment \"{}\"", name)
                  .with_hint("list the environments with: slipway status"));
}

Result<int> run_history(Context& context, const std::string& name, const std::optional<std::string>& platform) {
  if (!release::is_valid_name(name)) return run_image_history(context, name, platform);
  SLIPWAY_ASSIGN(const auto apps, apps_with(context, name));
  std::string lines;
  Json::Array documents;
  for (const Loaded& loaded : apps) {
    SLIPWAY_ASSIGN(AppHistory history, history_of(context, loaded, name));
    if (apps.size() > 1) lines += loaded.project.app + "\n";
    lines += history.lines;
    documents.push_back(std::move(history.json));
  }
  if (!context.json()) {
    SLIPWAY_TRY(context.print_raw(lines));
    return 0;
  }
  Json document;
  document.set("schema", "slipway/v1/history");
  if (apps.size() == 1) {
    for (const auto& [key, value] : *documents.front().object())
      document.set(key, value);
  } else {
    document.set("apps", std::move(documents));
  }
  SLIPWAY_TRY(context.print_document(document));
  return 0;
}

std::string status_line(const release::StatusRow& row, const oci::Location& shown) {
  if (!row.active)
    return fmt::format("{:<16} -      nothing released  {}{}", row.environment, shown.str(),
                       row.drift.empty() ? "" : "  DRIFT: " + row.drift);
  const release::Entry& entry = row.active->entry;
  std::string line =
      fmt::format("{:<16} v{:<5} {}  config {}  {}", row.environment, entry.number,
                  shown.with_digest(entry.image.digest).str(), entry.config.short_hex(), format_time(entry.time));
  for (const auto& [name, releases] : row.behind) {
    if (!releases) line += fmt::format("  another build than {}", name);
    if (releases && *releases > 0) line += fmt::format("  {} behind {}", *releases, name);
  }
  if (row.hold) {
    line += fmt::format("  HELD by {}{}", printable(row.hold->actor, 64),
                        row.hold->reason.empty() ? "" : fmt::format(" ({})", printable(row.hold->reason, 200)));
  }
  if (!row.forks.empty()) line += fmt::format("  FORK: two writers at once, {}", fmt::join(row.forks, " and "));
  if (row.pending) line += "  PENDING: the tag lags behind; the next release, promote or rollback moves it";
  if (!row.drift.empty()) line += "  DRIFT: " + row.drift;
  return line;
}

/// The environments of one app, as lines and as JSON.
struct AppStatus {
  std::string lines;
  Json json;
  bool differs = false;
};

Result<AppStatus> status_of(Context& context, const Loaded& loaded, bool name_app) {
  const ProjectServices services(context, loaded);
  SLIPWAY_ASSIGN(const auto rows, release::read_status(loaded.project, services.get()));
  AppStatus status;
  Json::Array environments;
  const std::string_view guarantee = release::guarantee_of(loaded.project);
  if (name_app) status.lines = fmt::format("{}\n", loaded.project.app);
  if (context.shows_tables()) status.lines += context.text_of(status_table(context, rows));
  for (release::StatusRow row : rows) {
    status.differs = status.differs || row.pending || !row.drift.empty() || !row.forks.empty();
    const oci::Location shown = context.shown(row.location);
    if (!context.shows_tables()) status.lines += safe_text(status_line(row, shown)) + "\n";
    if (row.config_changed && !context.shows_tables() && !context.json())
      context.note(fmt::format("{}: config changed since v{}", row.environment, row.active->entry.number));
    if (row.pending && !context.shows_tables() && !context.json())
      context.note(fmt::format("{}: {}", row.environment, row.lag));
    if (!row.other_rules.empty() && !context.shows_tables() && !context.json())
      context.note(fmt::format("{}: {}", row.environment, row.other_rules));
    row.location = shown;
    environments.push_back(release::status_row(row));
  }
  if (guarantee == "detected" && !context.json() && context.globals().verbose > 0)
    context.note(
        fmt::format("{}: two writers at once are detected, not excluded: ledger.immutable-tags excludes them "
                    "where the registry's tags are",
                    loaded.project.app));
  status.json.set("app", loaded.project.app).set("guarantee", guarantee).set("environments", std::move(environments));
  return status;
}

Result<int> run_status(Context& context, bool exit_code) {
  SLIPWAY_ASSIGN(const auto apps, require_projects(context));
  Json::Array documents;
  std::string lines;
  bool differs = false;
  for (const Loaded& loaded : apps) {
    SLIPWAY_ASSIGN(AppStatus status, status_of(context, loaded, apps.size() > 1));
    lines += status.lines;
    differs = differs || status.differs;
    documents.push_back(std::move(status.json));
  }
  if (context.json()) {
    Json document;
    document.set("schema", "slipway/v1/status").set("apps", std::move(documents));
    SLIPWAY_TRY(context.print_document(document));
  } else {
    SLIPWAY_TRY(context.print_raw(lines));
  }
  return exit_code && differs ? kDiffers : 0;
}

Result<int> run_show(Context& context, const std::string& text) {
  SLIPWAY_ASSIGN(const Loaded loaded, require_project(context));
  SLIPWAY_ASSIGN(const EnvironmentWord word, environment_word(loaded.project, text));
  const ProjectServices services(context, loaded);
  release::Ledger ledger = services.ledger();
  SLIPWAY_ASSIGN(const auto recorded, recorded_of(loaded, word, ledger));
  SLIPWAY_ASSIGN(const auto head, ledger.head(loaded.project.app, word.environment->name));
  const bool active = head && head->id == recorded.id;
  SLIPWAY_ASSIGN(const oci::Location place, released_place(loaded, *word.environment, recorded.entry));
  const oci::Location location = context.shown(
      place
          .with_tag(active ? word.environment->tag
                           : release::keep_tag(recorded.entry.app, recorded.entry.environment, recorded.entry.number))
          .with_digest(recorded.entry.image.digest));
  if (!context.json()) {
    SLIPWAY_TRY(context.print(location.str()));
    context.note(history_line(recorded, active));
    return 0;
  }
  Json row = release::history_row(recorded, active);
  Json document;
  document.set("schema", "slipway/v1/release").set("app", loaded.project.app);
  document.set("environment", word.environment->name).set("location", location.str()).set("changed", false);
  for (const auto& [key, value] : *row.object())
    document.set(key, value);
  SLIPWAY_TRY(context.print_document(document));
  return 0;
}

struct EnvFlags {
  std::string environment;
  std::string format;                       ///< empty: as --output says
  std::optional<std::string> with_secrets;  ///< a file, or "-"
};

struct ReleasedConfig {
  const Loaded& loaded;
  const release::Entry& entry;
  const release::ConfigValues& config;
};

/// Secrets go to a private file, or into a pipe that the user asked for; a screen shows and keeps them.
Result<int> write_with_secrets(Context& context, const ReleasedConfig& released, run::Dialect dialect,
                               const std::string& to) {
  const bool to_output = to == "-";
  if (to_output && ::isatty(STDOUT_FILENO) == 1) {
    return fail(Error(Errc::invalid_argument, "--with-secrets - would show secrets on a terminal")
                    .with_hint(fmt::format("name a file: --with-secrets {}.env", released.loaded.project.app)));
  }
  if (context.globals().dry_run) return 0;
  SLIPWAY_ASSIGN(const Values values, values_with_secrets(context, released.loaded, released.entry, released.config));
  SLIPWAY_ASSIGN(const std::string text, run::write_env(values, dialect));
  constexpr std::uint32_t kPrivate = 0600;
  if (to_output) {
    SLIPWAY_TRY(context.print_raw(text));
  } else {
    SLIPWAY_TRY(write_file_atomically(context.fs(), context.absolute(to), text, kPrivate));
    SLIPWAY_TRY(context.print(to));
  }
  return 0;
}

Result<int> run_env(Context& context, const EnvFlags& f) {
  SLIPWAY_ASSIGN(const Loaded loaded, require_project(context));
  SLIPWAY_ASSIGN(const EnvironmentWord word, environment_word(loaded.project, f.environment));
  const std::string format = !f.format.empty() ? f.format : context.json() ? "json" : "docker";
  SLIPWAY_ASSIGN(const run::Dialect dialect, run::parse_dialect(format));
  if (context.json() && dialect != run::Dialect::json) {
    return fail(Error(Errc::invalid_argument, fmt::format("--output json and --format {} exclude each other", format))
                    .with_hint("leave out --output, or --format"));
  }
  const ProjectServices services(context, loaded);
  release::Ledger ledger = services.ledger();
  SLIPWAY_ASSIGN(const auto recorded, recorded_of(loaded, word, ledger));
  SLIPWAY_ASSIGN(const auto config, release::config_of(loaded.project, recorded.entry, services.get()));
  if (f.with_secrets) return write_with_secrets(context, {loaded, recorded.entry, config}, dialect, *f.with_secrets);
  SLIPWAY_ASSIGN(const Values values, plain_values(config));
  SLIPWAY_ASSIGN(const std::string text, run::write_env(values, dialect));
  for (const auto& [name, reference] : config.secrets) {
    context.warn(
        fmt::format("{} is a secret ({}): left out; --with-secrets FILE resolves it", name, printable(reference, 200)));
  }
  SLIPWAY_TRY(context.print_raw(text));
  return 0;
}

}  // namespace

Command history_command() {
  return {.name = "history",
          .aliases = {},
          .summary = "list an environment's releases, or what made an image",
          .description =
              "Prints the releases of an environment from the ledger, newest first; of any other reference what made "
              "each of its layers, as docker history does. Changes nothing.",
          .synopsis = "ENV|REF",
          .examples = {{"who released what, when and why", "slipway history production"},
                       {"for a script", "slipway history production -o json | jq '.releases[0]'"},
                       {"what made the layers of an image", "slipway history debian:12"}},
          .see_also = {"status", "show", "diff", "inspect"},
          .bind = [](OptionSet& options) -> Action {
            auto name = std::make_shared<std::string>();
            auto platform = std::make_shared<std::optional<std::string>>();
            options.positional("ENV|REF", *name, "an environment of slipway.yaml, or an image");
            options.value("--platform", "OS/ARCH", *platform,
                          "use this platform's image of an index (default: this machine's)");
            return [name, platform](Context& context) { return run_history(context, *name, *platform); };
          }};
}

Command status_command() {
  return {
      .name = "status",
      .aliases = {},
      .summary = "show the active release of each environment",
      .description =
          "Reads the ledger and the registry and prints what is active in each environment, how far it is behind, and "
          "whether its tag agrees with the ledger. Changes nothing.",
      .synopsis = "[--exit-code]",
      .examples = {{"what runs where", "slipway status"}, {"fail when a tag was moved", "slipway status --exit-code"}},
      .statuses = {{10, "a tag differs from the ledger, and --exit-code was given"}},
      .see_also = {"history", "verify", "drift"},
      .bind = [](OptionSet& options) -> Action {
        auto exit_code = std::make_shared<bool>(false);
        options.flag("--exit-code", *exit_code, "exit with 10 if a tag differs from the ledger");
        return [exit_code](Context& context) { return run_status(context, *exit_code); };
      }};
}

Command show_command() {
  return {.name = "show",
          .aliases = {},
          .summary = "show one release",
          .description =
              "Prints where a release's image is, with its keep tag and digest, and who released it when and why.",
          .synopsis = "ENV[@vN]",
          .examples = {{"the active one", "slipway show production"},
                       {"an older one", "slipway show production@v3 -o json"}},
          .statuses = {{13, "the release does not exist"}},
          .see_also = {"history", "env"},
          .bind = [](OptionSet& options) -> Action {
            auto word = std::make_shared<std::string>();
            options.positional("ENV[@vN]", *word,
                               "an environment of slipway.yaml, and its release (default: the active one)");
            return [word](Context& context) { return run_show(context, *word); };
          }};
}

Command env_command() {
  return {.name = "env",
          .aliases = {},
          .summary = "print a release's config as an env file",
          .description =
              "Prints the values of a release's config in the syntax of the program that reads them. Secrets are left "
              "out unless --with-secrets names a private file for them.",
          .synopsis = "[--format DIALECT] [--with-secrets FILE] ENV[@vN]",
          .examples = {{"for docker run --env-file", "slipway env production > production.env"},
                       {"of an older release, for a shell", "slipway env production@v3 --format sh"},
                       {"with its secrets, in a private file", "slipway env production --with-secrets app.env"}},
          .statuses = {{13, "the release does not exist"}},
          .see_also = {"export", "run"},
          .bind = [](OptionSet& options) -> Action {
            auto flags = std::make_shared<EnvFlags>();
            options.positional("ENV[@vN]", flags->environment,
                               "an environment of slipway.yaml, and its release (default: the active one)");
            options.choice("--format", flags->format,
                           {"docker", "podman", "compose", "compose1", "kubectl", "systemd", "sh", "json"},
                           "syntax of the output (default: docker)");
            options.value("--with-secrets", "FILE", flags->with_secrets,
                          "resolve the secrets, too, and write all values to FILE, mode 0600; - writes to a pipe");
            return [flags](Context& context) { return run_env(context, *flags); };
          }};
}

}  // namespace slipway::cli
