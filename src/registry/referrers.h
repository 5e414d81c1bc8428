#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "registry/manifests.h"

namespace slipway::registry {

/// The manifests attached to others (distribution-spec "Listing Referrers"): by the referrers API where the registry
/// has it, else by the fallback tag `sha256-<hex>`, an index that clients keep themselves ("Referrers Tag Schema").
///
/// Thread-safe. One lane at a time changes the list of a subject; between processes of a machine the knowledge store's
/// turn does the same, and between machines each writer looks again after it wrote, until its entry is there.
class Referrers {
 public:
  Referrers(Repository& repository, Manifests& manifests) : repository_(repository), manifests_(manifests) {}

  /// Returns the referrers of a subject, byte-sorted by digest; those of one type unless that is empty. Entries that
  /// say nothing of their type (lists that cosign wrote) get the one of their manifest.
  Result<std::vector<oci::Descriptor>> list(const Digest& subject, const std::string& artifact_type);
  /// Adds a stored manifest to the fallback list of its subject. Errc::conflict where the fallback tag is something
  /// else, or others keep overwriting it.
  Status add(const oci::Descriptor& referrer, std::string_view bytes, const Digest& subject);

 private:
  class Turn;

  /// Returns every page of the API; nullopt where the registry does not have it.
  Result<std::optional<std::vector<oci::Descriptor>>> by_api(const Digest& subject);
  Result<std::optional<oci::Index>> fallback_index(const Digest& subject);
  Status merge(const oci::Descriptor& entry, const Digest& subject);
  Status complete(std::vector<oci::Descriptor>& list);

  Repository& repository_;
  Manifests& manifests_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::set<Digest> subjects_in_change_;
};

}  // namespace slipway::registry
