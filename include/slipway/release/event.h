#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "slipway/release/ledger.h"

namespace slipway::release {

inline constexpr std::string_view kEventType = "application/vnd.slipway.event.v1+json";
inline constexpr std::string_view kEventSchema = "slipway/v1/event";
/// The edition of ledgers that this version writes behind a fence.
inline constexpr std::int64_t kEdition = 2;

/// The decisions about an environment, other than releases, that people record in the ledger. `edition` is the fence:
/// programs that do not know it stop there. `repair` says what doctor repaired, and changes nothing; written behind the
/// fence only, for programs of edition 1 do not know it.
enum class EventKind { approve, hold, unhold, retire, edition, repair };
std::string_view name_of(EventKind kind);

/// One decision: immutable, its id the digest of its canonical JSON (docs/FORMATS.md "Event").
struct Event {
  std::string app;
  std::string environment;
  EventKind kind = EventKind::hold;
  std::optional<Digest> plan{};         ///< approve: Plan::digest()
  std::optional<Digest> sealed{};       ///< approve: Plan::seal(), where a file was approved
  std::optional<Digest> entry{};        ///< the id of the release that was active; nullopt before the first
  std::vector<std::int64_t> numbers{};  ///< retire: numbers of the retired releases
  std::int64_t edition = 0;             ///< edition: the lowest that may write; 0 in events of other kinds
  std::int64_t order = 1;               ///< one more than the highest in the ledger when it was recorded
  std::string actor{};
  std::string reason{};
  std::int64_t time = 0;  ///< unix seconds
  std::string tool{};
  Json::Object other{};  ///< unknown members, kept

  /// Returns the canonical JSON, whose sha256 is the event's id.
  Result<std::string> canonical() const;
  /// Parses it, strictly. Errc::malformed; invalid_argument for another major version.
  static Result<Event> parse(std::string_view json);
  bool operator==(const Event&) const = default;
};

class RecordFile;

/// The events of a ledger, each under its tag `<app>.<env>.e.<12 hex of its id>`. The ledger must outlive it, and one
/// thread at a time uses both.
class EventLog {
 public:
  explicit EventLog(Ledger& ledger) : ledger_(ledger) {}
  /// Returns the events in the order in which they were recorded. Costs the ledger's list of tags, and one request for
  /// each event that was not read before. An event that this user saw and that is not listed is asked for by its tag,
  /// for a list may lag. A listed event that cannot be read was never recorded: it is skipped with a warning.
  Result<std::vector<Event>> read(const std::string& app, const std::string& environment);
  /// Stores an event with the next `order`, and returns it as written.
  Result<Event> append(Event event);

 private:
  Result<Event> parse(store::ReadTarget& target, const std::string& tag, store::Fetched fetched) const;
  Status fetch_listed(const std::vector<std::string>& tags, std::vector<Event>& events);
  Result<bool> is_there(const std::string& tag);
  Status remember(const std::vector<Event>& events, RecordFile& file);

  Ledger& ledger_;
};

/// Returns the event's tag in the ledger: `<app>.<env>.e.<12 hex of the id>`.
std::string event_tag(const Event& event, const Digest& id);

/// A block on releases to an environment; rollbacks are exempt.
struct Hold {
  std::string actor;
  std::string reason;
  std::int64_t time = 0;
  bool operator==(const Hold&) const = default;
};

/// Returns the hold in force: that of the newest hold event unless an unhold followed, or that of a rollback which is
/// active, or was bypassed, and which no unhold followed. nullopt without one. Pure; `head` is the active release,
/// nullptr without one.
std::optional<Hold> hold_of(const std::vector<Event>& events, const Recorded* head);
/// Returns true if `head` is a rollback, or follows one by a bypass (Entry::held), and no unhold followed. Pure.
bool holds_by_rollback(const std::vector<Event>& events, const Recorded& head);
/// The names under which an approval may know a plan.
struct ApprovedPlan {
  Digest decision;                   ///< Plan::digest()
  std::optional<Digest> edition1{};  ///< Plan::edition1_digest()
  std::optional<Digest> seal{};      ///< Plan::seal() of a plan from a file: an approval of another file does not count
};
/// Returns the actors who approved the plan, each once.
std::vector<std::string> approvers_of(const std::vector<Event>& events, const ApprovedPlan& plan);
/// Returns the numbers of the retired releases, ascending.
std::vector<std::int64_t> retired_in(const std::vector<Event>& events);

}  // namespace slipway::release
