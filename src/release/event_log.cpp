#include <algorithm>
#include <set>

#include "release/entry_artifact.h"
#include "release/record_file.h"
#include "release/tags.h"
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

Status EventLog::fetch_listed(const std::vector<std::string>& tags, std::vector<Event>& events) {
  if (tags.empty()) return {};
  SLIPWAY_ASSIGN(const auto target, ledger_.open_for_reading());
  std::vector<std::optional<Event>> fetched(tags.size());
  std::vector<std::string> unread(tags.size());
  SLIPWAY_TRY(run_lanes(kLanes, tags.size(), {}, [&](std::size_t i, const std::stop_token&) -> Status {
    auto document = target->fetch_document(tags[i]);
    if (!document) {
      unread[i] = tags[i];
      return {};
    }
    auto event = parse(*target, tags[i], *std::move(document));
    if (!event && event.error().code == Errc::not_found) return {};  // a tombstone
    SLIPWAY_ASSIGN(fetched[i], std::move(event));
    return {};
  }));
  for (std::size_t i = 0; i < tags.size(); ++i) {
    if (!unread[i].empty()) {
      SLIPWAY_ASSIGN(auto document, ledger_.fetch_listed(*target, unread[i]));
      if (!document) continue;
      SLIPWAY_ASSIGN(fetched[i], parse(*target, unread[i], *std::move(document)));
    }
    if (fetched[i]) events.push_back(*std::move(fetched[i]));
  }
  return {};
}

/// A list may lag behind its tags: a hold counts on the machine that put it before the list shows it.
Result<bool> EventLog::is_there(const std::string& tag) {
  auto target = ledger_.open_for_reading();
  if (!target && target.error().code == Errc::not_found) return false;
  SLIPWAY_TRY(target);
  const auto found = (*target)->resolve(tag);
  if (found || found.error().code == Errc::not_found || is_unreadable(found.error())) return found.has_value();
  return fail(found.error());
}

Result<std::vector<Event>> EventLog::read(const std::string& app, const std::string& environment) {
  SLIPWAY_ASSIGN(const auto tags, ledger_.tags_with(event_prefix(app, environment)));
  RecordFile file(ledger_.cache(), "events", ledger_.location().str(), app, environment);
  auto& known = ledger_.known_events();
  for (const std::string& line : file.lines())
    known.emplace(io::digest_of(line).short_hex(), line);
  std::vector<Event> events;
  std::vector<std::string> missing = tags;
  bool changed = false;
  for (auto at = known.begin(); at != known.end();) {
    const auto& [hex, line] = *at;
    const auto event = Event::parse(line);
    const bool ours = event && event->app == app && event->environment == environment;
    const std::string tag = event_prefix(app, environment) + hex;
    const bool listed = std::erase(missing, tag) > 0;
    SLIPWAY_ASSIGN(const bool there, !ours ? Result<bool>(false) : listed ? Result<bool>(true) : is_there(tag));
    if (there) events.push_back(*event);
    changed = changed || (ours && !there);
    at = ours && !there ? known.erase(at) : std::next(at);
  }
  changed = changed || !missing.empty();
  SLIPWAY_TRY(fetch_listed(missing, events));
  std::sort(events.begin(), events.end(), comes_before);
  if (changed) SLIPWAY_TRY(remember(events, file));
  return events;
}

Status EventLog::remember(const std::vector<Event>& events, RecordFile& file) {
  std::string text;
  for (const Event& event : events) {
    SLIPWAY_ASSIGN(const std::string line, event.canonical());
    ledger_.known_events().emplace(io::digest_of(line).short_hex(), line);
    text += line + "\n";
  }
  (void)file.save(text);
  return {};
}

Result<Event> EventLog::append(Event event) {
  ledger_.refresh();
  SLIPWAY_ASSIGN(auto events, read(event.app, event.environment));
  event.order = events.empty() ? 1 : events.back().order + 1;
  SLIPWAY_ASSIGN(const std::string bytes, event.canonical());
  const RecordArtifact artifact = make_record_artifact(kEventType, bytes);
  SLIPWAY_ASSIGN(const auto target, ledger_.open_for_writing());
  io::TextSource blob(bytes);
  SLIPWAY_TRY(target->push(artifact.blob, blob));
  SLIPWAY_TRY(target->push_tagged(artifact.manifest, artifact.manifest_bytes, event_tag(event, artifact.blob.digest)));
  ledger_.refresh();
  events.push_back(event);
  RecordFile file(ledger_.cache(), "events", ledger_.location().str(), event.app, event.environment);
  SLIPWAY_TRY(remember(events, file));
  return event;
}

}  // namespace slipway::release
