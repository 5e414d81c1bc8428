#include <algorithm>
#include <limits>

#include "cli/command.h"
#include "cli/project.h"
#include "cli/retire_builds.h"
#include "cli/streams.h"
#include "cli/text_layout.h"
#include "slipway/base/text.h"
#include "slipway/io/hash.h"
#include "slipway/release/plan_checks.h"
#include "slipway/release/planning.h"
#include "slipway/release/retire.h"

namespace slipway::cli {
namespace {

using release::Event;
using release::EventKind;

/// An absent --keep: any number that is given is at least 1, which the parser checks.
constexpr int kNotGiven = std::numeric_limits<int>::max();

struct EventFlags {
  std::string word;
  std::optional<std::string> reason;
  int keep = kNotGiven;  ///< retire
};

/// An event of today, by whoever runs this.
Result<Event> new_event(const Loaded& loaded, const std::string& environment, EventKind kind, const EventFlags& f,
                        release::Ledger& ledger, const release::ReleaseServices& services) {
  Event event;
  event.app = loaded.project.app;
  event.environment = environment;
  event.kind = kind;
  ledger.require_everything_seen();
  SLIPWAY_ASSIGN(const auto head, ledger.head(event.app, environment));
  if (head) event.entry = head->id;
  event.actor = services.actor.name;
  event.reason = f.reason.value_or("");
  event.time = services.clock->now();
  event.tool = services.tool;
  return event;
}

/// Records the event; `said` is what it means, for people.
Result<int> record(Context& context, release::Ledger& ledger, Event event, const std::string& said) {
  if (!context.globals().dry_run) {
    SLIPWAY_ASSIGN(event, release::EventLog(ledger).append(std::move(event)));
  }
  context.note(said);
  SLIPWAY_ASSIGN(const std::string bytes, event.canonical());
  const Digest id = io::digest_of(bytes);
  const std::string& output = context.globals().output;
  if (!context.json() || output == "name" || output == "digest") {
    SLIPWAY_TRY(context.print(
        output == "digest" ? id.str() : context.shown(ledger.location().with_tag(event_tag(event, id))).str()));
    return 0;
  }
  SLIPWAY_ASSIGN(const Json document, Json::parse(bytes, "event"));
  SLIPWAY_TRY(context.print_document(document));
  return 0;
}

Result<int> run_hold(Context& context, const EventFlags& f, EventKind kind) {
  SLIPWAY_ASSIGN(const Loaded loaded, require_project(context));
  SLIPWAY_ASSIGN(const auto* environment, loaded.project.require(f.word));
  const ProjectServices services(context, loaded);
  release::Ledger ledger = services.ledger();
  SLIPWAY_ASSIGN(const auto events, release::EventLog(ledger).read(loaded.project.app, environment->name));
  SLIPWAY_ASSIGN(const auto head, ledger.head(loaded.project.app, environment->name));
  const auto held = release::hold_of(events, head ? &*head : nullptr);
  if (kind == EventKind::unhold && !held) {
    context.note(fmt::format("{} is not held: nothing to do", environment->name));
    return 0;
  }
  SLIPWAY_ASSIGN(Event event, new_event(loaded, environment->name, kind, f, ledger, services.get()));
  const std::string said =
      kind == EventKind::hold
          ? fmt::format("{0} is held: only rollbacks are released there until slipway unhold {0}", environment->name)
          : fmt::format("the hold of {} is lifted", environment->name);
  return record(context, ledger, std::move(event), said);
}

/// The plan in a file, or what a promotion to an environment would do now.
Result<release::Planned> plan_to_approve(Context& context, const Loaded& loaded, const std::string& word,
                                         release::Ledger& ledger, const release::ReleaseServices& services) {
  const release::Environment* const to = loaded.project.find(word);
  if (to == nullptr) {
    auto text = read_input(context, word, 4u << 20);
    if (!text) {
      return fail(std::move(text).error().with_hint(
          fmt::format("name a file written by --plan, or an environment: slipway approve {}",
                      loaded.project.environments.empty() ? "ENV" : loaded.project.environments.back().name)));
    }
    SLIPWAY_ASSIGN(release::Plan plan, release::Plan::parse(*text));
    SLIPWAY_TRY(release::require_current(plan, loaded.project));
    return release::Planned{.plan = std::move(plan), .stored = true};
  }
  if (to->after.size() != 1) {
    return fail(
        Error(
            Errc::invalid_argument,
            fmt::format("{} does not come after exactly one environment, so it does not say which promotion to approve"
                        "",
                        to->name))
            .with_hint(fmt::format(
                "write the plan and approve that: slipway release {} REF --plan FILE, then: slipway approve FILE",
                to->name)));
  }
  SLIPWAY_ASSIGN(const auto* from, loaded.project.require(to->after.front()));
  return release::plan_promote({loaded.project, *to}, *from, ledger, services);
}

Result<int> run_approve(Context& context, const EventFlags& f) {
  SLIPWAY_ASSIGN(const Loaded loaded, require_project(context));
  const ProjectServices services(context, loaded);
  release::Ledger ledger = services.ledger();
  SLIPWAY_ASSIGN(const release::Planned planned, plan_to_approve(context, loaded, f.word, ledger, services.get()));
  const release::Plan& plan = planned.plan;
  const std::string& name = plan.entry.environment;
  if (!plan.changed) {
    context.note(fmt::format("{} runs this build already: nothing to approve", name));
    return 0;
  }
  if (planned.stored && plan.entry.actor == services.get().actor.name) {
    return fail(Error(Errc::policy_denied,
                      fmt::format("{} made this plan and cannot approve it", printable(plan.entry.actor, 100)))
                    .with_hint("ask somebody else; SLIPWAY_ACTOR says who you are"));
  }
  SLIPWAY_ASSIGN(Event event, new_event(loaded, name, EventKind::approve, f, ledger, services.get()));
  SLIPWAY_ASSIGN(event.plan, plan.digest());
  if (planned.stored) {
    SLIPWAY_ASSIGN(event.sealed, plan.seal());
  }
  context.note(plan.describe());
  if (planned.stored) context.note(fmt::format("the plan expires at {}", format_time(plan.expires)));
  // Made before the event is moved: the order in which arguments are evaluated is not specified.
  const std::string said =
      fmt::format("{} approved this plan as v{} of {}", printable(event.actor, 100), plan.entry.number, name);
  return record(context, ledger, std::move(event), said);
}

std::string removal_text(const release::Removal& removal) {
  return fmt::format("{} and {} to delete", counted(removal.tags.size(), "tag"),
                     counted(removal.manifests.size(), "manifest"));
}

/// The ledger says that the releases go before anything goes, and it says so only where deleting is allowed.
Result<int> carry_out(Context& context, const Loaded& loaded, const release::Environment& environment,
                      const release::Retirement& retirement, const EventFlags& f, release::Ledger& ledger,
                      const release::ReleaseServices& services) {
  std::shared_ptr<store::Target> target;
  if (!context.globals().dry_run) {
    SLIPWAY_ASSIGN(target, context.opener().open_for_writing(environment.repository, Side::destination));
    const Status allowed = release::require_deletable(*target);
    if (!allowed) return fail(Error(allowed.error()).in("retiring releases: nothing was recorded, nothing deleted"));
  }
  if (!retirement.numbers.empty()) {
    SLIPWAY_ASSIGN(Event event, new_event(loaded, environment.name, EventKind::retire, f, ledger, services));
    event.numbers = retirement.numbers;
    SLIPWAY_TRY(record(context, ledger, std::move(event),
                       fmt::format("{} of {} retired, {}", counted(retirement.numbers.size(), "release"),
                                   environment.name, removal_text(retirement.removal))));
  }
  if (target != nullptr) SLIPWAY_TRY(release::remove(retirement.removal, *target));
  return 0;
}

Result<int> run_retire(Context& context, const EventFlags& f) {
  SLIPWAY_ASSIGN(const Loaded loaded, require_project(context));
  SLIPWAY_ASSIGN(const auto* environment, loaded.project.require(f.word));
  const ProjectServices services(context, loaded);
  SLIPWAY_ASSIGN(const auto turn, services.get().sequencer->take(loaded.project.app, environment->name));
  release::Ledger ledger = services.ledger();
  SLIPWAY_ASSIGN(const auto retirement,
                 release::plan_retirement(loaded.project, *environment, f.keep, ledger, services.get()));
  if (retirement.numbers.empty() && retirement.removal.tags.empty()) {
    context.note(fmt::format("{} has nothing to retire", environment->name));
    return 0;
  }
  return carry_out(context, loaded, *environment, retirement, f, ledger, services.get());
}

void bind_event(OptionSet& options, EventFlags& f, const char* name, const char* what) {
  options.positional(name, f.word, what);
  options.value("--reason", "TEXT", f.reason, "record why");
  options.command_line_only();
}

template <EventKind kind>
Action bind_hold(OptionSet& options) {
  auto flags = std::make_shared<EventFlags>();
  bind_event(options, *flags, "ENV", "an environment of slipway.yaml");
  return [flags](Context& context) { return run_hold(context, *flags, kind); };
}

}  // namespace

Command approve_command() {
  return {.name = "approve",
          .aliases = {},
          .summary = "approve a plan or the next promotion",
          .description =
              "Records in the ledger that you approve a plan, or the promotion that the environment would get now. The "
              "approval names that plan's digest and holds for nothing else. Releases nothing.",
          .synopsis = "[OPTIONS] PLAN | ENV",
          .examples = {{"what is waiting for production", "slipway approve production --reason 'release meeting'"},
                       {"a plan as it was written", "slipway approve plan.json && slipway apply plan.json"}},
          .statuses = {{11, "you made the plan yourself"}},
          .see_also = {"apply", "promote"},
          .bind = [](OptionSet& options) -> Action {
            auto flags = std::make_shared<EventFlags>();
            bind_event(options, *flags, "PLAN",
                       "a file written by --plan, - for standard input, or an environment of slipway.yaml");
            return [flags](Context& context) { return run_approve(context, *flags); };
          }};
}

namespace {

void bind_builds(OptionSet& options, RetireBuildsFlags& f) {
  options.flag("--builds", f.builds, "give up builds that no ledger needs, instead of releases");
  options.value("--age", "DURATION", f.age, "builds pushed at least so long ago (default: 30d)");
  options.value("--wait", "DURATION", f.wait, "time between the mark of a build and its removal (default: 7d)");
  options.value("--in-use", "FILE", f.in_use, "keep the builds whose digests are anywhere in this file");
  options.flag("--only-ledgers", f.only_ledgers, "nothing but the ledgers of slipway.yaml uses builds");
}

Result<int> run_retire_command(Context& context, const EventFlags& releases, RetireBuildsFlags& builds,
                               const std::optional<std::string>& environment) {
  if (builds.builds && environment)
    return fail(Error(Errc::invalid_argument, "retire --builds takes no environment: builds belong to image.repository")
                    .with_hint("run: slipway retire --builds --only-ledgers"));
  builds.keep = releases.keep == kNotGiven ? 0 : releases.keep;
  if (builds.builds) return run_retire_builds(context, builds);
  if (builds.age || builds.wait || builds.in_use || builds.only_ledgers)
    return fail(Error(Errc::invalid_argument, "--age, --wait, --in-use and --only-ledgers belong to retire --builds")
                    .with_hint("add --builds, or leave them out"));
  if (!environment)
    return fail(Error(Errc::invalid_argument, "retire needs an environment, or --builds")
                    .with_hint("run: slipway retire ENV --keep 20, or slipway retire --builds --only-ledgers"));
  if (releases.keep != kNotGiven) return run_retire(context, releases);
  return fail(Error(Errc::invalid_argument, "retire needs --keep N: the number of releases that stay")
                  .with_hint("run: slipway retire --keep 20 " + *environment));
}

}  // namespace

Command retire_command() {
  return {
      .name = "retire",
      .aliases = {},
      .summary = "give up old releases or builds so that images can be deleted",
      .description =
          "Records in the ledger which releases are given up, and deletes their tags and every image and attachment "
          "that nothing else names. The active release and the newest N stay; ledger entries are never deleted. "
          "Nothing is recorded if the registry does not allow deleting. With --builds it gives up builds of "
          "image.repository that no release needs and no other tag names, by the age in the record that build --push "
          "wrote: the first run marks them, a run after --wait removes them.",
      .synopsis = "[OPTIONS] (--keep N ENV | --builds)",
      .examples = {{"keep the last twenty", "slipway retire production --keep 20"},
                   {"the releases that would be retired", "slipway retire production --keep 20 --dry-run"},
                   {"builds that nobody needs", "slipway retire --builds --age 60d --in-use pods.txt"}},
      .see_also = {"history", "delete"},
      .bind = [](OptionSet& options) -> Action {
        auto flags = std::make_shared<EventFlags>();
        auto builds = std::make_shared<RetireBuildsFlags>();
        auto environment = std::make_shared<std::optional<std::string>>();
        options.optional_positional("ENV", *environment, "an environment of slipway.yaml");
        options.value("--reason", "TEXT", flags->reason, "record why");
        options.number("--keep", "N", flags->keep, 1,
                       "keep the newest N releases beside the active one; with --builds the newest N builds "
                       "(default: 10)");
        bind_builds(options, *builds);
        options.command_line_only();
        return [flags, builds, environment](Context& context) -> Result<int> {
          flags->word = environment->value_or("");
          return run_retire_command(context, *flags, *builds, *environment);
        };
      }};
}

Command hold_command() {
  return {
      .name = "hold",
      .aliases = {},
      .summary = "block releases to an environment",
      .description =
          "Records a hold in the ledger: until unhold, only rollbacks are released to the environment. Moves no tag.",
      .synopsis = "[OPTIONS] ENV",
      .examples = {{"an incident", "slipway hold production --reason 'errors since v8'"},
                   {"who holds what", "slipway status"}},
      .see_also = {"unhold", "status", "rollback"},
      .bind = bind_hold<EventKind::hold>};
}

Command unhold_command() {
  return {
      .name = "unhold",
      .aliases = {},
      .summary = "lift the hold of an environment",
      .description = "Records in the ledger that the hold is lifted, also the one that a rollback set. Moves no tag.",
      .synopsis = "[OPTIONS] ENV",
      .examples = {{"after the fix", "slipway unhold production --reason 'fixed in v9'"},
                   {"and on with it", "slipway unhold production && slipway promote staging production"}},
      .see_also = {"hold", "status"},
      .bind = bind_hold<EventKind::unhold>};
}

}  // namespace slipway::cli
