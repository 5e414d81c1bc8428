#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "slipway/image/lock.h"
#include "slipway/oci/location.h"

namespace slipway::run {

/// The new form of a reference.
struct PinnedReference {
  std::optional<std::string> name;  ///< host/repository; nullopt keeps the name as it is written
  std::optional<std::string> tag;   ///< nullopt keeps the written tag, or the one docker would imply
  Digest digest;
};

/// Decides about one written reference; nullopt leaves it alone.
using Resolver = std::function<Result<std::optional<PinnedReference>>(const oci::Location& written)>;

/// The first of several resolvers that has an answer.
Resolver first_of(std::vector<Resolver> resolvers);

/// Asks `resolve` once for each reference and remembers the answer; one thread at a time.
Resolver remember(Resolver resolve);

/// One environment's active release, as `pin --env` uses it.
struct ReleasePin {
  std::string app;
  oci::Location repository;               ///< the environment's
  std::vector<oci::Location> app_places;  ///< image.repository and the repositories of all environments of the app
  std::string keep_tag;                   ///< <app>.<env>-v<N>, which never moves
  Digest digest;                          ///< of the image that runs there
};

/// Replaces every reference whose repository (host and path, whatever its tag or digest) is one
/// of the app's places: so a manifest may name the build's repository, or any environment's.
/// It becomes <environment's repository>:<keep tag>@<digest>. A layout has no name that a
/// cluster could pull; then the written name stays, and references whose last path component is the app's
/// name count as the app's as well.
Resolver resolve_release(ReleasePin release);

/// Returns the full name of an image's name alone: "nginx" is docker.io/library/nginx. Errc::invalid_argument for a
/// name that is none or has a tag or a digest.
Result<std::string> place_of_name(std::string_view name);

/// Returns a function that is true for references whose names are in `names`, as in place_of_name; "*" means all.
Result<std::function<bool(const oci::Location&)>> matcher_of(const std::vector<std::string>& names);

/// `--image NAME=REF`: replaces references whose name is NAME, as written in
/// full ("registry.example.com/team/hello") or as docker reads it ("nginx" is
/// docker.io/library/nginx). Errc::invalid_argument for a NAME that is none or has a tag or a digest.
Result<Resolver> resolve_name(std::string_view name, PinnedReference replacement);

/// Asks a registry through `digest_of` for the digest of what is written; references with a digest stay.
Resolver resolve_from(std::function<Result<Digest>(const oci::Location&)> digest_of);

/// As resolve_from, but references with a tag and a digest whose names are in `update` get their tag's digest of today.
Result<Resolver> resolve_updating(const std::vector<std::string>& update,
                                  std::function<Result<Digest>(const oci::Location&)> digest_of);

/// Resolves by a lock file; adds the digests that `digest_of` finds for missing names. References keep
/// their names and tags. A reference with a digest of its own is locked with that, unless the lock has another.
/// Those of `update` (names as in resolve_name, "*" for all) are asked for again. `lock` outlives the resolver.
Result<Resolver> resolve_locked(image::Lock& lock, const std::vector<std::string>& update,
                                std::function<Result<Digest>(const oci::Location&)> digest_of);

/// A written reference with its pin: the name's spelling is kept unless the pin brings one.
std::string pinned_text(std::string_view written, const oci::Location& location, const PinnedReference& pin);

}  // namespace slipway::run
