#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "slipway/release/ledger.h"

namespace slipway::release {

/// Reads and hashes everything that `root` reaches. Content that is missing or has other bytes is added to `problems`,
/// named as layer, config or manifest of `what`; fails only where nothing can be said.
Status prove_graph(store::ReadTarget& target, const Digest& root, const std::string& what, std::stop_token stop,
                   std::vector<Error>& problems);

/// The entry that a referrer carries. Errc::verification_failed when it is none.
Result<Recorded> read_evidence(store::ReadTarget& target, const oci::Descriptor& referrer);

/// The manifests beside an image that may be evidence; nullopt where the registry has no list of them that it can read,
/// because something else has the tag of the list, or it died while it wrote it.
Result<std::optional<std::vector<oci::Descriptor>>> list_evidence(store::ReadTarget& target, const Digest& image);

}  // namespace slipway::release
