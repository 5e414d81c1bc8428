#pragma once

#include <optional>
#include <string>

#include "slipway/store/opener.h"

namespace slipway::release {

/// Returns the digest that a tag points to; nothing when the tag or its whole repository is not there.
Result<std::optional<Digest>> tag_state(store::ReadTarget& target, const std::string& tag);
Result<std::optional<Digest>> tag_state(store::Opener& opener, const oci::Location& repository, const std::string& tag);

/// The release that a keep tag belongs to, its image's or that of a child.
std::optional<std::int64_t> kept_number(const std::string& tag, const std::string& app, const std::string& environment);

/// Refuses a tag that is written once when it points to anything but `root` (Errc::conflict), or to
/// `ours`, left behind by an unfinished run of this machine.
Status require_free(store::ReadTarget& target, const Digest& root, const std::string& tag,
                    const std::optional<Digest>& ours);

/// Writes a tag that never moves: the same digest is success, otherwise as require_free.
Status write_once(store::Target& target, const oci::Descriptor& root, const std::string& tag,
                  const std::optional<Digest>& ours);

}  // namespace slipway::release
