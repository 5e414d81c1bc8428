#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "slipway/base/clock.h"
#include "slipway/base/fs.h"
#include "slipway/release/entry.h"
#include "slipway/store/opener.h"

// The ledger is the authority over what is released. It is a repository (or layout) in which every entry stands under a
// tag of its own, `<app>.<env>.v<N>.<12 hex of the entry's id>`; the entry's id is the digest of its canonical JSON,
// and each entry names the id of the one before (`prev`). So a reader needs the list of tags and, for entries that this
// user never saw, one request each; nothing is ever rewritten.
//
// States of a number N of one environment:
//
// - free: no entry has it. The next writer may take N = newest + 1.
// - claimed: `<app>.<env>.v<N>` alone, where tags are immutable. The claim is the entry; any writer completes it.
// - committed: one entry. The release is made; tag and evidence may still lag.
// - unreadable: the tag is listed and cannot be read, as a registry leaves it that dies during a write. It was never
//   committed, unless a later entry, evidence or this user's memory names it. One warning, and N is free; the entry
//   that takes N names the tag as `abandoned`, and loses to nothing that reappears there.
// - forked: two entries, from two writers at once. The entry that v<N+1> follows holds; of the newest number the one
//   with the smallest id. All readers see the same.
//
// A Ledger is a view of one moment: it lists the tags once and keeps the list until refresh() or append(). Entries are
// immutable, so they are kept for good, in memory and, with a LedgerCache, on disk. One thread at a time. Order of
// calls for a writer: take the Sequencer's turn, refresh(), head(), append(), head() again.
//
//   Ledger ledger(opener, location);
//   SLIPWAY_ASSIGN(const auto head, ledger.head("hello", "production"));
//   if (head) fmt::print("v{} runs {}\n", head->entry.number, head->entry.image.digest.str());

namespace slipway::release {

/// An entry with its id and the exact bytes that have it.
struct Recorded {
  Entry entry;
  Digest id;
  std::string bytes;
};

/// A tag of an entry that the ledger lists and cannot hand out: what a registry leaves that dies during a write.
struct UnreadableEntry {
  std::int64_t number = 0;
  std::string tag;
  std::string hex;  ///< of the entry's id, 12 digits; empty for a claim
  Error why;
};

/// The append-only chain of one environment, oldest first.
struct Chain {
  std::vector<Recorded> entries;
  std::vector<Recorded> forks{};              ///< entries that lost: another one of their number is in the chain
  std::vector<UnreadableEntry> unreadable{};  ///< count as never committed; nothing in the chain names them
  /// Returns true if a fork left this image behind.
  bool lost(const std::optional<Digest>& image) const;
  /// The active release: the last entry, never what a tag says.
  const Recorded* head() const { return entries.empty() ? nullptr : &entries.back(); }
  const Recorded* number(std::int64_t n) const;
};

/// The place where entries seen before are kept on disk; without a folder there is none.
struct LedgerCache {
  FileSystem* fs = nullptr;
  std::filesystem::path folder{};
};

/// Receives warnings about tags that are skipped, each once in the life of a Ledger.
using WarningSink = std::function<void(const Error&)>;

class EntryCache;

/// A view of the entries of all environments of one ledger repository. The opener must outlive it.
class Ledger {
 public:
  /// `opener` and `clock` must outlive it.
  Ledger(store::Opener& opener, oci::Location location, LedgerCache cache = {}, Clock& clock = system_clock(),
         WarningSink warn = {});
  ~Ledger();

  /// Returns the whole chain, verified: ids, canonical bytes, numbers without gaps, every `prev`. A ledger that does
  /// not exist yet is empty. Errc::verification_failed for a broken chain.
  Result<Chain> read(const std::string& app, const std::string& environment);
  /// Returns the newest entry alone, verified by itself.
  Result<std::optional<Recorded>> head(const std::string& app, const std::string& environment);
  /// Returns the entry of one number, verified by itself; nothing when the ledger has none.
  Result<std::optional<Recorded>> number(const std::string& app, const std::string& environment, std::int64_t n);
  /// Returns the tags of entries that share their number with another: two writers at once. Needs the list of tags
  /// only.
  Result<std::vector<std::string>> forked(const std::string& app, const std::string& environment);
  /// Puts the entry, the commit of a release, and sees that it can be read. Idempotent. An entry whose number 64
  /// divides carries the 64 before it.
  Result<Recorded> append(const Entry& entry);
  /// Puts the entry under its claim `<app>.<env>.v<N>`, which only one writer can have where tags cannot be
  /// overwritten. Errc::conflict when another has it.
  Status claim(const Entry& entry);
  /// Puts an entry that this user remembers again, where the registry lost it; nothing when it is there.
  Status restore(const Recorded& recorded);
  /// The events read so far, canonical bytes by short id: shared by everyone who reads through this view.
  std::map<std::string, std::string>& known_events() { return events_; }
  /// Forgets the list of tags, so that the next call sees what others wrote.
  void refresh();
  /// Fetches a document under a listed tag; nothing, and a warning, when it cannot be read. A registry may list a tag
  /// that somebody is writing a moment before it has it: it is asked again for 600 ms.
  Result<std::optional<store::Fetched>> fetch_listed(store::ReadTarget& target, const std::string& tag);
  /// Warns of a listed tag that is skipped, once.
  void skip(const std::string& tag, const Error& why);
  const oci::Location& location() const { return location_; }
  const LedgerCache& cache() const { return place_; }
  /// Returns the tags of the ledger's repository that begin with `prefix`, byte-sorted.
  Result<std::vector<std::string>> tags_with(const std::string& prefix);
  /// Returns true if the ledger's repository lists the tag.
  Result<bool> has_tag(const std::string& tag);
  /// Open the ledger's repository, where config artifacts live too, under `<app>.<env>.c.<12 hex>`.
  Result<std::shared_ptr<store::Target>> open_for_writing();
  Result<std::shared_ptr<store::ReadTarget>> open_for_reading();

 private:
  struct Slot {
    std::int64_t number;
    std::string tag;
    std::string hex;
  };
  struct Read {
    Recorded recorded;
    std::vector<Recorded> carried;
  };
  Status list();
  Result<std::vector<Slot>> slots(const std::string& app, const std::string& environment);
  Result<bool> is_claim(const Slot& slot);
  Result<Read> parse(store::ReadTarget& target, const Slot& slot, store::Fetched fetched) const;
  Result<Read> fetch(store::ReadTarget& target, const Slot& slot) const;
  Result<store::Fetched> ask(store::ReadTarget& target, const std::string& tag) const;
  Result<bool> is_unreadable(const Error& why);
  Status leave_out(const Slot& slot, const Error& why);
  std::vector<UnreadableEntry> unreadable_of(const std::string& prefix) const;
  Result<std::optional<Recorded>> one(const std::string& app, const std::string& environment, const Slot& slot);
  Status fetch_all(EntryCache& cache, const std::vector<Slot>& slots);
  Result<std::vector<Recorded>> all_of(const std::string& app, const std::string& environment,
                                       const std::vector<Slot>& slots);
  Status fetch_carriers(EntryCache& cache, const std::vector<Slot>& slots);
  EntryCache& cache_of(const std::string& app, const std::string& environment);

  store::Opener& opener_;
  oci::Location location_;
  LedgerCache place_;
  Clock* clock_;
  WarningSink warn_;
  std::optional<std::vector<std::string>> tags_;
  std::map<std::string, UnreadableEntry> unreadable_;  ///< by tag, of the present list
  std::set<std::string> warned_;
  std::map<std::string, std::string> events_;
  std::map<std::string, std::unique_ptr<EntryCache>> caches_;
};

/// Attaches the entry, byte for byte, to the image in its environment's repository, as a referrer. From `ledger`, where
/// the entry is already, its blob is mounted where that is possible. Idempotent.
Status push_evidence(const Recorded& recorded, const oci::Descriptor& image, const oci::Location& ledger,
                     store::Target& to);

}  // namespace slipway::release
