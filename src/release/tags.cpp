#include "release/tags.h"

#include <charconv>

#include "slipway/io/hash.h"

namespace slipway::release {
Error taken_error(const store::ReadTarget& target, const std::string& tag, const Digest& found, const Digest& wanted) {
  return error(Errc::conflict, "the tag {} in {} is taken: it points to {}, not to {}", tag, target.name(), found.str(),
               wanted.str())
      .with_hint(
          "it is written once and never moved: find out who released that image under it, or give this build "
          "another version");
}

Result<std::optional<Digest>> tag_state(store::ReadTarget& target, const std::string& tag) {
  auto resolved = target.resolve(tag);
  if (resolved) return std::optional<Digest>(resolved->digest);
  if (resolved.error().code == Errc::not_found) return std::optional<Digest>();
  return fail(std::move(resolved).error());
}

namespace {

using Ask = Result<std::optional<Digest>> (*)(store::ReadTarget&, const std::string&);

/// A repository that is not there has no tags.
Result<std::optional<Digest>> ask_at(store::Opener& opener, const oci::Location& repository, const std::string& tag,
                                     Ask ask) {
  auto target = opener.open_for_reading(repository, Side::destination);
  if (!target && target.error().code == Errc::not_found) return std::optional<Digest>();
  SLIPWAY_TRY(target);
  return ask(**target, tag);
}

}  // namespace

Result<std::optional<Digest>> tag_state(store::Opener& opener, const oci::Location& repository,
                                        const std::string& tag) {
  return ask_at(opener, repository, tag, &tag_state);
}

const Digest& unreadable_tag() {
  static const Digest digest = io::digest_of("a tag that its registry cannot read");
  return digest;
}

bool is_unreadable(const Error& error) { return error.http && error.http->status >= 500 && error.http->status != 503; }

Result<std::optional<Digest>> kept_under(store::ReadTarget& target, const std::string& tag) {
  auto found = tag_state(target, tag);
  if (!found && is_unreadable(found.error())) return std::optional<Digest>();
  return found;
}

Result<std::optional<Digest>> moving_tag_state(store::ReadTarget& target, const std::string& tag) {
  auto found = tag_state(target, tag);
  if (found || !is_unreadable(found.error())) return found;
  auto* lister = store::as<store::TagLister>(target);
  if (lister == nullptr || !lister->list_tags()) return found;
  return std::optional<Digest>(unreadable_tag());
}

Result<std::optional<Digest>> moving_tag_state(store::Opener& opener, const oci::Location& repository,
                                               const std::string& tag) {
  return ask_at(opener, repository, tag, &moving_tag_state);
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

Status write_once(store::Target& target, const oci::Descriptor& root, const std::string& tag,
                  const std::optional<Digest>& ours) {
  SLIPWAY_ASSIGN(const auto found, kept_under(target, tag));
  if (found == root.digest) return {};
  if (found && found != ours) return fail(taken_error(target, tag, *found, root.digest));
  return target.tag(root, tag);
}

}  // namespace slipway::release
