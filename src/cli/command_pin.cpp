#include "cli/command.h"
#include "cli/project.h"
#include "slipway/base/text.h"
#include "slipway/run/pin.h"

namespace slipway::cli {
namespace {

struct PinFlags {
  std::vector<std::string> files, images, update, custom;
  std::optional<std::string> environment, lock;
  bool check = false;
};

/// The digest a location has now.
Result<Digest> digest_at(Context& context, const oci::Location& location) {
  if (location.digest()) return *location.digest();
  SLIPWAY_ASSIGN(const auto target, context.opener().open_for_reading(location, Side::source));
  SLIPWAY_ASSIGN(const auto reference, store::reference_of(location, *target));
  SLIPWAY_ASSIGN(const auto root, target->resolve(reference));
  return root.digest;
}

/// --image NAME=REF.
Result<run::Resolver> image_resolver(Context& context, const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0 || equals + 1 == text.size()) {
    return fail(Error(Errc::invalid_argument, fmt::format("--image \"{}\" is not NAME=REF", printable(text, 200)))
                    .with_hint("write for example --image hello=registry.example.com/team/hello:v1"));
  }
  SLIPWAY_ASSIGN(const oci::Location location, readable(context, text.substr(equals + 1)));
  SLIPWAY_ASSIGN(Digest digest, digest_at(context, location));
  run::PinnedReference pin{.name = {}, .tag = location.tag(), .digest = std::move(digest)};
  if (location.is_registry()) pin.name = location.place();
  return run::resolve_name(text.substr(0, equals), std::move(pin));
}

/// --env ENV: the active release.
Result<run::Resolver> environment_resolver(Context& context, const std::string& text) {
  SLIPWAY_ASSIGN(const Loaded loaded, require_project(context));
  SLIPWAY_ASSIGN(const EnvironmentWord word, environment_word(loaded.project, text));
  const ProjectServices services(context, loaded);
  release::Ledger ledger = services.ledger();
  SLIPWAY_ASSIGN(const auto recorded, recorded_of(loaded, word, ledger));
  const release::Entry& entry = recorded.entry;
  SLIPWAY_ASSIGN(const oci::Location place, released_place(loaded, *word.environment, entry));
  run::ReleasePin pin{.app = loaded.project.app,
                      .repository = place,
                      .app_places = {},
                      .keep_tag = release::keep_tag(entry.app, entry.environment, entry.number),
                      .digest = entry.image.digest};
  if (loaded.project.image_repository) pin.app_places.push_back(*loaded.project.image_repository);
  for (const release::Environment& environment : loaded.project.environments)
    pin.app_places.push_back(environment.repository);
  return run::resolve_release(std::move(pin));
}

Result<run::Resolver> resolver_of(Context& context, const PinFlags& f, image::Lock* lock) {
  std::vector<run::Resolver> resolvers;
  for (const std::string& image : f.images) {
    SLIPWAY_ASSIGN(auto resolver, image_resolver(context, image));
    resolvers.push_back(std::move(resolver));
  }
  if (f.environment) {
    SLIPWAY_ASSIGN(auto resolver, environment_resolver(context, *f.environment));
    resolvers.push_back(std::move(resolver));
  }
  // With nothing named, every reference is asked for where it lives.
  const auto ask = [&context](const oci::Location& location) { return digest_at(context, location); };
  if (lock != nullptr) {
    SLIPWAY_ASSIGN(auto resolver, run::resolve_locked(*lock, f.update, ask));
    resolvers.push_back(std::move(resolver));
  } else if (resolvers.empty() || !f.update.empty()) {
    SLIPWAY_ASSIGN(auto resolver, run::resolve_updating(f.update, ask));
    resolvers.push_back(std::move(resolver));
  }
  return run::remember(run::first_of(std::move(resolvers)));
}

Result<run::PinOptions> options_of(const PinFlags& f) {
  run::PinOptions options;
  for (const std::string& text : f.custom) {
    SLIPWAY_ASSIGN(auto path, run::parse_custom_path(text));
    options.custom.push_back(std::move(path));
  }
  return options;
}

void tell(Context& context, const run::PinReport& report) {
  for (const run::PinNote& note : report.notes) {
    context.note(fmt::format("{}:{}:{}: {}", note.where.file, note.where.row, note.where.col, note.message));
  }
  for (const run::PinChange& change : report.changes) {
    context.note(fmt::format("{}:{}: {} -> {}", report.file, change.where.row, change.before, change.after));
  }
}

Json pin_json(const std::vector<run::PinReport>& reports) {
  Json::Array files;
  for (const run::PinReport& report : reports) {
    Json::Array changes;
    for (const run::PinChange& change : report.changes) {
      Json row;
      row.set("line", change.where.row).set("role", change.role).set("before", change.before);
      row.set("after", change.after);
      changes.push_back(std::move(row));
    }
    Json file;
    file.set("file", report.file).set("changed", report.changed()).set("changes", std::move(changes));
    files.push_back(std::move(file));
  }
  Json document;
  document.set("schema", "slipway/v1/pin").set("files", std::move(files));
  return document;
}

Result<int> run_pin(Context& context, const PinFlags& f) {
  image::Lock lock;
  const stdfs::path lock_file = f.lock ? context.absolute(*f.lock) : stdfs::path();
  if (f.lock) {
    SLIPWAY_ASSIGN(lock, image::Lock::read(context.fs(), lock_file));
  }
  const std::string locked = lock.serialize();
  SLIPWAY_ASSIGN(const run::Resolver resolver, resolver_of(context, f, f.lock ? &lock : nullptr));
  SLIPWAY_ASSIGN(const run::PinOptions options, options_of(f));
  std::vector<std::string> words;
  for (const std::string& file : f.files)
    words.push_back(context.absolute(file).lexically_proximate(context.surroundings().directory).string());
  SLIPWAY_ASSIGN(const std::vector<std::string> files, run::find_files(context.fs(), words));
  SLIPWAY_ASSIGN(const auto reports, run::plan_pins(context.fs(), files, resolver, options));
  bool changed = false;
  for (const run::PinReport& report : reports) {
    tell(context, report);
    changed = changed || report.changed();
    if (f.check && report.changed() && !context.json()) SLIPWAY_TRY(context.print_raw(run::diff_of(report)));
  }
  if (!f.check && !context.globals().dry_run) {
    SLIPWAY_TRY(run::write_pins(context.fs(), reports));
    if (f.lock && lock.serialize() != locked) SLIPWAY_TRY(lock.write(context.fs(), lock_file));
  }
  if (context.json()) SLIPWAY_TRY(context.print_document(pin_json(reports)));
  if (f.check) return changed ? kDiffers : 0;
  if (context.json()) return 0;
  for (const run::PinReport& report : reports) {
    if (report.changed()) SLIPWAY_TRY(context.print(report.file));
  }
  return 0;
}

}  // namespace

Command pin_command() {
  return {
      .name = "pin",
      .aliases = {},
      .summary = "replace image tags in files by digests",
      .description =
          "Finds image references in Kubernetes, kustomize, Helm, compose, Dockerfile, quadlet, systemd and CI files "
          "and adds the digest to each: name:tag becomes name:tag@sha256:... Every other byte of the file stays.",
      .synopsis = "[OPTIONS] FILE...",
      .examples = {{"to what is active in production", "slipway pin --env production deploy/kubernetes.yaml"},
                   {"in CI: fail when a file is not pinned",
                    "slipway pin --env production --check deploy/kubernetes.yaml"},
                   {"everything below a folder, digests kept in a lock file", "slipway pin --lock images.lock deploy/"},
                   {"another image", "slipway pin --image nginx=docker.io/library/nginx:1.27 deploy/kubernetes.yaml"}},
      .statuses = {{10, "a file is not pinned, and --check was given"}},
      .see_also = {"export", "drift"},
      .bind = [](OptionSet& options) -> Action {
        auto flags = std::make_shared<PinFlags>();
        options.positionals(
            "FILE", flags->files,
            "files, folders or patterns: Kubernetes, kustomize, Helm values, compose, Dockerfile, quadlet, "
            "systemd, GitHub Actions, GitLab CI");
        options.value("--env", "ENV[@vN]", flags->environment,
                      "pin references to the app to this environment's release");
        options.list("--image", "NAME=REF", flags->images, "pin references to NAME to REF, by digest (repeatable)");
        options.value("--lock", "FILE", flags->lock, "take digests from this lock file, and add those that it lacks");
        options.list("--update", "NAME", flags->update,
                     "ask the registry again for references to NAME; * means all (repeatable)");
        options.list(
            "--crd", "KIND[.GROUP]=PATH", flags->custom,
            "look for pods or images at PATH of a custom resource, e.g. Rollout=spec.template.spec (repeatable)");
        options.flag("--check", flags->check, "print the diff without changing files; exit with 10 if there is one");
        return [flags](Context& context) { return run_pin(context, *flags); };
      }};
}

}  // namespace slipway::cli
