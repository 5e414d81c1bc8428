#pragma once

#include <set>

#include "slipway/release/environment.h"
#include "slipway/release/retire.h"

// Builds that no ledger needs are given up in two phases, because a registry knows neither when a build was pushed nor
// who runs it: the first run marks what is old enough, a later one, after the wait, looks again and removes it. The age
// comes from the record that `build --push` writes beside the build; a build without a record has no age and stays.

namespace slipway::release {

/// Writes when a build was pushed, under the tag `build-<12 hex>.r` beside it. A record of the last day stays as it is,
/// and so does one that the registry does not let replace.
Status record_build(store::Target& target, const Digest& build, std::int64_t time);

/// The builds that may go.
struct BuildsRequest {
  std::int64_t age = 0;     ///< seconds since the build was pushed, at least
  std::int64_t wait = 0;    ///< seconds between mark and removal
  std::size_t keep = 0;     ///< the newest builds that stay whatever their age
  std::set<Digest> in_use;  ///< digests that somebody runs or pins
};

/// The builds of one repository and what becomes of them.
struct BuildsPlan {
  std::vector<Digest> marked;                            ///< now, for the first time
  std::vector<std::pair<Digest, std::int64_t>> waiting;  ///< with the unix time from which they may be removed
  std::vector<Digest> removed;
  std::size_t without_record = 0;
  Removal removal;
};

/// Finds the builds at `repository` that no release of `projects` needs, that nobody uses, that no other tag names, and
/// that are old enough. Reads only.
Result<BuildsPlan> plan_builds(const std::vector<const Project*>& projects, const oci::Location& repository,
                               const BuildsRequest& request, const ReleaseServices& services);

/// Writes the marks and removes what waited long enough. Errc::unsupported, forbidden before anything is changed where
/// the registry does not let this client delete.
Status give_up_builds(const BuildsPlan& plan, store::Target& target, std::int64_t now);

}  // namespace slipway::release
