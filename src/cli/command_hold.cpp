#include "cli/command.h"
#include "cli/project.h"
#include "slipway/base/text.h"
#include "slipway/io/hash.h"
#include "slipway/release/event.h"

namespace slipway::cli {
namespace {

using release::Event;
using release::EventKind;

struct EventFlags {
  std::string word;
  std::optional<std::string> reason;
};

/// An event of today, by whoever runs this.
Result<Event> new_event(const Loaded& loaded, const std::string& environment, EventKind kind, const EventFlags& f,
                        release::Ledger& ledger, const release::Parts& parts) {
  Event event;
  event.app = loaded.project.app;
  event.environment = environment;
  event.kind = kind;
  SLIPWAY_ASSIGN(const auto head, ledger.head(event.app, environment));
  if (head) event.entry = head->id;
  event.actor = parts.actor.name;
  event.reason = f.reason.value_or("");
  event.time = parts.clock->now();
  event.tool = parts.tool;
  return event;
}

/// Records the event; `said` is what it means, for people.
Result<int> record(Context& context, release::Ledger& ledger, Event event, const std::string& said) {
  if (!context.globals().dry_run) {
    SLIPWAY_ASSIGN(event, release::EventLog(ledger).append(std::move(event)));
  }
  context.note(said);
  SLIPWAY_ASSIGN(const std::string bytes, event.canonical());
  if (!context.json()) {
    SLIPWAY_TRY(context.print(context.shown(ledger.location().with_tag(event_tag(event, io::digest_of(bytes)))).str()));
    return 0;
  }
  SLIPWAY_ASSIGN(const Json document, Json::parse(bytes, "event"));
  SLIPWAY_TRY(context.print_document(document));
  return 0;
}

Result<int> run_hold(Context& context, const EventFlags& f, EventKind kind) {
  SLIPWAY_ASSIGN(const Loaded loaded, require_project(context));
  SLIPWAY_ASSIGN(const auto* environment, loaded.project.require(f.word));
  const ReleaseParts parts(context, loaded);
  release::Ledger ledger = parts.parts().ledger(loaded.project.ledger);
  SLIPWAY_ASSIGN(const auto events, release::EventLog(ledger).read(loaded.project.app, environment->name));
  SLIPWAY_ASSIGN(const auto head, ledger.head(loaded.project.app, environment->name));
  const auto held = release::hold_of(events, head ? &*head : nullptr);
  if (kind == EventKind::unhold && !held) {
    context.note(fmt::format("{} is not held: nothing to do", environment->name));
    return 0;
  }
  SLIPWAY_ASSIGN(Event event, new_event(loaded, environment->name, kind, f, ledger, parts.parts()));
  const std::string said =
      kind == EventKind::hold
          ? fmt::format("{0} is held: only rollbacks are released there until slipway unhold {0}", environment->name)
          : fmt::format("{} is no longer held", environment->name);
  return record(context, ledger, std::move(event), said);
}

/// The plan in a file, or what a promotion to an environment would do now.
Result<release::Plan> plan_to_approve(Context& context, const Loaded& loaded, const std::string& word,
                                      const release::Parts& parts) {
  const release::Environment* const to = loaded.project.find(word);
  if (to == nullptr) {
    auto text = read_file(context.fs(), context.absolute(word), 4u << 20);
    if (!text) {
      return fail(std::move(text).error().with_hint(
          fmt::format("name a file written by --plan, or an environment: slipway approve {}",
                      loaded.project.environments.empty() ? "ENV" : loaded.project.environments.back().name)));
    }
    SLIPWAY_ASSIGN(release::Plan plan, release::Plan::parse(*text));
    SLIPWAY_TRY(release::require_current(plan, loaded.project));
    return plan;
  }
  if (to->after.size() != 1) {
    return fail(Error(Errc::invalid_argument,
                      fmt::format("{} does not come after exactly one environment: it is not known what would be "
                                  "promoted there",
                                  to->name))
                    .with_hint("write the plan with --plan FILE and approve that"));
  }
  SLIPWAY_ASSIGN(const auto* from, loaded.project.require(to->after.front()));
  return release::plan_promote(loaded.project, *from, *to, {}, parts);
}

Result<int> run_approve(Context& context, const EventFlags& f) {
  SLIPWAY_ASSIGN(const Loaded loaded, require_project(context));
  const ReleaseParts parts(context, loaded);
  SLIPWAY_ASSIGN(const release::Plan plan, plan_to_approve(context, loaded, f.word, parts.parts()));
  const std::string& name = plan.entry.environment;
  if (!plan.changed) {
    context.note(fmt::format("{} runs this already: nothing to approve", name));
    return 0;
  }
  if (plan.stored && plan.entry.actor == parts.parts().actor.name) {
    return fail(Error(Errc::policy_denied,
                      fmt::format("{} made this plan and cannot approve it", printable(plan.entry.actor, 100)))
                    .with_hint("ask somebody else; SLIPWAY_ACTOR says who you are"));
  }
  release::Ledger ledger = parts.parts().ledger(loaded.project.ledger);
  SLIPWAY_ASSIGN(Event event, new_event(loaded, name, EventKind::approve, f, ledger, parts.parts()));
  SLIPWAY_ASSIGN(event.plan, plan.digest());
  context.note(plan.describe());
  return record(context, ledger, std::move(event),
                fmt::format("{} approves it, as v{} of {} and nothing else", printable(event.actor, 100),
                            plan.entry.number, name));
}

void bind_event(OptionSet& options, EventFlags& f, const char* name, const char* what) {
  options.positional(name, f.word, what);
  options.value("--reason", "TEXT", f.reason, "why, recorded with it");
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
          .group = "Release",
          .summary = "approve a plan, or what a promotion to an environment would do now",
          .synopsis = "[OPTIONS] PLAN | ENV",
          .examples = {{"what is waiting for production", "slipway approve production --reason 'release meeting'"},
                       {"a plan as it was written", "slipway approve plan.json && slipway apply plan.json"}},
          .bind = [](OptionSet& options) -> Action {
            auto flags = std::make_shared<EventFlags>();
            bind_event(options, *flags, "PLAN", "a file written by --plan, or an environment of slipway.yaml");
            return [flags](Context& context) { return run_approve(context, *flags); };
          }};
}

Command hold_command() {
  return {.name = "hold",
          .aliases = {},
          .group = "Release",
          .summary = "release nothing but rollbacks to an environment until unhold",
          .synopsis = "[OPTIONS] ENV",
          .examples = {{"an incident", "slipway hold production --reason 'errors since v8'"},
                       {"who holds what", "slipway status"}},
          .bind = bind_hold<EventKind::hold>};
}

Command unhold_command() {
  return {.name = "unhold",
          .aliases = {},
          .group = "Release",
          .summary = "lift a hold, also that of a rollback",
          .synopsis = "[OPTIONS] ENV",
          .examples = {{"after the fix", "slipway unhold production --reason 'fixed in v9'"},
                       {"and on with it", "slipway unhold production && slipway promote staging production"}},
          .bind = bind_hold<EventKind::unhold>};
}

}  // namespace slipway::cli
