#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "slipway/base/fs.h"
#include "slipway/release/entry.h"
#include "slipway/store/opener.h"

namespace slipway::release {

/// An entry with its id and the very bytes that have it.
struct Recorded {
  Entry entry;
  Digest id;
  std::string bytes;
};

/// The append-only chain of one environment, oldest first.
struct Chain {
  std::vector<Recorded> entries;
  std::vector<Recorded> forks{};  ///< entries that lost: another one of their number is in the chain
  /// Whether a fork left this image behind.
  bool lost(const std::optional<Digest>& image) const;
  /// The active release: the last entry, never what a tag says.
  const Recorded* head() const { return entries.empty() ? nullptr : &entries.back(); }
  const Recorded* number(std::int64_t n) const;
};

/// Where entries seen before are kept; no folder: nowhere.
struct LedgerCache {
  FileSystem* fs = nullptr;
  std::filesystem::path folder{};
};

class EntryCache;

/// The authority: entries of all environments of a ledger repository, each under its own tag
/// `<app>.<env>.v<N>.<12 hex of its id>`. Lists its tags once, until refresh() or append(), and reads an entry once
/// ever: a view of one moment. One thread at a time.
/// Two entries with one number are a fork: the one that the chain goes on from holds, of the newest the one with the
/// smallest id, so that all readers see the same.
class Ledger {
 public:
  Ledger(store::Opener& opener, oci::Location location, LedgerCache cache = {});
  ~Ledger();

  /// The whole chain, verified: ids, canonical bytes, numbers without gaps, every `prev`. A ledger that does not
  /// exist yet is empty. Errc::verification_failed for a broken chain.
  Result<Chain> read(const std::string& app, const std::string& environment);
  /// The newest entry alone, verified by itself.
  Result<std::optional<Recorded>> head(const std::string& app, const std::string& environment);
  /// The entry of one number, verified by itself; nothing when the ledger has none.
  Result<std::optional<Recorded>> number(const std::string& app, const std::string& environment, std::int64_t n);
  /// The tags of entries that share their number with another: two writers at once. Asks for the list of tags only.
  Result<std::vector<std::string>> forked(const std::string& app, const std::string& environment);
  /// Puts the entry: the commit of a release. Idempotent. An entry whose number 64 divides carries the 64 before it.
  Result<Recorded> append(const Entry& entry);
  /// Puts the entry under its claim `<app>.<env>.v<N>`, which only one writer can have where tags cannot be
  /// overwritten. Errc::conflict when another has it.
  Status claim(const Entry& entry);
  /// Looks again at what others wrote.
  void refresh() { tags_.reset(); }
  const oci::Location& location() const { return location_; }
  const LedgerCache& cache() const { return place_; }
  /// The tags of the ledger's repository that begin so.
  Result<std::vector<std::string>> tags_with(const std::string& prefix);
  /// Whether the ledger's repository has the tag.
  Result<bool> has_tag(const std::string& tag);
  /// The config artifact's home is the ledger, tag `<app>.<env>.c.<12 hex>`.
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
  Result<bool> is_claim(const std::string& tag);
  Result<Read> fetch(store::ReadTarget& target, const Slot& slot) const;
  Result<Recorded> one(const std::string& app, const std::string& environment, const Slot& slot);
  Status fetch_all(EntryCache& cache, const std::vector<Slot>& slots);
  Result<std::vector<Recorded>> all_of(const std::string& app, const std::string& environment,
                                       const std::vector<Slot>& slots);
  Status fetch_carriers(EntryCache& cache, const std::vector<Slot>& slots);
  EntryCache& cache_of(const std::string& app, const std::string& environment);

  store::Opener& opener_;
  oci::Location location_;
  LedgerCache place_;
  std::optional<std::vector<std::string>> tags_;
  std::map<std::string, std::unique_ptr<EntryCache>> caches_;
};

/// Attaches the entry, byte for byte, to the image in its environment's repository, as a referrer. From `ledger`, where
/// the entry is already, its blob is mounted where that is possible. Idempotent.
Status push_evidence(const Recorded& recorded, const oci::Descriptor& image, const oci::Location& ledger,
                     store::Target& to);

}  // namespace slipway::release
