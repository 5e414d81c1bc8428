#pragma once

#include <optional>
#include <string>

#include "slipway/release/promote.h"

namespace slipway::release {

/// What a tag points to; nothing when the tag or its whole repository is not there.
Result<std::optional<Digest>> tag_state(store::ReadTarget& target, const std::string& tag);
Result<std::optional<Digest>> tag_state(store::Opener& opener, const oci::Location& repository, const std::string& tag);

/// Writes a tag that never moves: the same digest is success, another one Errc::conflict
/// unless it is `ours`, left behind by an unfinished run of this machine.
Status write_once(store::Target& target, const oci::Descriptor& root, const std::string& tag,
                  const std::optional<Digest>& ours);

/// Moves a tag from `expected` to `root`; there already is success, anything else Errc::conflict.
Status move_tag(store::Target& target, const oci::Descriptor& root, const TagMove& move);

/// Errc::conflict, for a tag that somebody else moved.
Error drift_error(const std::string& place, const std::string& tag, const std::optional<Digest>& found);

}  // namespace slipway::release
