#include "cli/release_tables.h"

#include "slipway/base/text.h"

namespace slipway::cli {
namespace {

std::string age_of(const Context& context, std::int64_t time) {
  if (context.globals().output == "wide") return format_time(time);
  return relative_time(time, context.surroundings().clock->now());
}

/// The state that a reader has to act on first.
Cell state_of(const release::StatusRow& row) {
  if (!row.drift.empty()) return {"DRIFT", Tone::bad};
  if (!row.forks.empty()) return {"FORK", Tone::bad};
  if (!row.active) return {"nothing released"};
  if (row.hold) return {"HELD", Tone::warning};
  if (row.pending) return {"TAG BEHIND", Tone::warning};
  for (const auto& [name, releases] : row.behind) {
    if (!releases) return {fmt::format("another build than {}", name), Tone::warning};
    if (*releases > 0) return {fmt::format("{} behind {}", *releases, name), Tone::warning};
  }
  if (row.config_changed) return {"config changed", Tone::warning};
  return {"active", Tone::good};
}

void add_details(Table& table, const release::StatusRow& row) {
  if (!row.drift.empty()) table.add_detail("drift: " + row.drift, Tone::bad);
  if (!row.forks.empty())
    table.add_detail(fmt::format("fork: two writers at once, {}", fmt::join(row.forks, " and ")), Tone::bad);
  if (row.hold) {
    const std::string reason = row.hold->reason.empty() ? "" : ": " + row.hold->reason;
    table.add_detail(fmt::format("held by {}{}", row.hold->actor, reason), Tone::warning);
  }
  if (row.config_changed) {
    table.add_detail(fmt::format("config changed since v{0}: slipway release {1} --same-build releases it",
                                 row.active->entry.number, row.environment),
                     Tone::warning);
  }
  if (row.pending) table.add_detail(row.lag + "; the next release, promote or rollback moves it", Tone::warning);
  if (!row.other_rules.empty()) table.add_detail(row.other_rules, Tone::warning);
}

std::string note_of(const release::Entry& entry) {
  std::string note;
  const auto add = [&](const std::string& text) { note += (note.empty() ? "" : "  ") + text; };
  if (!entry.bypass.empty()) add(fmt::format("BYPASS \"{}\"", entry.bypass));
  if (entry.from) add(fmt::format("from {} v{}", entry.from->environment, entry.from->number));
  if (!entry.reason.empty()) add(fmt::format("\"{}\"", entry.reason));
  return note;
}

void add_release(Table& table, const Context& context, const release::Recorded& recorded, const std::string& mark,
                 const std::string& note) {
  const release::Entry& entry = recorded.entry;
  const Tone tone = mark == "*" ? Tone::good : mark == "!" ? Tone::bad : Tone::plain;
  table.add({{mark, tone},
             {fmt::format("v{}", entry.number), tone},
             {std::string(name_of(entry.kind))},
             {context.short_of(entry.build.digest)},
             {context.short_of(entry.config)},
             {entry.actor},
             {age_of(context, entry.time)},
             {note, entry.bypass.empty() ? Tone::plain : Tone::warning}});
}

}  // namespace

Table status_table(const Context& context, const std::vector<release::StatusRow>& rows) {
  Table table({"ENVIRONMENT", "RELEASE", "DIGEST", "CONFIG", "RELEASED", "STATE"});
  for (const release::StatusRow& row : rows) {
    if (row.active) {
      const release::Entry& entry = row.active->entry;
      table.add({{row.environment},
                 {fmt::format("v{}", entry.number)},
                 {context.short_of(entry.image.digest)},
                 {context.short_of(entry.config)},
                 {age_of(context, entry.time)},
                 state_of(row)});
    } else {
      table.add({{row.environment}, {"-"}, {}, {}, {}, state_of(row)});
    }
    add_details(table, row);
  }
  return table;
}

Table history_table(const Context& context, const release::Chain& chain) {
  Table table({"", "RELEASE", "KIND", "BUILD", "CONFIG", "BY", "WHEN", "NOTE"});
  for (auto at = chain.entries.rbegin(); at != chain.entries.rend(); ++at)
    add_release(table, context, *at, at == chain.entries.rbegin() ? "*" : " ", note_of(at->entry));
  for (const release::Recorded& fork : chain.forks)
    add_release(table, context, fork, "!",
                fmt::format("LOST: another v{} was released at the same time", fork.entry.number));
  return table;
}

}  // namespace slipway::cli
