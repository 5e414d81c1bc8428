#pragma once

#include <map>

#include "slipway/release/event.h"
#include "slipway/release/services.h"

namespace slipway::release {

/// Returns the numbers of the releases that can be retired, ascending: all but the newest `keep`, the active one, the
/// one that an active rollback restores, and those that are retired already. Pure.
std::vector<std::int64_t> retirable(const Chain& chain, const std::vector<Event>& events, std::int64_t keep);

/// Manifests and tags that leave a repository together.
struct Removal {
  std::map<std::string, oci::Descriptor> tags;  ///< with the manifest of each
  std::vector<oci::Descriptor> manifests;       ///< that no other tag names afterwards, an index before its children
};

/// The releases of an environment that are given up, and the content that is freed by it.
struct Retirement {
  std::vector<std::int64_t> numbers;  ///< to be recorded
  Removal removal;                    ///< also of releases given up by a run that did not come to its end
};

/// Finds the tags that only these releases need: their keep tags, the environment's tags written once, in layer mode
/// the tags of their builds, and the attachments of images that nothing else names. An image that another release of
/// the project or any other tag still names stays. Reads only.
Result<Retirement> plan_retirement(const Project& project, const Environment& environment, std::int64_t keep,
                                   Ledger& ledger, const ReleaseServices& services);

/// Success if the place lets this client delete; asks without deleting anything. Errc::unsupported, forbidden.
Status require_deletable(store::Target& target);

/// Removes tags, and manifests where tags cannot be deleted alone; those that are gone already do not count. A tag that
/// the registry cannot delete alone is first pointed to a record of its removal, which goes with it.
Status remove(const Removal& removal, store::Target& target);

}  // namespace slipway::release
