#include "slipway/release/ledger.h"

#include <algorithm>
#include <charconv>
#include <chrono>

#include "release/entry_artifact.h"
#include "release/entry_cache.h"
#include "release/tags.h"
#include "release/tombstone.h"
#include "slipway/base/lanes.h"
#include "slipway/base/text.h"
#include "slipway/io/filters.h"

namespace slipway::release {
namespace {

/// Entries read at once: each is one small request.
constexpr std::size_t kEntryLanes = 8;

std::string entry_prefix(const std::string& app, const std::string& environment) {
  return app + "." + environment + ".v";
}

constexpr std::chrono::milliseconds kPauses[] = {std::chrono::milliseconds(50), std::chrono::milliseconds(150),
                                                 std::chrono::milliseconds(400)};

/// The registry itself answered: 404, or that it cannot read what it has.
bool is_answer(const Error& error) {
  return error.code == Errc::not_found || (error.http && error.http->status >= 500 && error.http->status != 503);
}

std::string claim_tag(const Entry& entry) {
  return entry_prefix(entry.app, entry.environment) + std::to_string(entry.number);
}

/// Errc::verification_failed when `newer` follows from an entry that the ledger lists and cannot hand out.
Status require_read(const Recorded& newer, const std::vector<UnreadableEntry>& unreadable) {
  if (!newer.entry.prev) return {};
  for (const UnreadableEntry& lost : unreadable) {
    if (lost.number + 1 != newer.entry.number || lost.hex != newer.entry.prev->short_hex()) continue;
    return fail(error(Errc::verification_failed,
                      "the ledger lists the entry {}, but cannot return it ({}), and v{} "
                      "follows from it",
                      lost.tag, lost.why.message, newer.entry.number)
                    .with_hint("restore it from a machine that remembers it: slipway doctor " +
                               newer.entry.environment + " --repair"));
  }
  return {};
}

Status follows(const Recorded& older, const Recorded& newer) {
  if (newer.entry.number != older.entry.number + 1) {
    return fail(Errc::verification_failed, "the ledger has no release v{} of {}", older.entry.number + 1,
                older.entry.environment);
  }
  if (newer.entry.prev != older.id) {
    return fail(Errc::verification_failed, "release v{} of {} does not follow from v{}: the ledger was changed",
                newer.entry.number, newer.entry.environment, older.entry.number);
  }
  return {};
}

bool is_older(const Recorded& a, const Recorded& b) {
  return std::tie(a.entry.number, a.id) < std::tie(b.entry.number, b.id);
}

/// A chain begins with v1, or where an image was adopted after its ledger was lost.
Status begins(const Recorded& first) {
  if (!first.entry.prev && (first.entry.number == 1 || first.entry.kind == Kind::adopt)) return {};
  return fail(Errc::verification_failed, "the ledger has no release before v{} of {}", first.entry.number,
              first.entry.environment);
}

/// The tags of entries that a later one names as never committed: should they reappear, they lose.
std::set<std::string> abandoned_in(const std::vector<Recorded>& entries) {
  std::set<std::string> tags;
  for (const Recorded& recorded : entries)
    tags.insert(recorded.entry.abandoned.begin(), recorded.entry.abandoned.end());
  return tags;
}

/// From the newest back; `entries` by number, then id.
Result<Chain> link(std::vector<Recorded> entries, const std::vector<UnreadableEntry>& unreadable) {
  Chain chain;
  const std::set<std::string> abandoned = abandoned_in(entries);
  while (!entries.empty()) {
    const std::int64_t number = entries.back().entry.number;
    std::size_t from = entries.size();
    while (from > 0 && entries[from - 1].entry.number == number)
      --from;
    std::size_t chosen = from;
    while (chosen + 1 < entries.size() && abandoned.contains(entry_tag(entries[chosen].entry, entries[chosen].id)))
      ++chosen;
    for (std::size_t i = from; i < entries.size() && !chain.entries.empty(); ++i) {
      if (chain.entries.back().entry.prev == entries[i].id) chosen = i;
    }
    if (!chain.entries.empty()) {
      if (number + 1 != chain.entries.back().entry.number) SLIPWAY_TRY(require_read(chain.entries.back(), unreadable));
      SLIPWAY_TRY(follows(entries[chosen], chain.entries.back()));
    }
    for (std::size_t i = from; i < entries.size(); ++i)
      (i == chosen ? chain.entries : chain.forks).push_back(std::move(entries[i]));
    entries.erase(entries.begin() + static_cast<std::ptrdiff_t>(from), entries.end());
  }
  std::reverse(chain.entries.begin(), chain.entries.end());
  if (chain.entries.empty()) return chain;
  SLIPWAY_TRY(require_read(chain.entries.front(), unreadable));
  SLIPWAY_TRY(begins(chain.entries.front()));
  return chain;
}

}  // namespace

const Recorded* Chain::number(std::int64_t n) const {
  const auto at = std::find_if(entries.begin(), entries.end(), [&](const Recorded& r) { return r.entry.number == n; });
  return at == entries.end() ? nullptr : &*at;
}

bool Chain::lost(const std::optional<Digest>& image) const {
  return std::any_of(forks.begin(), forks.end(), [&](const Recorded& r) { return r.entry.image.digest == image; });
}

Ledger::Ledger(store::Opener& opener, oci::Location location, LedgerCache cache, Clock& clock, WarningSink warn)
    : opener_(opener),
      location_(std::move(location)),
      place_(cache.must_prove ? LedgerCache{} : cache),
      memory_(std::move(cache)),
      clock_(&clock),
      warn_(std::move(warn)) {}

Ledger::~Ledger() {
  for (const auto& [name, cache] : caches_)
    cache->save();
}

Result<std::shared_ptr<store::Target>> Ledger::open_for_writing() {
  return opener_.open_for_writing(location_, Side::destination);
}

Result<std::shared_ptr<store::ReadTarget>> Ledger::open_for_reading() {
  return opener_.open_for_reading(location_, Side::destination);
}

EntryCache& Ledger::cache_of(const std::string& app, const std::string& environment) {
  auto& found = caches_[app + "." + environment];
  if (!found) found = std::make_unique<EntryCache>(place_, location_.str(), app, environment);
  return *found;
}

EntryCache& Ledger::memory_of(const std::string& app, const std::string& environment) {
  if (!memory_.must_prove) return cache_of(app, environment);
  auto& found = memories_[app + "." + environment];
  if (!found) found = std::make_unique<EntryCache>(memory_, location_.str(), app, environment);
  return *found;
}

Status Ledger::list() {
  if (tags_) return {};
  auto target = open_for_reading();
  if (!target && target.error().code == Errc::not_found) {
    tags_.emplace();
    return {};
  }
  SLIPWAY_TRY(target);
  auto* lister = store::as<store::TagLister>(**target);
  if (lister == nullptr)
    return fail(Errc::unsupported, "{} cannot list its tags, which a ledger needs", (*target)->name());
  auto tags = lister->list_tags();
  if (!tags && tags.error().code != Errc::not_found) return fail(std::move(tags).error());
  tags_ = tags ? *std::move(tags) : std::vector<std::string>();
  return {};
}

void Ledger::refresh() {
  tags_.reset();
  unreadable_.clear();
  unlisted_.clear();
}

Result<store::Fetched> Ledger::ask(store::ReadTarget& target, const std::string& tag) const {
  auto fetched = target.fetch_document(tag);
  for (const auto pause : kPauses) {
    if (fetched || fetched.error().code != Errc::not_found) break;
    SLIPWAY_TRY(clock_->sleep(pause, {}));
    fetched = target.fetch_document(tag);
  }
  return fetched;
}

/// A 5xx is this tag's fault only if the registry answers another question.
Result<bool> Ledger::is_unreadable(const Error& why) {
  if (!is_answer(why)) return false;
  if (why.code == Errc::not_found) return true;
  SLIPWAY_ASSIGN(const auto target, open_for_reading());
  auto* lister = store::as<store::TagLister>(*target);
  return lister != nullptr && lister->list_tags().has_value();
}

void Ledger::skip(const std::string& tag, const Error& why) {
  if (!warn_ || !warned_.insert(tag).second) return;
  warn_(error(Errc::not_found, "{} lists {}, but cannot return it ({}): it was never committed and is skipped",
              location_.str(), tag, why.message)
            .with_hint("remove it with: slipway doctor --repair"));
}

Status Ledger::leave_out(const Slot& slot, const Error& why) {
  SLIPWAY_ASSIGN(const bool unreadable, is_unreadable(why));
  if (!unreadable) return fail(why);
  if (why.message != kRemoved) skip(slot.tag, why);
  unreadable_.insert_or_assign(slot.tag, UnreadableEntry{slot.number, slot.tag, slot.hex, why});
  return {};
}

std::vector<UnreadableEntry> Ledger::unreadable_of(const std::string& prefix) const {
  std::vector<UnreadableEntry> found;
  for (const auto& [tag, entry] : unreadable_) {
    if (tag.starts_with(prefix) && entry.why.message != kRemoved) found.push_back(entry);
  }
  return found;
}

Result<std::optional<store::Fetched>> Ledger::fetch_listed(store::ReadTarget& target, const std::string& tag) {
  auto fetched = ask(target, tag);
  if (fetched) return std::optional<store::Fetched>(*std::move(fetched));
  SLIPWAY_ASSIGN(const bool unreadable, is_unreadable(fetched.error()));
  if (!unreadable) return fail(std::move(fetched).error());
  skip(tag, fetched.error());
  return std::optional<store::Fetched>();
}

Result<std::vector<std::string>> Ledger::tags_with(const std::string& prefix) {
  SLIPWAY_TRY(list());
  std::vector<std::string> found;
  for (const std::string& tag : *tags_) {
    if (tag.starts_with(prefix)) found.push_back(tag);
  }
  return found;
}

Result<bool> Ledger::has_tag(const std::string& tag) {
  SLIPWAY_TRY(list());
  return std::binary_search(tags_->begin(), tags_->end(), tag);
}

Result<std::vector<Ledger::Slot>> Ledger::listed_slots(const std::string& app, const std::string& environment) {
  SLIPWAY_TRY(list());
  const std::string prefix = entry_prefix(app, environment);
  std::vector<Slot> found;
  for (const std::string& tag : *tags_) {
    if (!tag.starts_with(prefix) || unreadable_.contains(tag)) continue;
    const std::string rest = tag.substr(prefix.size());
    const std::size_t dot = std::min(rest.find('.'), rest.size());
    std::int64_t number = 0;
    const auto [end, problem] = std::from_chars(rest.data(), rest.data() + rest.size(), number);
    if (problem != std::errc() || end != rest.data() + dot || number < 1) continue;
    found.push_back({number, tag, dot == rest.size() ? "" : rest.substr(dot + 1)});
  }
  std::sort(found.begin(), found.end(),
            [](const Slot& a, const Slot& b) { return std::tie(a.number, a.hex) < std::tie(b.number, b.hex); });
  // A claim counts where its writer came no further: there it is the entry.
  std::vector<Slot> kept;
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (!found[i].hex.empty()) {
      kept.push_back(std::move(found[i]));
      continue;
    }
    const bool settled = i + 1 < found.size() && found[i + 1].number == found[i].number;
    if (settled) continue;
    SLIPWAY_ASSIGN(const bool is_one, is_claim(found[i]));
    if (is_one) kept.push_back(std::move(found[i]));
  }
  return kept;
}

Result<std::vector<Ledger::Slot>> Ledger::slots(const std::string& app, const std::string& environment) {
  SLIPWAY_ASSIGN(auto found, listed_slots(app, environment));
  const EntryCache& memory = memory_of(app, environment);
  std::set<std::int64_t> listed;
  for (const Slot& slot : found)
    listed.insert(slot.number);
  // Entries before the first one were left behind, unless it follows from them.
  const Recorded* const first = found.empty() ? nullptr : memory.find(found.front().tag);
  const bool begins_there = !found.empty() && (first == nullptr || !first->entry.prev);
  std::vector<const Recorded*> unlisted;
  for (const auto& [tag, seen] : memory.all()) {
    const std::int64_t number = seen.entry.number;
    if (listed.contains(number) || unreadable_.contains(tag)) continue;
    if (!begins_there || number > found.front().number) unlisted.push_back(&seen);
  }
  if (unlisted.empty()) return found;
  SLIPWAY_TRY(ask_for_unlisted(cache_of(app, environment), unlisted));
  std::vector<const Recorded*> removed;
  for (const Recorded* seen : unlisted) {
    const std::string tag = entry_tag(seen->entry, seen->id);
    if (unlisted_.at(tag)) {
      found.push_back({seen->entry.number, tag, seen->id.short_hex()});
    } else {
      removed.push_back(seen);
    }
  }
  std::sort(found.begin(), found.end(),
            [](const Slot& a, const Slot& b) { return std::tie(a.number, a.hex) < std::tie(b.number, b.hex); });
  SLIPWAY_TRY(report_removed(removed));
  return found;
}

/// A list may lag behind its tags: only an entry that its tag does not name either was removed.
Status Ledger::ask_for_unlisted(EntryCache& cache, const std::vector<const Recorded*>& unlisted) {
  std::vector<Slot> asked;
  for (const Recorded* seen : unlisted) {
    Slot slot{seen->entry.number, entry_tag(seen->entry, seen->id), seen->id.short_hex()};
    if (!unlisted_.contains(slot.tag)) asked.push_back(std::move(slot));
  }
  if (asked.empty()) return {};
  auto target = open_for_reading();
  const bool is_gone = !target && target.error().code == Errc::not_found;
  if (!is_gone) SLIPWAY_TRY(target);
  std::vector<std::optional<Result<Read>>> answers(asked.size());
  const Status status =
      run_lanes(kEntryLanes, is_gone ? 0 : asked.size(), {}, [&](std::size_t i, const std::stop_token&) -> Status {
        answers[i] = fetch(**target, asked[i]);
        return {};
      });
  SLIPWAY_TRY(status);
  for (std::size_t i = 0; i < asked.size(); ++i) {
    const bool there = answers[i] && *answers[i];
    if (answers[i] && !there) {
      SLIPWAY_ASSIGN(const bool unreadable, is_unreadable(answers[i]->error()));
      if (!unreadable) return fail(answers[i]->error());
    }
    if (there) cache.add((*answers[i])->recorded);
    unlisted_.insert_or_assign(asked[i].tag, there);
  }
  return {};
}

/// Or somebody else's tag.
Result<bool> Ledger::is_claim(const Slot& slot) {
  SLIPWAY_ASSIGN(const auto target, open_for_reading());
  auto fetched = target->fetch_document(slot.tag);
  if (!fetched) {
    SLIPWAY_TRY(leave_out(slot, fetched.error()));
    return false;
  }
  const auto manifest = oci::parse_manifest(std::move(fetched->bytes), fetched->descriptor.media_type);
  return manifest && manifest->artifact_type == kEntryType;
}

Result<std::vector<std::string>> Ledger::forked(const std::string& app, const std::string& environment) {
  SLIPWAY_ASSIGN(const auto found, slots(app, environment));
  std::vector<std::string> tags;
  for (std::size_t i = 0; i < found.size(); ++i) {
    const bool as_before = i > 0 && found[i - 1].number == found[i].number;
    const bool as_after = i + 1 < found.size() && found[i + 1].number == found[i].number;
    if (as_before || as_after) tags.push_back(found[i].tag);
  }
  return tags;
}

Result<Ledger::Read> Ledger::fetch(store::ReadTarget& target, const Slot& slot) const {
  SLIPWAY_ASSIGN(store::Fetched fetched, ask(target, slot.tag));
  return parse(target, slot, std::move(fetched));
}

Result<Ledger::Read> Ledger::parse(store::ReadTarget& target, const Slot& slot, store::Fetched fetched) const {
  const std::string& tag = slot.tag;
  SLIPWAY_ASSIGN(const oci::Manifest manifest,
                 oci::parse_manifest(std::move(fetched.bytes), fetched.descriptor.media_type));
  if (manifest.artifact_type == kTombstoneType) return fail(Errc::not_found, "{}", kRemoved);
  const auto refuse = [&](std::string_view why) {
    return fail(Error(Errc::verification_failed, fmt::format("the ledger entry {} in {} {}", tag, location_.str(), why))
                    .with_hint(fmt::format(
                        "somebody changed the ledger; restore the entry from a copy: slipway copy COPY:{0} {1}:{0}",
                        tag, location_.place())));
  };
  auto bytes = record_bytes(manifest, kEntryType, target);
  if (!bytes)
    return bytes.error().code == Errc::verification_failed ? refuse(bytes.error().message) : fail(bytes.error());
  auto recorded = recorded_from(*std::move(bytes));
  if (!recorded && recorded.error().code == Errc::verification_failed) return refuse(recorded.error().message);
  if (!recorded) return fail(std::move(recorded).error().in(fmt::format("reading {} in {}", tag, location_.str())));
  if (!slot.hex.empty() && slot.hex != recorded->id.short_hex()) return refuse("does not have the id in its tag");
  const Entry& entry = recorded->entry;
  const std::string own = slot.hex.empty() ? claim_tag(entry) : entry_tag(entry, recorded->id);
  if (own != tag) return refuse("belongs to another release");
  return Read{*std::move(recorded), carried_entries(manifest)};
}

/// Nothing when the entry cannot be read.
Result<std::optional<Recorded>> Ledger::one(const std::string& app, const std::string& environment, const Slot& slot) {
  EntryCache& cache = cache_of(app, environment);
  if (const Recorded* known = cache.find(slot.tag)) return std::optional<Recorded>(*known);
  SLIPWAY_ASSIGN(const auto target, open_for_reading());
  auto read = fetch(*target, slot);
  if (!read) {
    SLIPWAY_TRY(leave_out(slot, read.error()));
    return std::optional<Recorded>();
  }
  cache.add(read->recorded);
  return std::optional<Recorded>(std::move(read->recorded));
}

Status Ledger::fetch_all(EntryCache& cache, const std::vector<Slot>& slots) {
  if (slots.empty()) return {};
  SLIPWAY_ASSIGN(const auto target, open_for_reading());
  std::vector<std::optional<Result<Read>>> fetched(slots.size());
  const Status status = run_lanes(kEntryLanes, slots.size(), {}, [&](std::size_t i, const std::stop_token&) -> Status {
    fetched[i] = fetch(*target, slots[i]);
    if (*fetched[i] || is_answer(fetched[i]->error())) return {};
    return fail(fetched[i]->error());
  });
  SLIPWAY_TRY(status);
  for (std::size_t i = 0; i < slots.size(); ++i) {
    const Result<Read>& read = *fetched[i];
    if (!read) {
      SLIPWAY_TRY(leave_out(slots[i], read.error()));
      continue;
    }
    cache.add(read->recorded);
    // By their digests they are what they say, whoever carries them; whether they belong to the chain is seen later.
    for (const Recorded& carried : read->carried)
      cache.add(carried);
  }
  return {};
}

/// Entries that carry others first, but only where they spare requests.
Status Ledger::fetch_carriers(EntryCache& cache, const std::vector<Slot>& slots) {
  std::vector<Slot> carriers;
  std::size_t missing = 0;
  for (const Slot& slot : slots) {
    if (slot.number % kCarried == 0) {
      if (missing > 1) carriers.push_back(slot);
      missing = 0;
    }
    if (cache.find(slot.tag) == nullptr) ++missing;
  }
  return fetch_all(cache, carriers);
}

/// By number, then id.
Result<std::vector<Recorded>> Ledger::all_of(const std::string& app, const std::string& environment,
                                             const std::vector<Slot>& slots) {
  EntryCache& cache = cache_of(app, environment);
  SLIPWAY_TRY(fetch_carriers(cache, slots));
  std::vector<Slot> rest;
  std::vector<Recorded> entries;
  for (const Slot& slot : slots) {
    if (slot.hex.empty()) {
      SLIPWAY_ASSIGN(auto claimed, one(app, environment, slot));
      if (claimed) entries.push_back(*std::move(claimed));
    } else if (cache.find(slot.tag) == nullptr) {
      rest.push_back(slot);
    }
  }
  SLIPWAY_TRY(fetch_all(cache, rest));
  for (const Slot& slot : slots) {
    const Recorded* const known = slot.hex.empty() ? nullptr : cache.find(slot.tag);
    if (known != nullptr) entries.push_back(*known);
  }
  std::sort(entries.begin(), entries.end(), is_older);
  return entries;
}

Result<Chain> Ledger::read(const std::string& app, const std::string& environment) {
  SLIPWAY_ASSIGN(const auto found, slots(app, environment));
  SLIPWAY_ASSIGN(auto entries, all_of(app, environment, found));
  const std::vector<UnreadableEntry> unreadable = unreadable_of(entry_prefix(app, environment));
  SLIPWAY_ASSIGN(Chain chain, link(std::move(entries), unreadable));
  chain.unreadable = unreadable;
  for (const auto& [tag, seen] : memory_of(app, environment).all()) {
    const auto at = unlisted_.find(tag);
    if (at != unlisted_.end() && !at->second) chain.removed.push_back(seen);
  }
  std::sort(chain.removed.begin(), chain.removed.end(), is_older);
  return chain;
}

Result<std::optional<Recorded>> Ledger::head(const std::string& app, const std::string& environment) {
  for (;;) {
    SLIPWAY_ASSIGN(const auto found, slots(app, environment));
    if (found.empty()) return std::optional<Recorded>();
    SLIPWAY_ASSIGN(auto recorded, number(app, environment, found.back().number));
    // An entry that cannot be read is among the slots no longer.
    if (recorded) return recorded;
  }
}

Result<std::optional<Recorded>> Ledger::number(const std::string& app, const std::string& environment, std::int64_t n) {
  SLIPWAY_ASSIGN(const auto found, slots(app, environment));
  const auto begin = std::find_if(found.begin(), found.end(), [&](const Slot& slot) { return slot.number == n; });
  if (begin == found.end()) return std::optional<Recorded>();
  if (begin + 1 == found.end() || (begin + 1)->number != n) {
    return one(app, environment, *begin);
  }
  SLIPWAY_ASSIGN(const Chain chain, read(app, environment));
  const Recorded* const recorded = chain.number(n);
  return recorded == nullptr ? std::optional<Recorded>() : std::optional<Recorded>(*recorded);
}

Status Ledger::claim(const Entry& entry) {
  SLIPWAY_ASSIGN(std::string bytes, entry.canonical());
  SLIPWAY_ASSIGN(const EntryArtifact artifact, make_entry_artifact(std::move(bytes), std::nullopt, {}));
  SLIPWAY_ASSIGN(const auto target, open_for_writing());
  const std::string tag = claim_tag(entry);
  const auto require_ours = [&](const std::optional<Digest>& found) -> Status {
    if (found == artifact.manifest.digest) return {};
    return fail(Error(Errc::conflict, fmt::format("v{} of {} was claimed by somebody else: {} in {}", entry.number,
                                                  entry.environment, tag, location_.str()))
                    .with_hint("look at what is active: slipway status; then run the command again"));
  };
  SLIPWAY_ASSIGN(const auto before, tag_state(*target, tag));
  if (before) return require_ours(before);
  io::TextSource blob(artifact.bytes);
  SLIPWAY_TRY(target->push(artifact.blob, blob));
  const Status put = target->push_tagged(artifact.manifest, artifact.manifest_bytes, tag);
  SLIPWAY_ASSIGN(const auto after, tag_state(*target, tag));
  if (!put && !after) return put;
  refresh();
  return require_ours(after);
}

namespace {

/// A registry that takes an entry and does not hand it out has not committed it.
Status require_stored(store::ReadTarget& target, const std::string& tag, const Digest& digest, Clock& clock) {
  SLIPWAY_ASSIGN(auto there, tag_state(target, tag));
  for (const auto pause : kPauses) {
    if (there) break;
    SLIPWAY_TRY(clock.sleep(pause, {}));
    SLIPWAY_ASSIGN(there, tag_state(target, tag));
  }
  if (there == digest) return {};
  return fail(error(Errc::verification_failed, "{} accepted the entry {}, but answers that it {}", target.name(), tag,
                    there ? "is " + there->str() : std::string("does not exist"))
                  .with_hint("run the command again; if that does not help, check the registry's storage"));
}

}  // namespace

Status Ledger::restore(const Recorded& recorded) {
  SLIPWAY_ASSIGN(const auto target, open_for_reading());
  const std::string tag = entry_tag(recorded.entry, recorded.id);
  const auto there = fetch(*target, {recorded.entry.number, tag, recorded.id.short_hex()});
  if (there) return {};
  const Error& why = there.error();
  if (!is_answer(why) && why.code != Errc::verification_failed) return fail(why);
  // Without the entries before it: the chain may not hold yet.
  SLIPWAY_TRY(put(recorded.entry, {}));
  return {};
}

Result<Recorded> Ledger::append(const Entry& entry) {
  std::vector<Recorded> before;
  if (entry.number % kCarried == 0) {
    SLIPWAY_ASSIGN(Chain chain, read(entry.app, entry.environment));
    std::erase_if(chain.entries, [&](const Recorded& recorded) {
      return recorded.entry.number >= entry.number || recorded.entry.number < entry.number - kCarried;
    });
    before = std::move(chain.entries);
  }
  return put(entry, before);
}

Result<Recorded> Ledger::put(const Entry& entry, const std::vector<Recorded>& before) {
  SLIPWAY_ASSIGN(std::string bytes, entry.canonical());
  SLIPWAY_ASSIGN(const EntryArtifact artifact, make_entry_artifact(std::move(bytes), std::nullopt, before));
  SLIPWAY_ASSIGN(const auto target, open_for_writing());
  io::TextSource blob(artifact.bytes);
  SLIPWAY_TRY(target->push(artifact.blob, blob));
  if (artifact.carried) {
    io::TextSource carried(*artifact.carried->data);
    SLIPWAY_TRY(target->push(*artifact.carried, carried));
  }
  const std::string tag = entry_tag(entry, artifact.blob.digest);
  SLIPWAY_TRY(target->push_tagged(artifact.manifest, artifact.manifest_bytes, tag));
  SLIPWAY_TRY(require_stored(*target, tag, artifact.manifest.digest, *clock_));
  refresh();
  Recorded recorded{entry, artifact.blob.digest, artifact.bytes};
  cache_of(entry.app, entry.environment).add(recorded);
  return recorded;
}

}  // namespace slipway::release
