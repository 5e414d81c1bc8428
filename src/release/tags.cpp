#include "release/tags.h"

namespace slipway::release {

Result<std::optional<Digest>> tag_state(store::ReadTarget& target, const std::string& tag) {
  auto resolved = target.resolve(tag);
  if (resolved) return std::optional<Digest>(resolved->digest);
  if (resolved.error().code == Errc::not_found) return std::optional<Digest>();
  return fail(std::move(resolved).error());
}

Result<std::optional<Digest>> tag_state(store::Opener& opener, const oci::Location& repository, const std::string& tag) {
  auto target = opener.open_for_reading(repository, Side::destination);
  if (!target && target.error().code == Errc::not_found) return std::optional<Digest>();
  SLIPWAY_TRY(target);
  return tag_state(**target, tag);
}

Status write_once(store::Target& target, const oci::Descriptor& root, const std::string& tag,
                  const std::optional<Digest>& ours) {
  SLIPWAY_ASSIGN(const auto found, tag_state(target, tag));
  if (found == root.digest) return {};
  if (found && found != ours) {
    return fail(Error(Errc::conflict, fmt::format("the tag {} in {} is taken: it points to {}, not to {}", tag,
                                                  target.name(), found->str(), root.digest.str()))
                    .with_hint("this tag is written once and never moved; find out who put it there"));
  }
  return target.tag(root, tag);
}

Status move_tag(store::Target& target, const oci::Descriptor& root, const TagMove& move) {
  SLIPWAY_ASSIGN(const auto found, tag_state(target, move.tag));
  if (found == root.digest) return {};
  if (found != move.expected) return fail(drift_error(target.name(), move.tag, found));
  return target.tag(root, move.tag);
}

Error drift_error(const std::string& place, const std::string& tag, const std::optional<Digest>& found) {
  return Error(Errc::conflict, fmt::format("the tag {} in {} points to {}, which no release put there", tag, place,
                                           found ? found->str() : "nothing"))
      .with_hint("find out who moved it; to go on, point it back to the active release (slipway status shows it)");
}

}  // namespace slipway::release
