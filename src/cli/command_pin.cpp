#include <iterator>
#include <memory>

#include "cli/command.h"
#include "cli/pin_commit.h"
#include "cli/pin_explain.h"
#include "cli/pin_policies.h"
#include "cli/project.h"
#include "slipway/base/text.h"
#include "slipway/run/pin.h"

namespace slipway::cli {
namespace {

struct PinFlags {
  std::vector<std::string> files, images, update, custom, exclude, formats;
  std::optional<std::string> environment, lock, sarif, branch;
  std::string helm;
  bool check = false, strict = false, atomic = false, commit = false, push = false, explain = false;
};

constexpr std::string_view kStandardInput = "-";
/// Up to so many notes with one reason are shown one by one.
constexpr std::size_t kFewNotes = 5;

/// The digest a location has now.
Result<Digest> digest_at(Context& context, const oci::Location& location) {
  if (location.digest()) return *location.digest();
  SLIPWAY_ASSIGN(const auto target, context.opener().open_for_reading(location, Side::source));
  SLIPWAY_ASSIGN(const auto reference, store::reference_of(location, *target));
  SLIPWAY_ASSIGN(const auto root, target->resolve(reference));
  return root.digest;
}

/// An image or release that --image or --env pins, and whether any reference names it.
struct Named {
  std::string description;
  run::Resolver resolve;
  bool is_found = false;
};
using AllNamed = std::vector<std::shared_ptr<Named>>;

void add_named(AllNamed& all, std::string description, run::Resolver resolve) {
  all.push_back(std::make_shared<Named>(Named{std::move(description), std::move(resolve)}));
}

/// Returns the first answer of several. All are asked, so that each learns whether a reference names it.
run::Resolver resolve_named(AllNamed all) {
  return [all = std::move(all)](const oci::Location& written) -> Result<std::optional<run::PinnedReference>> {
    std::optional<run::PinnedReference> first;
    for (const std::shared_ptr<Named>& named : all) {
      SLIPWAY_ASSIGN(std::optional<run::PinnedReference> pin, named->resolve(written));
      named->is_found = named->is_found || pin.has_value();
      if (!first) first = std::move(pin);
    }
    return first;
  };
}

/// Says what no reference names. Returns false if there is any: a check of it would look at nothing.
bool tell_unnamed(Context& context, const AllNamed& all) {
  bool are_found = true;
  for (const std::shared_ptr<Named>& named : all) {
    if (named->is_found) continue;
    context.note(fmt::format("no image reference in these files names {}", named->description));
    are_found = false;
  }
  return are_found;
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
Status add_environment(Context& context, const std::string& text, AllNamed& named) {
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
  std::string description = fmt::format("app {} ({})", entry.app, place.str());
  add_named(named, std::move(description), run::resolve_release(std::move(pin)));
  return {};
}

Result<run::Resolver> resolver_of(Context& context, const PinFlags& f, image::Lock* lock, AllNamed& named) {
  for (const std::string& image : f.images) {
    SLIPWAY_ASSIGN(auto resolver, image_resolver(context, image));
    add_named(named, printable(image.substr(0, image.find('=')), 200), std::move(resolver));
  }
  if (f.environment) SLIPWAY_TRY(add_environment(context, *f.environment, named));
  std::vector<run::Resolver> resolvers;
  if (!named.empty()) resolvers.push_back(resolve_named(named));
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

Result<run::PinOptions> options_of(Context& context, const PinFlags& f, PinSettings settings) {
  run::PinOptions options;
  if (!f.update.empty()) {
    SLIPWAY_ASSIGN(options.choose_tag, tag_chooser(context, f.update, std::move(settings.policies)));
  }
  options.formats = std::move(settings.formats);
  for (const std::string& text : f.custom) {
    SLIPWAY_ASSIGN(auto path, run::parse_custom_path(text));
    options.custom.push_back(std::move(path));
  }
  for (const std::string& text : f.formats) {
    SLIPWAY_ASSIGN(auto rule, run::parse_format_rule(text));
    options.formats.push_back(std::move(rule));
  }
  const std::string& helm = f.helm.empty() ? settings.helm : f.helm;
  if (helm == "digest") options.helm = run::HelmDigest::digest;
  if (helm == "tag") options.helm = run::HelmDigest::tag;
  return options;
}

/// The counts that a green check stands for.
struct Totals {
  std::size_t files = 0, seen = 0, pinned = 0, changed = 0, left_alone = 0, unresolved = 0;
  bool all_pinned() const { return seen == pinned + changed; }
  /// `written` says whether the changes are made, or are to be made.
  std::string str(bool written) const {
    const std::string pins = written ? fmt::format("{} pinned ({} changed)", pinned + changed, changed)
                                     : fmt::format("{} pinned, {} to change", pinned, changed);
    return fmt::format("{} image reference{} in {} file{}: {}, {} left alone, {} not resolved", seen,
                       seen == 1 ? "" : "s", files, files == 1 ? "" : "s", pins, left_alone, unresolved);
  }
};

Totals totals_of(const std::vector<run::PinReport>& reports) {
  Totals totals;
  for (const run::PinReport& report : reports) {
    totals.files += report.understood() ? 1 : 0;
    totals.seen += report.references + report.left_alone();
    totals.changed += report.changes.size();
    totals.pinned += report.pinned - report.changes.size();
    totals.left_alone += report.left_alone();
    totals.unresolved += report.references - report.pinned;
  }
  return totals;
}

std::string place_of(const Where& where) { return fmt::format("{}:{}:{}", where.file, where.row, where.col); }

/// Notes one by one, or in one line for each reason that many share.
void tell_notes(Context& context, const std::vector<run::PinReport>& reports) {
  const bool shows_all = context.globals().verbose > 0;
  for (const run::NoteGroup& group : run::group_notes(reports)) {
    const bool is_grouped = !shows_all && group.notes.size() > kFewNotes;
    for (const run::PinNote* note : group.notes) {
      if (!is_grouped) context.note(fmt::format("{}: {}", place_of(note->where), note->message()));
    }
    if (is_grouped) {
      context.note(fmt::format("{} references or files in {} file{}: {} (first: {}; --verbose lists them)",
                               group.notes.size(), group.files, group.files == 1 ? "" : "s", group.reason,
                               place_of(group.notes.front()->where)));
    }
  }
}

void tell_changes(Context& context, const std::vector<run::PinReport>& reports) {
  std::string lines;
  for (const run::PinReport& report : reports) {
    for (const run::PinChange& change : report.changes) {
      fmt::format_to(std::back_inserter(lines), "{}{}:{}: {} -> {}", lines.empty() ? "" : "\n", report.file,
                     change.where.row, change.before, change.after);
    }
  }
  if (!lines.empty()) context.note(lines);
}

std::optional<std::string> digest_in(const std::string& reference) {
  const std::size_t at = reference.find('@');
  return at == std::string::npos ? std::nullopt : std::optional(reference.substr(at + 1));
}

Json changes_json(const run::PinReport& report) {
  Json::Array changes;
  for (const run::PinChange& change : report.changes) {
    Json row;
    row.set("line", change.where.row).set("role", change.role).set("before", change.before);
    row.set("after", change.after);
    if (const auto digest = digest_in(change.before)) row.set("digestBefore", *digest);
    if (const auto digest = digest_in(change.after)) row.set("digestAfter", *digest);
    if (!change.policy.empty()) row.set("policy", change.policy);
    changes.push_back(std::move(row));
  }
  return changes;
}

Json notes_json(const run::PinReport& report) {
  Json::Array notes;
  for (const run::PinNote& note : report.notes) {
    Json row;
    row.set("line", note.where.row).set("message", note.message());
    row.set("unpinned", static_cast<std::int64_t>(note.unpinned));
    notes.push_back(std::move(row));
  }
  return notes;
}

Json errors_json(const run::PinReport& report) {
  Json::Array errors;
  for (const Error& failure : report.errors) {
    Json row;
    row.set("line", failure.where ? failure.where->row : 0).set("code", name_of(failure.code));
    row.set("message", failure.message);
    errors.push_back(std::move(row));
  }
  return errors;
}

Json pin_json(const std::vector<run::PinReport>& reports, const Totals& totals) {
  Json::Array files;
  for (const run::PinReport& report : reports) {
    Json file;
    file.set("file", report.file).set("changed", report.changed()).set("changes", changes_json(report));
    file.set("format", report.format).set("notes", notes_json(report)).set("errors", errors_json(report));
    files.push_back(std::move(file));
  }
  Json document;
  document.set("schema", "slipway/v1/pin").set("files", std::move(files));
  document.set("seen", static_cast<std::int64_t>(totals.seen)).set("pinned", static_cast<std::int64_t>(totals.pinned));
  document.set("toChange", static_cast<std::int64_t>(totals.changed));
  document.set("leftAlone", static_cast<std::int64_t>(totals.left_alone));
  document.set("unresolved", static_cast<std::int64_t>(totals.unresolved));
  return document;
}

/// Reads what the words name and pins it.
Result<std::vector<run::PinReport>> plan(Context& context, const PinFlags& f, const run::Resolver& resolver) {
  SLIPWAY_ASSIGN(const PinSettings settings, load_pin_settings(context));
  SLIPWAY_ASSIGN(const run::PinOptions options, options_of(context, f, settings));
  if (f.files.size() == 1 && f.files[0] == kStandardInput)
    return std::vector{run::pin_text(context.surroundings().read_in(), f.files[0], resolver, options)};
  std::vector<std::string> words;
  for (const std::string& file : f.files) {
    if (file == kStandardInput)
      return fail(error(Errc::invalid_argument, "- cannot be given with other files")
                      .with_hint("run: slipway pin - for standard input, and slipway pin FILE... for the files"));
    const bool as_typed = stdfs::path(file).is_absolute();
    const stdfs::path near = context.absolute(file).lexically_proximate(context.surroundings().directory);
    words.push_back(as_typed ? file : near.string());
  }
  std::vector<std::string> exclude = settings.exclude;
  exclude.insert(exclude.end(), f.exclude.begin(), f.exclude.end());
  SLIPWAY_ASSIGN(run::FoundFiles found, run::look_for_files(context.fs(), words, exclude));
  std::vector<run::PinReport> reports = run::plan_pins(context.fs(), found.files, resolver, options);
  std::move(found.faults.begin(), found.faults.end(), std::back_inserter(reports));
  return reports;
}

std::vector<Error> errors_of(const std::vector<run::PinReport>& reports) {
  std::vector<Error> errors;
  for (const run::PinReport& report : reports)
    errors.insert(errors.end(), report.errors.begin(), report.errors.end());
  return errors;
}

Status write_sarif(Context& context, const std::string& file, const std::vector<run::PinReport>& reports) {
  return write_file_atomically(context.fs(), context.absolute(file), run::sarif_of(reports).pretty() + "\n");
}

/// Prints the result: the text of standard input, diffs of a check, or the names of the changed files.
Status print_reports(Context& context, const PinFlags& f, const std::vector<run::PinReport>& reports, bool written) {
  const Totals totals = totals_of(reports);
  tell_notes(context, reports);
  tell_changes(context, reports);
  context.note(totals.str(written && !context.globals().dry_run));
  if (f.sarif) SLIPWAY_TRY(write_sarif(context, *f.sarif, reports));
  if (context.json()) return context.print_document(pin_json(reports, totals));
  if (f.explain) return context.print_raw(explain_pins(context, reports));
  std::string names;
  for (const run::PinReport& report : reports) {
    if (f.check) {
      SLIPWAY_TRY(context.print_raw(run::diff_of(report)));
    } else if (report.file == kStandardInput) {
      SLIPWAY_TRY(context.print_raw(report.after));
    } else if (report.changed() && written) {
      names += printable(report.file, std::string::npos) + "\n";
    }
  }
  return names.empty() ? Status() : context.print_raw(names);
}

Status write_reports(Context& context, const PinFlags& f, const std::vector<run::PinReport>& reports,
                     const image::Lock& lock, const std::string& locked) {
  if (f.files[0] != kStandardInput) SLIPWAY_TRY(run::write_pins(context.fs(), reports));
  if (f.lock && lock.serialize() != locked) return lock.write(context.fs(), context.absolute(*f.lock));
  return {};
}

/// Refuses options that need another one.
Status check_flags(const PinFlags& f) {
  const bool is_input = f.files.size() == 1 && f.files[0] == kStandardInput;
  if ((f.branch || f.push) && !f.commit) {
    return fail(error(Errc::invalid_argument, "--branch and --push need --commit")
                    .with_hint("run: slipway pin --commit FILE..."));
  }
  if (f.explain && is_input)
    return fail(error(Errc::invalid_argument, "--explain cannot be combined with standard input")
                    .with_hint("name the file: slipway pin --explain FILE"));
  if (f.commit && (f.check || is_input))
    return fail(error(Errc::invalid_argument, "--commit cannot be combined with --check or standard input")
                    .with_hint("run: slipway pin --commit FILE..., or leave out --commit"));
  return {};
}

Result<int> run_pin(Context& context, const PinFlags& f) {
  SLIPWAY_TRY(check_flags(f));
  image::Lock lock;
  if (f.lock) {
    SLIPWAY_ASSIGN(lock, image::Lock::read(context.fs(), context.absolute(*f.lock)));
  }
  const std::string locked = lock.serialize();
  AllNamed named;
  SLIPWAY_ASSIGN(const run::Resolver resolver, resolver_of(context, f, f.lock ? &lock : nullptr, named));
  SLIPWAY_ASSIGN(const auto reports, plan(context, f, resolver));
  std::vector<Error> errors = errors_of(reports);
  const bool keeps_files = f.check || (f.atomic && !errors.empty());
  const bool writes = !keeps_files && !context.globals().dry_run;
  const PinCommit commit{.branch = f.branch, .push = f.push};
  if (writes && f.commit) SLIPWAY_TRY(check_commit(context, reports, commit));
  if (writes) SLIPWAY_TRY(write_reports(context, f, reports, lock, locked));
  SLIPWAY_TRY(print_reports(context, f, reports, !keeps_files));
  const bool are_found = tell_unnamed(context, named);
  if (writes && f.commit) SLIPWAY_TRY(commit_pins(context, reports, commit));
  if (!errors.empty()) return fail(combine(std::move(errors)));
  const Totals totals = totals_of(reports);
  if (f.strict && !totals.all_pinned()) return kDiffers;
  return f.check && (totals.changed > 0 || !are_found) ? kDiffers : 0;
}

void bind_selection(OptionSet& options, PinFlags& f) {
  options.positionals(
      "FILE", f.files,
      "files, folders or patterns, or - for standard input: Kubernetes and many custom resources, kustomize, "
      "Helm "
      "values, compose, Dockerfile, quadlet, systemd, devcontainer.json, skaffold and pipelines of GitHub, "
      "GitLab, CircleCI, Bitbucket, Woodpecker, Azure, Cloud Build, Tekton, Argo and Nomad");
  options.value("--env", "ENV[@vN]", f.environment, "pin references to the app to this environment's release");
  options.list("--image", "NAME=REF", f.images, "pin references to NAME to REF, by digest (repeatable)");
  options.value("--lock", "FILE", f.lock, "take digests from this lock file, and add those that it lacks");
  options.list("--update", "NAME", f.update,
               "ask the registry again for references to NAME; * means all (repeatable); their tags move by the "
               "policies of slipway.yaml and of comments beside them");
  options.list("--crd", "KIND[.GROUP]=PATH", f.custom,
               "look for pods or images at PATH of a custom resource, e.g. Rollout=spec.template.spec (repeatable)");
}

void bind_results(OptionSet& options, PinFlags& f) {
  options.flag("--explain", f.explain,
               "print Markdown for a pull request that compares old and new images: labels, packages, size, layers");
  options.flag("--check", f.check,
               "print the diff without changing files; exit with 10 if there is one, or if nothing names what --env or "
               "--image pins");
  options.flag("--strict", f.strict, "exit with 10 if anything that looks like an image reference is not pinned");
  options.flag("--atomic", f.atomic, "change no file if anything cannot be read or resolved");
  options.list("--exclude", "GLOB", f.exclude, "skip files below a folder, as .slipwayignore does (repeatable)");
  options.list("--format", "NAME=GLOB", f.formats,
               "read files that match as this format, e.g. gitlab-ci=ci/*.yml (repeatable)");
  options.choice("--helm", f.helm, {"auto", "digest", "tag"},
                 "put digests of Helm values where the chart reads them, under a digest key, or behind the tag "
                 "(default: auto)");
  options.flag("--commit", f.commit, "commit the changed files, and nothing else, with git");
  options.value("--branch", "NAME", f.branch, "create this branch for the commit (default: the current one)");
  options.flag("--push", f.push, "push the branch, and print the address that opens a pull request");
  options.value("--sarif", "FILE", f.sarif, "write the findings to FILE for code-scanning views");
}

}  // namespace

Command pin_command() {
  return {
      .name = "pin",
      .aliases = {},
      .summary = "replace image tags in files by digests",
      .description =
          "Finds image references in Kubernetes, kustomize, Helm, compose, Dockerfile, quadlet, systemd and CI files "
          "and adds the digest to each: name:tag becomes name:tag@sha256:... Every other byte of the file stays. A "
          "file "
          "that cannot be read, or a reference that cannot be resolved, is reported and does not stop the others.",
      .synopsis = "[OPTIONS] FILE...",
      .examples = {{"to the active release of production", "slipway pin --env production deploy/kubernetes.yaml"},
                   {"in CI: fail when a file is not pinned",
                    "slipway pin --env production --check deploy/kubernetes.yaml"},
                   {"in CI: fail when any image is not pinned", "slipway pin --check --strict --sarif pin.sarif ."},
                   {"everything below a folder, digests kept in a lock file", "slipway pin --lock images.lock deploy/"},
                   {"newer digests and tags, with what they mean for a pull request",
                    "slipway pin --lock images.lock --update '*' --explain deploy/"},
                   {"another image", "slipway pin --image nginx=docker.io/library/nginx:1.27 deploy/kubernetes.yaml"}},
      .statuses = {{10,
                    "with --check: a file would change, or no reference names what --env or --image pins; with "
                    "--strict: an image is not pinned"}},
      .see_also = {"export", "drift"},
      .bind = [](OptionSet& options) -> Action {
        auto flags = std::make_shared<PinFlags>();
        bind_selection(options, *flags);
        bind_results(options, *flags);
        return [flags](Context& context) { return run_pin(context, *flags); };
      }};
}

}  // namespace slipway::cli
