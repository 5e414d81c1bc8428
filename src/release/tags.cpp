#include "release/tags.h"

#include <charconv>

namespace slipway::release {
namespace {

Error taken_error(const store::ReadTarget& target, const std::string& tag, const Digest& found, const Digest& wanted) {
  return Error(Errc::conflict, fmt::format("the tag {} in {} is taken: it points to {}, not to {}", tag, target.name(),
                                           found.str(), wanted.str()))
      .with_hint(
          "it is written once and never moved: find out who put it there; if a run that was interrupted "
          "on another machine did, repeat it there, or remove the tag");
}

}  // namespace

Result<std::optional<Digest>> tag_state(store::ReadTarget& target, const std::string& tag) {
  auto resolved = target.resolve(tag);
  if (resolved) return std::optional<Digest>(resolved->digest);
  if (resolved.error().code == Errc::not_found) return std::optional<Digest>();
  return fail(std::move(resolved).error());
}

Result<std::optional<Digest>> tag_state(store::Opener& opener, const oci::Location& repository,
                                        const std::string& tag) {
  auto target = opener.open_for_reading(repository, Side::destination);
  if (!target && target.error().code == Errc::not_found) return std::optional<Digest>();
  SLIPWAY_TRY(target);
  return tag_state(**target, tag);
}

std::optional<std::int64_t> kept_number(const std::string& tag, const std::string& app,
                                        const std::string& environment) {
  const std::string prefix = app + "." + environment + "-v";
  if (!tag.starts_with(prefix)) return std::nullopt;
  std::int64_t number = 0;
  const char* const end = tag.data() + tag.size();
  const auto [at, problem] = std::from_chars(tag.data() + prefix.size(), end, number);
  if (problem != std::errc() || number < 1 || (at != end && *at != '-')) return std::nullopt;
  return number;
}

Status require_free(store::ReadTarget& target, const Digest& root, const std::string& tag,
                    const std::optional<Digest>& ours) {
  SLIPWAY_ASSIGN(const auto found, tag_state(target, tag));
  if (!found || *found == root || found == ours) return {};
  return fail(taken_error(target, tag, *found, root));
}

Status write_once(store::Target& target, const oci::Descriptor& root, const std::string& tag,
                  const std::optional<Digest>& ours) {
  SLIPWAY_ASSIGN(const auto found, tag_state(target, tag));
  if (found == root.digest) return {};
  if (found && found != ours) return fail(taken_error(target, tag, *found, root.digest));
  return target.tag(root, tag);
}

}  // namespace slipway::release
