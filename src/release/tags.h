#pragma once

#include <optional>
#include <string>

#include "slipway/store/opener.h"

namespace slipway::release {

/// Returns the digest that a tag points to; nothing when the tag or its whole repository is not there.
Result<std::optional<Digest>> tag_state(store::ReadTarget& target, const std::string& tag);
Result<std::optional<Digest>> tag_state(store::Opener& opener, const oci::Location& repository, const std::string& tag);

/// The digest that stands for a tag which is there and cannot be read: its registry died while it was written. No
/// content has it.
const Digest& unreadable_tag();

/// Returns the digest of a tag that moves, as tag_state(); unreadable_tag() where the registry answers 5xx for it and
/// answers other questions.
Result<std::optional<Digest>> moving_tag_state(store::ReadTarget& target, const std::string& tag);
Result<std::optional<Digest>> moving_tag_state(store::Opener& opener, const oci::Location& repository,
                                               const std::string& tag);

/// Returns the digest under a tag of an image; nothing also where the registry answers that it cannot read what it has
/// there: such a tag keeps nothing.
Result<std::optional<Digest>> kept_under(store::ReadTarget& target, const std::string& tag);

/// Returns true for an answer that the registry cannot read what it has: 5xx, but not "busy".
bool is_unreadable(const Error& error);

/// The release that a keep tag belongs to, its image's or that of a child.
std::optional<std::int64_t> kept_number(const std::string& tag, const std::string& app, const std::string& environment);

/// The refusal of a tag that is written once and points to another image.
Error taken_error(const store::ReadTarget& target, const std::string& tag, const Digest& found, const Digest& wanted);

/// Writes a tag that never moves: the same digest is success, and `ours`, left behind by an unfinished run, is
/// replaced, as is a tag that the registry cannot read. Errc::conflict for any other.
Status write_once(store::Target& target, const oci::Descriptor& root, const std::string& tag,
                  const std::optional<Digest>& ours);

}  // namespace slipway::release
