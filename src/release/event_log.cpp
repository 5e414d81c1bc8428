#include <algorithm>
#include <set>

#include "release/entry_artifact.h"
#include "release/record_file.h"
#include "release/tombstone.h"
#include "slipway/base/lanes.h"
#include "slipway/base/text.h"
#include "slipway/io/filters.h"
#include "slipway/io/hash.h"
#include "slipway/release/event.h"

namespace slipway::release {
namespace {

/// Events read at once: each is one small request.
constexpr std::size_t kLanes = 8;

std::string event_prefix(const std::string& app, const std::string& environment) {
  return app + "." + environment + ".e.";
}

bool comes_before(const Event& a, const Event& b) { return std::tie(a.order, a.time) < std::tie(b.order, b.time); }

}  // namespace

Result<Event> EventLog::parse(store::ReadTarget& target, const std::string& tag, store::Fetched fetched) const {
  SLIPWAY_ASSIGN(const oci::Manifest manifest,
                 oci::parse_manifest(std::move(fetched.bytes), fetched.descriptor.media_type));
  if (manifest.artifact_type == kTombstoneType) return fail(Errc::not_found, "{}", kRemoved);
  const auto refuse = [&](std::string_view why) {
    return fail(Error(Errc::verification_failed, fmt::format("the event {} in {} {}", tag, target.name(), why))
                    .with_hint("somebody changed the ledger; restore this event from a copy of the repository"));
  };
  auto bytes = record_bytes(manifest, kEventType, target);
  if (!bytes)
    return bytes.error().code == Errc::verification_failed ? refuse(bytes.error().message) : fail(bytes.error());
  SLIPWAY_ASSIGN(Event event, Event::parse(*bytes));
  SLIPWAY_ASSIGN(const std::string canonical, event.canonical());
  if (canonical != *bytes) return refuse("is not canonical JSON");
  if (event_tag(event, manifest.config.digest) != tag) return refuse("belongs under another tag");
  return event;
}

Result<std::vector<Event>> EventLog::read(const std::string& app, const std::string& environment) {
  std::vector<Event> events;
  SLIPWAY_ASSIGN(const auto tags, ledger_.tags_with(event_prefix(app, environment)));
  if (tags.empty()) return events;
  RecordFile known(ledger_.cache(), "events", ledger_.location().str(), app, environment);
  std::vector<std::string> missing;
  std::map<std::string, Event> seen;
  if (ledger_.known_events().empty()) {
    for (const std::string& line : known.lines())
      ledger_.known_events().emplace(io::digest_of(line).short_hex(), line);
  }
  for (const auto& [hex, line] : ledger_.known_events()) {
    auto event = Event::parse(line);
    if (event) seen.insert_or_assign(event_tag(*event, io::digest_of(line)), *std::move(event));
  }
  for (const std::string& tag : tags) {
    const auto at = seen.find(tag);
    at == seen.end() ? missing.push_back(tag) : events.push_back(at->second);
  }
  if (!missing.empty()) {
    SLIPWAY_ASSIGN(const auto target, ledger_.open_for_reading());
    std::vector<std::optional<Event>> fetched(missing.size());
    std::vector<std::string> unread(missing.size());
    SLIPWAY_TRY(run_lanes(kLanes, missing.size(), {}, [&](std::size_t i, const std::stop_token&) -> Status {
      auto document = target->fetch_document(missing[i]);
      if (!document) {
        unread[i] = missing[i];
        return {};
      }
      auto event = parse(*target, missing[i], *std::move(document));
      if (!event && event.error().code == Errc::not_found) return {};  // a tombstone
      SLIPWAY_ASSIGN(fetched[i], std::move(event));
      return {};
    }));
    for (std::size_t i = 0; i < missing.size(); ++i) {
      if (!unread[i].empty()) {
        SLIPWAY_ASSIGN(auto document, ledger_.fetch_listed(*target, unread[i]));
        if (!document) continue;
        SLIPWAY_ASSIGN(fetched[i], parse(*target, unread[i], *std::move(document)));
      }
      if (fetched[i]) events.push_back(*std::move(fetched[i]));
    }
    std::string text;
    for (const Event& event : events) {
      SLIPWAY_ASSIGN(const std::string line, event.canonical());
      ledger_.known_events().emplace(io::digest_of(line).short_hex(), line);
      text += line + "\n";
    }
    known.save(text);
  }
  std::sort(events.begin(), events.end(), comes_before);
  return events;
}

Result<Event> EventLog::append(Event event) {
  ledger_.refresh();
  SLIPWAY_ASSIGN(const auto before, read(event.app, event.environment));
  event.order = before.empty() ? 1 : before.back().order + 1;
  SLIPWAY_ASSIGN(const std::string bytes, event.canonical());
  const RecordArtifact artifact = make_record_artifact(kEventType, bytes);
  SLIPWAY_ASSIGN(const auto target, ledger_.open_for_writing());
  io::TextSource blob(bytes);
  SLIPWAY_TRY(target->push(artifact.blob, blob));
  SLIPWAY_TRY(target->push_tagged(artifact.manifest, artifact.manifest_bytes, event_tag(event, artifact.blob.digest)));
  ledger_.refresh();
  return event;
}

}  // namespace slipway::release
