#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "slipway/image/lock.h"
#include "slipway/oci/location.h"

namespace slipway::run {

/// The pinned form of a reference.
struct PinnedReference {
  std::optional<std::string> name;  ///< host/repository; nullopt keeps the name as it is written
  std::optional<std::string> tag;   ///< nullopt keeps the written tag, or the one docker would imply
  Digest digest;
};

/// Returns the pinned form of a reference as written; nullopt leaves it alone, an error goes to its report. Called by
/// one thread at a time.
using Resolver = std::function<Result<std::optional<PinnedReference>>(const oci::Location& written)>;

/// Returns a resolver that asks several in order until one has an answer or an error.
Resolver first_of(std::vector<Resolver> resolvers);

/// Returns a resolver that asks `resolve` once for each reference and remembers the answer.
Resolver remember(Resolver resolve);

/// One environment's active release, as `pin --env` uses it.
struct ReleasePin {
  std::string app;
  oci::Location repository;               ///< the environment's
  std::vector<oci::Location> app_places;  ///< image.repository and the repositories of all environments of the app
  std::string keep_tag;                   ///< <app>.<env>-v<N>, which never moves
  Digest digest;                          ///< of the image that runs there
};

/// Returns a resolver that pins the app's references to a release. They are those whose repository, whatever the tag or
/// digest, is one of the app's places, and become <environment's repository>:<keep tag>@<digest>. A layout is not a
/// name that a cluster can pull: then the written name stays, and every name whose last component is the app's counts,
/// too.
Resolver resolve_release(ReleasePin release);

/// Returns the full name of an image's name alone: "nginx" is docker.io/library/nginx. Errc::invalid_argument for a
/// malformed name, or one with a tag or a digest.
Result<std::string> place_of_name(std::string_view name);

/// Returns a function that is true for references whose names are in `names`, as in place_of_name(); "*" means all.
Result<std::function<bool(const oci::Location&)>> matcher_of(const std::vector<std::string>& names);

/// Returns a resolver for `--image NAME=REF`: it replaces references whose name is NAME, as in place_of_name().
/// Errc::invalid_argument for a NAME that is not one.
Result<Resolver> resolve_name(std::string_view name, PinnedReference replacement);

/// Returns a resolver that asks `digest_of` for the digest of each reference; those that have one are left alone.
Resolver resolve_from(std::function<Result<Digest>(const oci::Location&)> digest_of);

/// Like resolve_from(), but references with a tag and a digest whose names are in `update` get the tag's current
/// digest. Names are as in resolve_name(), "*" for all; Errc::invalid_argument for others.
Result<Resolver> resolve_updating(const std::vector<std::string>& update,
                                  std::function<Result<Digest>(const oci::Location&)> digest_of);

/// Returns a resolver that takes digests from a lock, and asks `digest_of` for references that the lock lacks, which
/// are then added to it. Names and tags stay. A reference with a digest is added with that, unless the lock has another
/// one. Names of `update` (as in resolve_updating()) are asked for again. `lock` outlives the resolver.
Result<Resolver> resolve_locked(image::Lock& lock, const std::vector<std::string>& update,
                                std::function<Result<Digest>(const oci::Location&)> digest_of);

/// Returns the text of a reference with its pin; the written spelling of the name stays unless the pin has a name.
std::string pinned_text(std::string_view written, const oci::Location& location, const PinnedReference& pin);

}  // namespace slipway::run
