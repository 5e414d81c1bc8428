#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

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
  /// The active release: the last entry, never what a tag says.
  const Recorded* head() const { return entries.empty() ? nullptr : &entries.back(); }
  const Recorded* number(std::int64_t n) const;
};

/// The authority: entries of all environments of a ledger repository, each under
/// its own tag `<app>.<env>.v<N>.<12 hex of its id>`. Thread-safe as far as its target is.
class Ledger {
 public:
  Ledger(store::Opener& opener, oci::Location location) : opener_(opener), location_(std::move(location)) {}

  /// The whole chain, verified: ids, canonical bytes, numbers without gaps, every `prev`. A ledger that does not
  /// exist yet is empty. Errc::conflict for two entries with one number, verification_failed for a broken chain.
  Result<Chain> read(const std::string& app, const std::string& environment);
  /// The newest entry alone, verified by itself: two requests.
  Result<std::optional<Recorded>> head(const std::string& app, const std::string& environment);
  /// The entry of one number, verified by itself; nothing when the ledger has none.
  Result<std::optional<Recorded>> number(const std::string& app, const std::string& environment, std::int64_t n);
  /// Puts the entry: the commit of a release. Idempotent.
  Result<Recorded> append(const Entry& entry);
  /// The config artifact's home is the ledger, tag `<app>.<env>.c.<12 hex>`.
  Result<std::shared_ptr<store::Target>> open_for_writing();
  Result<std::shared_ptr<store::ReadTarget>> open_for_reading();

 private:
  struct Slot {
    std::int64_t number;
    std::string tag;
    std::string hex;
  };
  Result<std::vector<Slot>> slots(store::ReadTarget& target, const std::string& prefix);
  Result<Recorded> fetch(store::ReadTarget& target, const Slot& slot);

  store::Opener& opener_;
  oci::Location location_;
};

/// Attaches the entry, byte for byte, to the image in its environment's repository, as a referrer. Idempotent.
Status push_evidence(const Recorded& recorded, const oci::Descriptor& image, store::Target& to);

}  // namespace slipway::release
