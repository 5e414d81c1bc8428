#include <functional>

#include "cli/command.h"
#include "cli/next_step.h"
#include "cli/project.h"
#include "cli/streams.h"
#include "slipway/base/clock.h"
#include "slipway/base/text.h"
#include "slipway/builder/last_build.h"
#include "slipway/builder/local_images.h"
#include "slipway/io/hash.h"
#include "slipway/release/apply.h"
#include "slipway/release/plan_checks.h"
#include "slipway/release/views.h"

namespace slipway::cli {
namespace {

struct ReleaseFlags {
  std::string environment, other;
  std::optional<std::string> reference, plan_file, reason, bypass, wait, replaces, after_rollback;
  bool same_build = false, to_previous = false, adopt = false, relocate = false;
};

/// "v3" after a flag; nothing where the flag is not given.
Result<std::optional<std::int64_t>> number_of(const std::optional<std::string>& word, std::string_view flag) {
  if (!word) return std::optional<std::int64_t>();
  const auto number = word->starts_with('v') ? parse_whole<std::int64_t>(std::string_view(*word).substr(1))
                                             : std::optional<std::int64_t>();
  if (number && *number > 0) return number;
  return fail(error(Errc::invalid_argument, "{} takes a release, not \"{}\"", flag, printable(*word, 80))
                  .with_hint(fmt::format("write {} vN, for example {} v3", flag, flag)));
}

Result<release::Remarks> remarks_of(const ReleaseFlags& f) {
  if (f.bypass && release::names_rules(*f.bypass) && !f.reason) {
    return fail(error(Errc::invalid_argument, "--bypass {} names rules and needs a reason", *f.bypass)
                    .with_hint(fmt::format("add a reason: --bypass {} --reason TEXT", shell_word(*f.bypass))));
  }
  release::Remarks remarks{f.reason.value_or(""), f.bypass.value_or(""), f.relocate, f.adopt};
  SLIPWAY_ASSIGN(remarks.replaces, number_of(f.replaces, "--replaces"));
  SLIPWAY_ASSIGN(remarks.after_rollback, number_of(f.after_rollback, "--after-rollback"));
  return remarks;
}

void bind_remarks(OptionSet& options, ReleaseFlags& f) {
  options.value("--plan", "FILE", f.plan_file,
                "write the plan to FILE (- for standard output) and change nothing; see slipway apply");
  options.value("--reason", "TEXT", f.reason, "record why, for history");
  options.value(
      "--bypass", "RULES|REASON", f.bypass,
      "release although these rules (soak, freeze, after, ...) forbid it, with --reason; a text that names no "
      "rules covers soak, freeze, after, approvals and a hold; recorded and shown from then on");
  options.command_line_only();
  options.value("--wait", "DURATION", f.wait,
                "wait for other writers of the environment, and try again after a lost race (default: do not wait)");
}

Json release_json(const release::Recorded& recorded, const oci::Location& location, bool changed) {
  Json row = release::history_row(recorded, true);
  Json document;
  document.set("schema", "slipway/v1/release").set("app", recorded.entry.app);
  document.set("environment", recorded.entry.environment).set("location", location.str());
  document.set("changed", changed);
  for (const auto& [key, value] : *row.object())
    document.set(key, value);
  return document;
}

Result<int> print_release(Context& context, const release::Recorded& recorded, const oci::Location& location,
                          bool changed) {
  const oci::Location shown = context.shown(location);
  if (context.json()) {
    SLIPWAY_TRY(context.print_document(release_json(recorded, shown, changed)));
  } else {
    SLIPWAY_TRY(context.print(shown.str()));
  }
  return 0;
}

/// The release as it will be recorded: a plan holds the whole entry, so its id is known before it is written.
Result<int> print_planned(Context& context, const release::Planned& planned, release::Ledger& ledger) {
  const release::Plan& plan = planned.plan;
  if (!plan.changed) {
    SLIPWAY_ASSIGN(const auto head, ledger.head(plan.entry.app, plan.entry.environment));
    if (head) return print_release(context, *head, plan.location(), false);
  }
  SLIPWAY_ASSIGN(std::string bytes, plan.entry.canonical());
  Digest id = io::digest_of(bytes);
  const release::Recorded recorded{plan.entry, std::move(id), std::move(bytes)};
  if (!context.json()) return print_release(context, recorded, plan.location(), plan.changed);
  Json document = release_json(recorded, context.shown(plan.location()), plan.changed);
  Json::Array reasons;
  for (const release::Reason& reason : planned.not_yet) {
    reasons.push_back(Json()
                          .set("rule", release::name_of(reason.rule))
                          .set("text", reason.text)
                          .set("retryAfter", format_time(*reason.until)));
  }
  document.set("verdict", Json().set("allowed", planned.not_yet.empty()).set("reasons", std::move(reasons)));
  SLIPWAY_TRY(context.print_document(document));
  return 0;
}

/// Keeps the blobs in .slipway/images that a stored plan will copy, until it expires. Best effort: applying says what
/// is missing.
void keep_planned(Context& context, const release::Plan& plan, const stdfs::path& state_folder) {
  constexpr std::int64_t kMonth = 30 * 86'400;
  for (const oci::Location& source : plan.sources) {
    if (source.transport() != oci::Transport::layout || stdfs::path(source.path()) != state_folder / "images") continue;
    const auto target = context.opener().open_for_reading(source, Side::source);
    const auto blobs = target ? builder::blobs_of(**target, plan.build) : fail(target.error());
    const std::int64_t end = plan.expires != 0 ? plan.expires : context.surroundings().clock->now() + kMonth;
    if (!blobs) continue;
    const Status kept =
        builder::keep_blobs(context.fs(), state_folder, "plan." + plan.build.digest.short_hex(), *blobs, end);
    if (!kept) context.warn("cannot keep the plan's image from being pruned: " + kept.error().message);
  }
}

void note_plan(Context& context, const release::Plan& plan) {
  context.note(plan.describe());
  if (plan.changed) context.note(fmt::format("the plan expires at {}", format_time(plan.expires)));
}

/// Writes the plan, or shows it, or applies it: as the flags say.
Result<int> carry_out(Context& context, const release::Planned& planned, release::Ledger& ledger,
                      const release::ReleaseServices& services, const std::optional<std::string>& plan_file) {
  const release::Plan& plan = planned.plan;
  for (const Error& warning : planned.warnings)
    context.warn(warning.describe());
  if (plan_file) {
    SLIPWAY_ASSIGN(const std::string text, plan.canonical());
    if (plan_file == "-") {
      SLIPWAY_TRY(context.print_raw(text + "\n"));
      note_plan(context, plan);
      return 0;
    }
    if (!context.globals().dry_run)
      SLIPWAY_TRY(write_file_atomically(context.fs(), context.absolute(*plan_file), text + "\n"));
    if (!context.globals().dry_run) keep_planned(context, plan, services.state_folder);
  }
  if (plan_file || context.globals().dry_run) {
    plan_file ? note_plan(context, plan) : context.note(plan.describe());
    SLIPWAY_ASSIGN(const auto missing, release::missing_approvals(plan, ledger));
    for (const std::string& approval : missing)
      context.note(approval);
    for (const release::Reason& reason : planned.not_yet)
      context.note(fmt::format("not yet, at the earliest {}: {}", format_time(*reason.until), reason.text));
    return print_planned(context, planned, ledger);
  }
  SLIPWAY_ASSIGN(const release::Recorded recorded, release::apply(planned, ledger, services));
  if (plan.changed && plan.entry.kind == release::Kind::promote && planned.replaces) {
    const release::Entry& before = planned.replaces->entry;
    context.note(fmt::format("{} v{} ({}, build {}) is replaced", before.environment, before.number,
                             name_of(before.kind), before.build.digest.short_hex()));
  }
  context.note(plan.changed
                   ? fmt::format("{} {} is now v{}", plan.entry.app, plan.entry.environment, recorded.entry.number)
                   : plan.describe());
  return print_release(context, recorded, plan.location(), plan.changed);
}

using Planning = std::function<Result<release::Planned>(release::Ledger&, const release::ReleaseServices&)>;

Result<int> plan_once(Context& context, const ProjectServices& services, const ReleaseFlags& f,
                      const Planning& planning) {
  release::Ledger ledger = services.ledger();
  SLIPWAY_ASSIGN(const release::Planned planned, planning(ledger, services.get()));
  return carry_out(context, planned, ledger, services.get(), f.plan_file);
}

/// The turn that this run holds already.
class HeldTurn final : public release::Sequencer {
 public:
  Result<std::unique_ptr<release::Turn>> take(const std::string&, const std::string&) override {
    return std::make_unique<release::Turn>();
  }
};

/// A lost race is tried again only where nothing is undone by it: the new release has the plan's build, or the very
/// build that the plan replaces.
bool may_try_again(const release::Planned& planned, const std::optional<release::Recorded>& head) {
  if (!head) return false;
  const Digest& now = head->entry.build.digest;
  return now == planned.plan.entry.build.digest || (planned.replaces && now == planned.replaces->entry.build.digest);
}

/// Waits for the environment's turn, then plans; a plan made while others write would be stale at once.
Result<std::unique_ptr<release::Turn>> take_turn(const ProjectServices& services, const std::string& app,
                                                 const std::string& environment, std::chrono::milliseconds deadline) {
  for (;;) {
    auto turn = services.get().sequencer->take(app, environment);
    const bool held = !turn && turn.error().code == Errc::conflict;
    if (!held || services.get().clock->monotonic() >= deadline) return turn;
  }
}

Result<int> plan_and_carry_out(Context& context, const Loaded& loaded, const ReleaseFlags& f,
                               const std::string& environment, const Planning& planning) {
  const ProjectServices services(context, loaded);
  if (!f.wait) return plan_once(context, services, f, planning);
  SLIPWAY_ASSIGN(const std::int64_t patience, release::parse_duration(*f.wait));
  Clock& clock = *services.get().clock;
  const auto deadline = clock.monotonic() + std::chrono::seconds(patience);
  SLIPWAY_ASSIGN(const auto turn, take_turn(services, loaded.project.app, environment, deadline));
  HeldTurn held;
  release::ReleaseServices ours = services.get();
  ours.sequencer = &held;
  for (;;) {
    release::Ledger ledger = services.ledger();
    SLIPWAY_ASSIGN(const release::Planned planned, planning(ledger, ours));
    auto done = carry_out(context, planned, ledger, ours, f.plan_file);
    if (done || done.error().code != Errc::conflict || clock.monotonic() >= deadline) return done;
    ledger.refresh();
    SLIPWAY_ASSIGN(const auto head, ledger.head(loaded.project.app, environment));
    if (!may_try_again(planned, head)) return done;
    SLIPWAY_TRY(clock.sleep(std::chrono::seconds(1), context.stop()));
  }
}

/// The last build's place that needs the fewest bytes to move.
Result<oci::Location> last_build(const Context& context, const Loaded& loaded,
                                 const release::Environment& environment) {
  const auto record = builder::read_last_build(context.fs(), loaded.state_folder(), loaded.project.app);
  if (!record && record.error().code == Errc::not_found) {
    return fail(
        Error(Errc::invalid_argument,
              fmt::format("no build of {} is recorded here and no REF was given", loaded.project.app))
            .with_hint(fmt::format("name one: slipway release {0} REF, or keep the active one: slipway release {0} "
                                   "--same-build",
                                   environment.name)));
  }
  SLIPWAY_TRY(record);
  for (const oci::Location& location : record->locations) {
    if (location.same_place(environment.repository)) return location.with_digest(record->digest);
  }
  for (const oci::Location& location : record->locations) {
    if (location.is_registry() == environment.repository.is_registry()) return location.with_digest(record->digest);
  }
  return record->locations.front().with_digest(record->digest);
}

Result<int> run_release(Context& context, const ReleaseFlags& f) {
  if (f.same_build && f.reference)
    return fail(error(Errc::invalid_argument, "--same-build keeps the active build: it takes no REF")
                    .with_hint(fmt::format("run: slipway release {} --same-build", f.environment)));
  if (f.relocate && (f.same_build || f.adopt || f.reference)) {
    return fail(
        error(Errc::invalid_argument, "--relocate moves the active release: it takes no REF, --same-build or --adopt")
            .with_hint(fmt::format("run: slipway release {} --relocate", f.environment)));
  }
  if (f.same_build && f.adopt)
    return fail(error(Errc::invalid_argument, "--same-build and --adopt exclude each other")
                    .with_hint(fmt::format("run: slipway release {0} --same-build, or slipway release {0} REF --adopt",
                                           f.environment)));
  SLIPWAY_ASSIGN(const Loaded loaded, require_project(context));
  SLIPWAY_ASSIGN(const auto* environment, loaded.project.require(f.environment));
  std::optional<oci::Location> build;
  if (f.reference) {
    SLIPWAY_ASSIGN(build, readable(context, *f.reference));
  } else if (!f.same_build && !f.adopt && !f.relocate) {
    SLIPWAY_ASSIGN(build, last_build(context, loaded, *environment));
  }
  SLIPWAY_ASSIGN(const release::Remarks remarks, remarks_of(f));
  return plan_and_carry_out(
      context, loaded, f, environment->name, [&](release::Ledger& ledger, const release::ReleaseServices& services) {
        return release::plan_release({loaded.project, *environment, remarks}, build, ledger, services);
      });
}

Result<int> run_promote(Context& context, const ReleaseFlags& f) {
  SLIPWAY_ASSIGN(const Loaded loaded, require_project(context));
  SLIPWAY_ASSIGN(const auto* from, loaded.project.require(f.environment));
  SLIPWAY_ASSIGN(const auto* to, loaded.project.require(f.other));
  SLIPWAY_ASSIGN(const release::Remarks remarks, remarks_of(f));
  return plan_and_carry_out(context, loaded, f, to->name,
                            [&](release::Ledger& ledger, const release::ReleaseServices& services) {
                              return release::plan_promote({loaded.project, *to, remarks}, *from, ledger, services);
                            });
}

Result<int> run_rollback(Context& context, const ReleaseFlags& f) {
  SLIPWAY_ASSIGN(const Loaded loaded, require_project(context));
  SLIPWAY_ASSIGN(const auto* environment, loaded.project.require(f.environment));
  release::RollbackTarget target{.number = std::nullopt, .previous = f.to_previous};
  if (f.reference) {
    SLIPWAY_ASSIGN(const auto word, environment_word(loaded.project, f.environment + "@" + *f.reference));
    target.number = word.number;
  }
  if (target.number && f.to_previous)
    return fail(error(Errc::invalid_argument, "--to-previous goes one release back: it takes no vN")
                    .with_hint(fmt::format("run: slipway rollback {0} --to-previous, or slipway rollback {0} vN",
                                           f.environment)));
  SLIPWAY_ASSIGN(const release::Remarks remarks, remarks_of(f));
  return plan_and_carry_out(
      context, loaded, f, environment->name, [&](release::Ledger& ledger, const release::ReleaseServices& services) {
        return release::plan_rollback({loaded.project, *environment, remarks}, target, ledger, services);
      });
}

Result<int> run_apply(Context& context, const std::string& file) {
  SLIPWAY_ASSIGN(const Loaded loaded, require_project(context));
  SLIPWAY_ASSIGN(const std::string text, read_input(context, file, 4u << 20));
  SLIPWAY_ASSIGN(release::Plan plan, release::Plan::parse(text));
  SLIPWAY_TRY(release::require_current(plan, loaded.project));
  const ProjectServices services(context, loaded);
  release::Ledger ledger = services.ledger();
  const release::Planned planned{.plan = std::move(plan), .stored = true};
  return carry_out(context, planned, ledger, services.get(), std::nullopt);
}

}  // namespace

Command release_command() {
  return {
      .name = "release",
      .aliases = {},
      .summary = "release a build to an environment, with its config",
      .description =
          "Binds a build to the environment's config of today as its next release: copies the image, records the entry "
          "in the ledger and moves the environment's tag last. The build's digest stays the same. Nothing is rebuilt, "
          "and a tag that somebody else moved is never overwritten.",
      .synopsis = "[OPTIONS] ENV [REF | --same-build | --adopt | --relocate]",
      .examples = {{"the last build, to staging", "slipway release staging"},
                   {"a build by its digest", "slipway release staging registry.example.com/team/app@sha256:..."},
                   {"an image that somebody put there by hand", "slipway release production --adopt"},
                   {"after 'repository' changed in slipway.yaml", "slipway release production --relocate"},
                   {"a change of config alone", "slipway release production --same-build --reason 'raise the limit'"}},
      .statuses = {{11, "a rule, a hold or a denied digest forbids it"},
                   {16, "somebody else released first, or the tag was moved"}},
      .see_also = {"promote", "rollback", "status", "apply"},
      .bind = [](OptionSet& options) -> Action {
        auto flags = std::make_shared<ReleaseFlags>();
        options.positional("ENV", flags->environment, "an environment of slipway.yaml");
        options.optional_positional("REF", flags->reference, "the build to release (default: the last one made here)");
        options.flag("--same-build", flags->same_build, "keep the active build and release today's config");
        options.flag("--adopt", flags->adopt,
                     "record the image that the environment's tag names already; no tag moves");
        options.flag("--relocate", flags->relocate,
                     "bring the active release, as it is, to the repository that slipway.yaml names now");
        bind_remarks(options, *flags);
        return [flags](Context& context) { return run_release(context, *flags); };
      }};
}

Command promote_command() {
  return {.name = "promote",
          .aliases = {},
          .summary = "release to one environment what is active in another",
          .description =
              "Releases to TO the build that is active in FROM, taken from FROM's ledger entry and never from its tag, "
              "with TO's config. Blobs are mounted or copied; nothing is rebuilt.",
          .synopsis = "[OPTIONS] FROM TO",
          .examples = {{"the very same digest, to production", "slipway promote staging production"},
                       {"look first", "slipway promote staging production --dry-run"}},
          .statuses = {{11, "a rule, a hold or a denied digest forbids it"},
                       {16, "somebody else released first, or the tag was moved"}},
          .see_also = {"release", "rollback", "diff", "approve"},
          .bind = [](OptionSet& options) -> Action {
            auto flags = std::make_shared<ReleaseFlags>();
            options.positional("FROM", flags->environment, "the environment whose active build is released");
            options.value("--replaces", "vN", flags->replaces, "replace vN although it was released with a bypass");
            options.value("--after-rollback", "vN", flags->after_rollback,
                          "bring back the build that the rollback vN went back from");
            options.positional("TO", flags->other, "the environment that gets it");
            bind_remarks(options, *flags);
            return [flags](Context& context) { return run_promote(context, *flags); };
          }};
}

Command rollback_command() {
  return {.name = "rollback",
          .aliases = {},
          .summary = "release an earlier release again",
          .description =
              "Makes a new release with the build and config of an earlier one: by default the newest that differs "
              "from the active one and was not rolled back from. Holds the environment until unhold, so that the next "
              "promotion does not undo it.",
          .synopsis = "[OPTIONS] ENV [vN]",
          .examples = {{"the newest good one before this", "slipway rollback production --reason 'errors since v8'"},
                       {"a certain one", "slipway rollback production v5"}},
          .statuses = {{13, "the release does not exist, or its image is gone"},
                       {16, "somebody else released first, or the tag was moved"}},
          .see_also = {"history", "hold", "release"},
          .bind = [](OptionSet& options) -> Action {
            auto flags = std::make_shared<ReleaseFlags>();
            options.positional("ENV", flags->environment, "an environment of slipway.yaml");
            options.optional_positional("vN", flags->reference,
                                        "the release to go back to (default: the newest good one)");
            options.flag("--to-previous", flags->to_previous,
                         "go back to the release before the active one, whatever it was");
            bind_remarks(options, *flags);
            return [flags](Context& context) { return run_rollback(context, *flags); };
          }};
}

Command apply_command() {
  return {
      .name = "apply",
      .aliases = {},
      .summary = "carry out a plan written by --plan",
      .description =
          "Carries out the plan in a file and nothing else. A plan is refused when the environment has changed since "
          "it was written; the rules are checked again.",
      .synopsis = "PLAN",
      .examples = {{"plan now, apply after review",
                    "slipway promote staging production --plan p.json && slipway apply p.json"},
                   {"see what it would do", "slipway apply p.json --dry-run"}},
      .statuses = {{11, "a rule or a hold forbids it now"}, {12, "the plan was changed"}, {16, "the plan is stale"}},
      .see_also = {"release", "promote", "approve"},
      .bind = [](OptionSet& options) -> Action {
        auto file = std::make_shared<std::string>();
        options.positional("PLAN", *file, "a file written by --plan, or - for standard input");
        return [file](Context& context) { return run_apply(context, *file); };
      }};
}

}  // namespace slipway::cli
