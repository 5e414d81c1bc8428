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

/// The ledger is the authority over what is released. It is a repository (or layout) in which every entry stands under
/// a tag of its own, `<app>.<env>.v<N>.<12 hex of the entry's id>`; the entry's id is the digest of its canonical JSON,
/// and each entry names the id of the one before (`prev`). So a reader needs the list of tags and, for entries that
/// this user never saw, one request each; nothing is ever rewritten.
///
/// States of a number N of one environment:
///
/// - free: no entry has it. The next writer may take N = newest + 1.
/// - claimed: `<app>.<env>.v<N>` alone, where tags are immutable. The claim is the entry; any writer completes it.
/// - committed: one entry. The release is made; tag and evidence may still lag.
/// - unreadable: the tag is listed, but cannot be read, as after a crash of the registry during a write. It was never
///   committed, unless a later entry, evidence or this user's cache names it. One warning, and N is free; the entry
///   that takes N names the tag as `abandoned`, and wins if the old one reappears.
/// - removed: an entry that this user saw is neither listed nor returned under its tag. A list may lag, so the entry is
///   asked for by its tag first. Readers warn; writers refuse, for the number is taken (require_everything_seen()).
/// - forked: two entries, from two writers at the same time. The one that v<N+1> follows is valid; of the newest number
///   the one with the smallest id that is not abandoned. All readers agree.
///
/// A Ledger is a view of one moment: it lists the tags once and keeps the list until refresh(), append() or claim().
/// Entries are immutable, so they are kept in memory and, with a LedgerCache, on disk, where the destructor stores
/// them.
///
/// Order of calls for a writer: take the Sequencer's turn, refresh(), head(), append(), head() again; a reader just
/// asks.
///
/// Threads: one at a time. Cost: one list of tags for each refresh(); one request for each entry that this user has
/// never seen, and where entries carry the 64 before them, one for 64. append() is two uploads and one look.
///
/// Errors: Errc::verification_failed for entries or chains that contradict themselves, conflict for a number that
/// another writer claimed, unsupported where the repository cannot list its tags; else those of the target.
///
/// Example: the image that an environment runs.
///
///     Result<std::string> image_of(store::Opener& opener, const oci::Location& place) {
///       release::Ledger ledger(opener, place);
///       SLIPWAY_ASSIGN(const auto head, ledger.head("hello", "production"));
///       if (!head) return fail(Errc::not_found, "nothing was released to production");
///       return head->entry.image.digest.str();
///     }
namespace slipway::release {

/// An entry with its id and the exact bytes that have it.
struct Recorded {
  Entry entry;
  Digest id;
  std::string bytes;
};

/// A tag of an entry that the ledger lists, but that cannot be read.
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
  std::vector<Recorded> removed{};            ///< this user saw them; oldest first
  /// Returns true if `image` is that of an entry in `forks`.
  bool lost(const std::optional<Digest>& image) const;
  /// The active release: the last entry, never what a tag says.
  const Recorded* head() const { return entries.empty() ? nullptr : &entries.back(); }
  /// Returns the entry of a number in the chain; nullptr when it has none.
  const Recorded* number(std::int64_t n) const;
};

/// The folder in which entries that were seen are kept; an empty path: none. `fs` is kept alive by the caller.
struct LedgerCache {
  FileSystem* fs = nullptr;
  std::filesystem::path folder{};
  /// Entries that were seen are asked for again, never believed, and nothing is added to the folder.
  bool must_prove = false;
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
  /// Returns the newest entry, verified by itself, not against the chain; nullopt before the first release.
  Result<std::optional<Recorded>> head(const std::string& app, const std::string& environment);
  /// Returns the entry of one number, verified by itself; of a forked one the valid entry, for which the chain is read.
  /// nullopt when the ledger has none.
  Result<std::optional<Recorded>> number(const std::string& app, const std::string& environment, std::int64_t n);
  /// Returns the tags of entries that share their number with another one. Needs the list of tags only.
  Result<std::vector<std::string>> forked(const std::string& app, const std::string& environment);
  /// Stores the entry, the commit of a release, and verifies that the registry has it (Errc::verification_failed).
  /// Idempotent. Whether the number is free is not checked: see "Order of calls". Every 64th entry carries the 64
  /// before it, so that new readers need fewer requests.
  Result<Recorded> append(const Entry& entry);
  /// Stores the entry under its claim `<app>.<env>.v<N>` before append(); only one writer succeeds where tags cannot be
  /// overwritten. Errc::conflict when another one did. Idempotent.
  Status claim(const Entry& entry);
  /// Stores an entry again that the registry lost or put another document in place of; does nothing when it has it.
  Status restore(const Recorded& recorded);
  /// Makes every later call fail with Errc::verification_failed for an environment of which an entry was removed that
  /// this user saw. For writers.
  void require_everything_seen() { is_strict_ = true; }
  /// Returns the entries that this user saw, from which listed ones follow or which are listed themselves, and that the
  /// ledger does not return, oldest first. One request for each entry that was seen.
  Result<std::vector<Recorded>> damaged(const std::string& app, const std::string& environment);
  /// The events read so far, canonical bytes by short id; for EventLog.
  std::map<std::string, std::string>& known_events() { return events_; }
  /// Forgets the list of tags, so that the next call sees what others wrote.
  void refresh();
  /// Fetches a document under a listed tag; nullopt, and a warning, when it cannot be read. A registry may list a tag a
  /// moment before it can be read, so it is asked again for 600 ms.
  Result<std::optional<store::Fetched>> fetch_listed(store::ReadTarget& target, const std::string& tag);
  /// Warns of a listed tag that is skipped, once in the life of this Ledger.
  void skip(const std::string& tag, const Error& why);
  const oci::Location& location() const { return location_; }
  /// Returns the folder of what may be believed without asking; none with LedgerCache::must_prove.
  const LedgerCache& cache() const { return place_; }
  /// Returns the tags of the ledger's repository that begin with `prefix`, byte-sorted.
  Result<std::vector<std::string>> tags_with(const std::string& prefix);
  /// Returns true if the ledger's repository lists the tag.
  Result<bool> has_tag(const std::string& tag);
  /// Opens the ledger's repository, which also has the config artifacts, tagged `<app>.<env>.c.<12 hex>`.
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
  EntryCache& memory_of(const std::string& app, const std::string& environment);
  Result<std::vector<Slot>> listed_slots(const std::string& app, const std::string& environment);
  Status ask_for_unlisted(EntryCache& cache, const std::vector<const Recorded*>& unlisted);
  Status report_removed(const std::vector<const Recorded*>& removed);
  Result<bool> is_returned(const Recorded& recorded);
  Result<Recorded> put(const Entry& entry, const std::vector<Recorded>& before);

  store::Opener& opener_;
  oci::Location location_;
  LedgerCache place_;   ///< of what is believed
  LedgerCache memory_;  ///< of what was seen
  Clock* clock_;
  WarningSink warn_;
  std::optional<std::vector<std::string>> tags_;
  std::map<std::string, UnreadableEntry> unreadable_;  ///< by tag, of the present list
  std::set<std::string> warned_;
  std::map<std::string, std::string> events_;
  std::map<std::string, std::unique_ptr<EntryCache>> caches_, memories_;
  std::map<std::string, bool> unlisted_;  ///< entries that were seen and are not in the present list: still there?
  bool is_strict_ = false;
};

/// Attaches the entry, byte for byte, to an image in its environment's repository `to`, as a referrer: the evidence
/// that verify_image() finds. The blob is mounted from `ledger`, which has the entry already, where that is possible.
/// Idempotent.
Status push_evidence(const Recorded& recorded, const oci::Descriptor& image, const oci::Location& ledger,
                     store::Target& to);

}  // namespace slipway::release
