#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "slipway/release/ledger.h"

namespace slipway::release {

inline constexpr std::string_view kEventType = "application/vnd.slipway.event.v1+json";
inline constexpr std::string_view kEventSchema = "slipway/v1/event";

/// The decisions that people record about an environment beside releasing to it.
enum class EventKind { approve, hold, unhold, retire };
std::string_view name_of(EventKind kind);

/// One decision: immutable, its id the digest of its canonical JSON (docs/FORMATS.md "Event").
struct Event {
  std::string app;
  std::string environment;
  EventKind kind = EventKind::hold;
  std::optional<Digest> plan{};         ///< approve: Plan::digest()
  std::optional<Digest> sealed{};       ///< approve: Plan::seal(), where a file was approved
  std::optional<Digest> entry{};        ///< the release that was active; none before the first
  std::vector<std::int64_t> numbers{};  ///< retire: of the releases
  std::int64_t order = 1;               ///< one more than the highest that was there
  std::string actor{};
  std::string reason{};
  std::int64_t time = 0;  ///< unix seconds
  std::string tool{};
  Json::Object other{};  ///< unknown members, kept

  Result<std::string> canonical() const;
  /// Strict. Errc::malformed; invalid_argument for another major version.
  static Result<Event> parse(std::string_view json);
  bool operator==(const Event&) const = default;
};

/// The events of a ledger, each under its tag `<app>.<env>.e.<12 hex of its id>`. The ledger must outlive it.
class EventLog {
 public:
  explicit EventLog(Ledger& ledger) : ledger_(ledger) {}
  /// Returns the events in the order they were made. Without any, only the ledger's list of tags is needed; each event
  /// is fetched once ever. A listed event that cannot be read was never recorded: it is skipped with a warning.
  Result<std::vector<Event>> read(const std::string& app, const std::string& environment);
  /// Puts an event; `order` is set here. Returns it as written.
  Result<Event> append(Event event);

 private:
  Result<Event> parse(store::ReadTarget& target, const std::string& tag, store::Fetched fetched) const;

  Ledger& ledger_;
};

/// `<app>.<env>.e.<12 hex of the id>`.
std::string event_tag(const Event& event, const Digest& id);

/// Why nothing is released to an environment for now.
struct Hold {
  std::string actor;
  std::string reason;
  std::int64_t time = 0;
  bool operator==(const Hold&) const = default;
};

/// The hold that lasts: of the newest word of people, else of a rollback that is active and that nobody lifted.
/// Pure; `head` may be null.
std::optional<Hold> hold_of(const std::vector<Event>& events, const Recorded* head);
/// Returns true if `head` is a rollback, or follows one, whose hold nobody lifted: the hold lasts through releases that
/// bypass it, until somebody lifts it by name. Pure.
bool holds_by_rollback(const std::vector<Event>& events, const Recorded& head);
/// The names under which an approval may know a plan.
struct ApprovedPlan {
  Digest decision;                   ///< Plan::digest()
  std::optional<Digest> edition1{};  ///< Plan::edition1_digest()
  std::optional<Digest> seal{};      ///< Plan::seal() of a plan from a file: an approval of another file does not count
};
/// Returns who approved the plan, each once.
std::vector<std::string> approvers_of(const std::vector<Event>& events, const ApprovedPlan& plan);
/// The releases that were given up.
std::vector<std::int64_t> retired_in(const std::vector<Event>& events);

}  // namespace slipway::release
