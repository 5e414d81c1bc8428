#include "release/contest.h"

#include <algorithm>

#include "release/entry_artifact.h"
#include "slipway/base/text.h"
#include "slipway/io/filters.h"
#include "slipway/io/hash.h"

namespace slipway::release {
namespace {

constexpr std::string_view kIntentType = "application/vnd.slipway.intent.v1+json";

std::string intent_prefix(const Entry& entry) {
  return fmt::format("{}.{}.i{}.", entry.app, entry.environment, entry.number);
}

Error lost(const Entry& entry, const std::optional<Recorded>& winner) {
  if (winner && winner->entry.number >= entry.number) {
    return error(Errc::conflict, "{} released v{} of {} at the same time", printable(winner->entry.actor, 100),
                 winner->entry.number, entry.environment)
        .with_hint("look at what is active: slipway status; then run the command again, with --wait 1m");
  }
  return error(Errc::conflict, "somebody else is releasing v{} of {} at the same time", entry.number, entry.environment)
      .with_hint("run the command again, with --wait 1m");
}

/// Lists again; Errc::conflict unless the number is still free.
Status require_free_number(const Entry& entry, Ledger& ledger) {
  ledger.refresh();
  SLIPWAY_ASSIGN(const auto head, ledger.head(entry.app, entry.environment));
  const std::optional<Digest> id = head ? std::optional<Digest>(head->id) : std::nullopt;
  if (id == entry.prev) return {};
  return fail(lost(entry, head));
}

/// The list that shows the number free: when it was asked for, and the intents in it.
struct Look {
  std::chrono::milliseconds at;
  std::vector<std::string> intents;
};

/// Looks whether the number is free. Reading tags that the registry cannot hand out takes long, for each is asked
/// again: then the list is asked for once more, and counts if it names the same entries. So the bound holds whatever
/// lies in the ledger.
Result<Look> look(const Entry& entry, Ledger& ledger, const ReleaseServices& services) {
  Clock& clock = *services.clock;
  const auto first = clock.monotonic();
  SLIPWAY_TRY(require_free_number(entry, ledger));
  if (clock.monotonic() - first <= services.settle / 2) {
    SLIPWAY_ASSIGN(auto intents, ledger.tags_with(intent_prefix(entry)));
    return Look{first, std::move(intents)};
  }
  const std::string entries = fmt::format("{}.{}.v", entry.app, entry.environment);
  SLIPWAY_ASSIGN(const auto before, ledger.tags_with(entries));
  Ledger again(*services.opener, ledger.location(), {}, clock);
  const auto second = clock.monotonic();
  SLIPWAY_ASSIGN(const auto after, again.tags_with(entries));
  if (after != before) return fail(lost(entry, std::nullopt));
  SLIPWAY_ASSIGN(auto intents, again.tags_with(intent_prefix(entry)));
  return Look{second, std::move(intents)};
}

Status put_intent(const Entry& entry, const std::string& bytes, const std::string& hex, Ledger& ledger) {
  const RecordArtifact artifact = make_record_artifact(kIntentType, bytes);
  SLIPWAY_ASSIGN(const auto target, ledger.open_for_writing());
  io::TextSource blob(bytes);
  SLIPWAY_TRY(target->push(artifact.blob, blob));
  return target->push_tagged(artifact.manifest, artifact.manifest_bytes, intent_prefix(entry) + hex);
}

/// The number looks free; `earlier` are the intents of writers that died, for their entries did not come in time.
struct Free {
  Look look;
  std::vector<std::string> earlier;
};

Result<Free> look_twice(const Entry& entry, Ledger& ledger, const ReleaseServices& services) {
  SLIPWAY_ASSIGN(Look first, look(entry, ledger, services));
  if (first.intents.empty()) return Free{std::move(first), {}};
  SLIPWAY_TRY(services.clock->sleep(4 * services.settle, services.stop));
  SLIPWAY_ASSIGN(Look second, look(entry, ledger, services));
  return Free{std::move(second), std::move(first.intents)};
}

/// Puts the intent, and waits until every intent that could still win is listed.
Status contend(const Entry& entry, const std::string& bytes, const Free& free, Ledger& ledger,
               const ReleaseServices& services) {
  const auto bound = services.settle;
  Clock& clock = *services.clock;
  const std::string hex = io::digest_of(bytes).short_hex();
  SLIPWAY_TRY(put_intent(entry, bytes, hex, ledger));
  if (clock.monotonic() - free.look.at > bound) {
    return fail(error(Errc::conflict,
                      "the ledger took longer than {} ms to answer: another writer may not have seen "
                      "this release",
                      bound.count())
                    .with_hint("run the command again; a slow registry needs a longer ledger.settle in slipway.yaml: "
                               "'ledger: {settle: 10s}'"));
  }
  SLIPWAY_TRY(clock.sleep(2 * bound, services.stop));
  SLIPWAY_TRY(require_free_number(entry, ledger));
  SLIPWAY_ASSIGN(const std::vector<std::string> rivals, ledger.tags_with(intent_prefix(entry)));
  for (const std::string& tag : rivals) {
    const bool died = std::find(free.earlier.begin(), free.earlier.end(), tag) != free.earlier.end();
    if (!died && tag < intent_prefix(entry) + hex) return fail(lost(entry, std::nullopt));
  }
  return {};
}

bool is_contested(const Ledger& ledger, const ReleaseServices& services) {
  return services.settle.count() > 0 && ledger.location().is_registry();
}

}  // namespace

Result<Entry> win_number(Entry entry, Ledger& ledger, const ReleaseServices& services) {
  if (!is_contested(ledger, services)) return entry;
  SLIPWAY_ASSIGN(const Free free, look_twice(entry, ledger, services));
  // The writers of earlier intents died: should their entries appear, they lose.
  for (const std::string& tag : free.earlier)
    entry.abandoned.push_back(fmt::format("{}.{}.v{}.{}", entry.app, entry.environment, entry.number,
                                          tag.substr(intent_prefix(entry).size())));
  SLIPWAY_ASSIGN(const std::string bytes, entry.canonical());
  SLIPWAY_TRY(contend(entry, bytes, free, ledger, services));
  return entry;
}

Status win_back(const Entry& lost, Ledger& ledger, const ReleaseServices& services) {
  if (!is_contested(ledger, services)) return require_free_number(lost, ledger);
  SLIPWAY_ASSIGN(const Free free, look_twice(lost, ledger, services));
  // The entry's own intent is there since its release, and counts as that of a writer that died.
  Entry intent = lost;
  intent.actor = services.actor.name;
  intent.time = services.clock->now();
  SLIPWAY_ASSIGN(const std::string bytes, intent.canonical());
  return contend(lost, bytes, free, ledger, services);
}

}  // namespace slipway::release
