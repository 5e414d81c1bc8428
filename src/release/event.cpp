#include "slipway/release/event.h"

#include <algorithm>
#include <set>

#include "slipway/base/json_reader.h"
#include "slipway/base/text.h"

namespace slipway::release {
namespace {

constexpr std::int64_t kMost = std::int64_t{1} << 40;

Result<EventKind> kind_named(const std::string& text) {
  for (const EventKind kind : {EventKind::approve, EventKind::hold, EventKind::unhold, EventKind::retire,
                               EventKind::edition, EventKind::repair}) {
    if (text == name_of(kind)) return kind;
  }
  return fail(Error(Errc::invalid_argument, fmt::format("an event has the kind \"{}\"", printable(text, 60)))
                  .with_hint("use a newer slipway"));
}

Result<std::optional<Digest>> read_digest(JsonReader& reader, std::string_view key) {
  if (reader.peek(key) == nullptr) return std::optional<Digest>();
  SLIPWAY_ASSIGN(Digest digest, reader.required_digest(key));
  return std::optional<Digest>(std::move(digest));
}

Result<std::vector<std::int64_t>> read_numbers(JsonReader& reader) {
  std::vector<std::int64_t> numbers;
  SLIPWAY_ASSIGN(const Json* list, reader.array("numbers"));
  if (list == nullptr) return numbers;
  for (const Json& item : *list->array()) {
    if (item.integer() == nullptr || *item.integer() < 1)
      return fail(Errc::malformed, "event: numbers must be above 0");
    numbers.push_back(*item.integer());
  }
  return numbers;
}

/// A ledger behind the fence of a later edition is not read: its events may mean what this version does not know.
Status read_edition(JsonReader& reader, Event& event) {
  if (event.kind != EventKind::edition) return {};
  SLIPWAY_ASSIGN(event.edition, reader.required_integer("edition", 1, kMost));
  if (event.edition <= kEdition) return {};
  return fail(error(Errc::invalid_argument, "the ledger of {} is of edition {}, this version writes edition {}",
                    printable(event.environment, 100), event.edition, kEdition)
                  .with_hint("use a newer slipway"));
}

}  // namespace

std::string_view name_of(EventKind kind) {
  constexpr std::string_view kNames[] = {"approve", "hold", "unhold", "retire", "edition", "repair"};
  return kNames[static_cast<std::size_t>(kind)];
}

Result<std::string> Event::canonical() const {
  Json json(other);
  json.set("schema", kEventSchema).set("app", app).set("environment", environment).set("kind", name_of(kind));
  if (plan) json.set("plan", plan->str());
  if (sealed) json.set("sealed", sealed->str());
  if (entry) json.set("entry", entry->str());
  if (!numbers.empty()) json.set("numbers", Json::Array(numbers.begin(), numbers.end()));
  if (edition > 0) json.set("edition", edition);
  json.set("order", order).set("actor", actor);
  if (!reason.empty()) json.set("reason", reason);
  json.set("time", time).set("tool", tool);
  return json.canonical();
}

Result<Event> Event::parse(std::string_view text) {
  SLIPWAY_ASSIGN(const Json json, Json::parse(text, "event"));
  SLIPWAY_ASSIGN(auto reader, JsonReader::of(json, "event"));
  SLIPWAY_ASSIGN(const std::string schema, reader.required_string("schema"));
  if (schema != kEventSchema) {
    return fail(Errc::invalid_argument, "an event has the format \"{}\", this version reads {}", printable(schema, 60),
                kEventSchema);
  }
  Event event;
  SLIPWAY_ASSIGN(event.app, reader.required_string("app"));
  SLIPWAY_ASSIGN(event.environment, reader.required_string("environment"));
  SLIPWAY_ASSIGN(const std::string kind, reader.required_string("kind"));
  SLIPWAY_ASSIGN(event.kind, kind_named(kind));
  SLIPWAY_ASSIGN(event.plan, read_digest(reader, "plan"));
  SLIPWAY_ASSIGN(event.sealed, read_digest(reader, "sealed"));
  SLIPWAY_ASSIGN(event.entry, read_digest(reader, "entry"));
  SLIPWAY_ASSIGN(event.numbers, read_numbers(reader));
  SLIPWAY_TRY(read_edition(reader, event));
  SLIPWAY_ASSIGN(event.order, reader.required_integer("order", 1, kMost));
  SLIPWAY_ASSIGN(event.actor, reader.required_string("actor"));
  SLIPWAY_ASSIGN(auto reason, reader.string("reason"));
  event.reason = std::move(reason).value_or("");
  SLIPWAY_ASSIGN(event.time, reader.required_integer("time", 0, kMost));
  SLIPWAY_ASSIGN(event.tool, reader.required_string("tool"));
  SLIPWAY_ASSIGN(event.other, reader.finish());
  if ((event.kind == EventKind::approve) != event.plan.has_value()) {
    return fail(Errc::malformed, "event: an approval names a plan, and nothing else does");
  }
  return event;
}

std::string event_tag(const Event& event, const Digest& id) {
  return fmt::format("{}.{}.e.{}", event.app, event.environment, id.short_hex());
}

bool holds_by_rollback(const std::vector<Event>& events, const Recorded& head) {
  if (head.entry.kind != Kind::rollback && !head.entry.held) return false;
  return std::none_of(events.begin(), events.end(),
                      [&](const Event& event) { return event.kind == EventKind::unhold && event.entry == head.id; });
}

std::optional<Hold> hold_of(const std::vector<Event>& events, const Recorded* head) {
  const Event* newest = nullptr;
  for (const Event& event : events) {
    if (event.kind != EventKind::hold && event.kind != EventKind::unhold) continue;
    // Of two words said at once the careful one counts.
    const bool first = newest == nullptr || event.order > newest->order;
    if (first || (event.order == newest->order && event.kind == EventKind::hold)) newest = &event;
  }
  if (newest != nullptr && newest->kind == EventKind::hold) return Hold{newest->actor, newest->reason, newest->time};
  if (head == nullptr || !holds_by_rollback(events, *head)) return std::nullopt;
  const Entry& entry = head->entry;
  if (entry.kind != Kind::rollback)
    return Hold{entry.actor, fmt::format("rolled back in v{}, which nobody lifted since", *entry.held), entry.time};
  return Hold{entry.actor, entry.reason.empty() ? "rolled back" : "rolled back: " + entry.reason, entry.time};
}

std::vector<std::string> approvers_of(const std::vector<Event>& events, const ApprovedPlan& plan) {
  std::set<std::string> names;
  for (const Event& event : events) {
    if (event.kind != EventKind::approve) continue;
    const bool covers = event.plan == plan.decision || (plan.edition1 && event.plan == plan.edition1);
    const bool other_file = plan.seal && event.sealed && event.sealed != plan.seal;
    if (covers && !other_file) names.insert(event.actor);
  }
  return {names.begin(), names.end()};
}

std::vector<std::int64_t> retired_in(const std::vector<Event>& events) {
  std::set<std::int64_t> numbers;
  for (const Event& event : events) {
    if (event.kind == EventKind::retire) numbers.insert(event.numbers.begin(), event.numbers.end());
  }
  return {numbers.begin(), numbers.end()};
}

}  // namespace slipway::release
