#pragma once

#include "slipway/release/ledger.h"

namespace slipway::release {

/// The type of the manifest that takes the place of a tag which cannot be read, so that it can be deleted.
inline constexpr std::string_view kTombstoneType = "application/vnd.slipway.tombstone.v1+json";

/// The message of Errc::not_found where a tombstone is found.
inline constexpr std::string_view kRemoved = "slipway doctor removed it";

/// Removes a tag that is listed and cannot be read. A registry that does not delete what it cannot read gets a manifest
/// of its own under the tag, which is then deleted; where nothing can be deleted that manifest stays, and readers pass
/// it over.
Status remove_dangling(store::Target& target, const std::string& tag);

/// Returns true if a later entry names the tag as never committed.
bool is_abandoned(const Chain& chain, const std::string& tag);

}  // namespace slipway::release
