#include "slipway/run/reference_resolver.h"

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <utility>

#include "slipway/base/text.h"

namespace slipway::run {

namespace {

std::string_view last_component(std::string_view repository) {
  const std::size_t slash = repository.rfind('/');
  return slash == std::string_view::npos ? repository : repository.substr(slash + 1);
}

/// The name of a written reference: what stands before its tag and digest.
std::string_view written_name(std::string_view written) {
  written = written.substr(0, written.find('@'));
  const std::size_t slash = written.rfind('/');
  const std::size_t colon = written.find(':', slash == std::string_view::npos ? 0 : slash);
  return written.substr(0, colon);
}

bool belongs_to(const ReleasePin& release, const oci::Location& written) {
  const auto same = [&](const oci::Location& place) { return place.same_place(written); };
  if (same(release.repository) || std::any_of(release.app_places.begin(), release.app_places.end(), same)) return true;
  return !release.repository.is_registry() && written.is_registry() &&
         last_component(written.repository()) == release.app;
}

/// Names that are to be asked for again.
struct Names {
  std::set<std::string> places;
  bool all = false;
  bool has(const oci::Location& written) const { return all || places.contains(written.place()); }
};

Result<Names> names_of(const std::vector<std::string>& words) {
  Names names;
  for (const std::string& word : words) {
    if (word == "*") {
      names.all = true;
      continue;
    }
    SLIPWAY_ASSIGN(std::string place, place_of_name(word));
    names.places.insert(std::move(place));
  }
  return names;
}

/// name:tag, which is what a tag's digest belongs to.
Result<oci::Location> without_digest(const oci::Location& written) {
  return oci::Location::parse_for_reading(written.place() + ":" + written.tag().value_or("latest"));
}

}  // namespace

Result<std::string> place_of_name(std::string_view name) {
  auto parsed = oci::Location::parse_for_reading(name);
  if (parsed && parsed->is_registry() && written_name(name) == name) return parsed->place();
  return fail(Error(Errc::invalid_argument, fmt::format("\"{}\" is not an image name", printable(name, 200)))
                  .with_hint("write the name alone, for instance nginx or registry.example.com/team/hello"));
}

Result<std::function<bool(const oci::Location&)>> matcher_of(const std::vector<std::string>& names) {
  SLIPWAY_ASSIGN(Names known, names_of(names));
  return [known = std::move(known)](const oci::Location& written) { return known.has(written); };
}

Resolver first_of(std::vector<Resolver> resolvers) {
  return [resolvers = std::move(resolvers)](const oci::Location& written) -> Result<std::optional<PinnedReference>> {
    for (const Resolver& resolve : resolvers) {
      SLIPWAY_ASSIGN(std::optional<PinnedReference> pin, resolve(written));
      if (pin) return pin;
    }
    return std::nullopt;
  };
}

Resolver remember(Resolver resolve) {
  using Answers = std::map<std::string, std::optional<PinnedReference>>;
  return [resolve = std::move(resolve), answers = std::make_shared<Answers>()](
             const oci::Location& written) -> Result<std::optional<PinnedReference>> {
    const std::string key = written.str();
    if (const auto known = answers->find(key); known != answers->end()) return known->second;
    SLIPWAY_ASSIGN(std::optional<PinnedReference> pin, resolve(written));
    answers->emplace(key, pin);
    return pin;
  };
}

Resolver resolve_release(ReleasePin release) {
  return [release = std::move(release)](const oci::Location& written) -> Result<std::optional<PinnedReference>> {
    if (!belongs_to(release, written)) return std::nullopt;
    std::optional<std::string> name;
    if (release.repository.is_registry()) name = release.repository.place();
    return PinnedReference{std::move(name), release.keep_tag, release.digest};
  };
}

Result<Resolver> resolve_name(std::string_view name, PinnedReference replacement) {
  SLIPWAY_ASSIGN(std::string place, place_of_name(name));
  return [place = std::move(place), replacement = std::move(replacement)](
             const oci::Location& written) -> Result<std::optional<PinnedReference>> {
    if (written.place() != place) return std::nullopt;
    return replacement;
  };
}

Resolver resolve_from(std::function<Result<Digest>(const oci::Location&)> digest_of) {
  return [digest_of = std::move(digest_of)](const oci::Location& written) -> Result<std::optional<PinnedReference>> {
    if (written.digest()) return std::nullopt;
    SLIPWAY_ASSIGN(Digest digest, digest_of(written));
    return PinnedReference{std::nullopt, std::nullopt, std::move(digest)};
  };
}

Result<Resolver> resolve_updating(const std::vector<std::string>& update,
                                  std::function<Result<Digest>(const oci::Location&)> digest_of) {
  SLIPWAY_ASSIGN(Names names, names_of(update));
  return [names = std::move(names),
          digest_of = std::move(digest_of)](const oci::Location& written) -> Result<std::optional<PinnedReference>> {
    if (written.digest() && (!written.tag() || !names.has(written))) return std::nullopt;
    SLIPWAY_ASSIGN(const oci::Location tagged, without_digest(written));
    SLIPWAY_ASSIGN(Digest digest, digest_of(tagged));
    return PinnedReference{std::nullopt, std::nullopt, std::move(digest)};
  };
}

Result<Resolver> resolve_locked(image::Lock& lock, const std::vector<std::string>& update,
                                std::function<Result<Digest>(const oci::Location&)> digest_of) {
  SLIPWAY_ASSIGN(Names names, names_of(update));
  return [&lock, names = std::move(names),
          digest_of = std::move(digest_of)](const oci::Location& written) -> Result<std::optional<PinnedReference>> {
    if (written.digest() && !written.tag()) return std::nullopt;
    SLIPWAY_ASSIGN(const oci::Location tagged, without_digest(written));
    const std::string key = tagged.str();
    std::optional<Digest> digest = names.has(written) ? std::nullopt : lock.find(key);
    if (!digest && !names.has(written)) digest = written.digest();
    if (!digest) {
      SLIPWAY_ASSIGN(digest, digest_of(tagged));
    }
    lock.set(key, *digest);
    return PinnedReference{std::nullopt, std::nullopt, *std::move(digest)};
  };
}

std::string pinned_text(std::string_view written, const oci::Location& location, const PinnedReference& pin) {
  std::string out = pin.name ? *pin.name : std::string(written_name(written));
  const std::optional<std::string>& tag = pin.tag ? pin.tag : location.tag();
  if (tag) out += ":" + *tag;
  return out + "@" + pin.digest.str();
}

}  // namespace slipway::run
