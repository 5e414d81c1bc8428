#include "cli/attached.h"

#include <algorithm>
#include <set>

#include "cli/project.h"
#include "slipway/image/image.h"

namespace slipway::cli {
namespace {

constexpr const char* kCreated = "org.opencontainers.image.created";
constexpr const char* kBaseDigest = "org.opencontainers.image.base.digest";

/// Everything an artifact could be attached to.
Result<std::set<Digest>> subjects_of(const FoundImage& found, bool bases) {
  SLIPWAY_ASSIGN(const auto root, found.target->resolve(found.reference));
  std::set<Digest> subjects = {root.digest};
  SLIPWAY_ASSIGN(const auto offers, image::list_platforms(*found.target, root));
  for (const image::Offer& offer : offers) {
    subjects.insert(offer.manifest.digest);
    if (!bases) continue;
    SLIPWAY_ASSIGN(const image::Image image, image::load_manifest(*found.target, offer.manifest));
    const auto base = image.manifest.annotations.find(kBaseDigest);
    if (base == image.manifest.annotations.end()) continue;
    if (const auto digest = Digest::parse(base->second)) subjects.insert(*digest);
  }
  return subjects;
}

/// The image's own repository, and the one that the project builds into.
std::vector<std::shared_ptr<store::ReadTarget>> places_of(Context& context, const FoundImage& found) {
  std::vector<std::shared_ptr<store::ReadTarget>> places = {found.target};
  const auto project = load_project(context);
  if (!project || !*project || !(*project)->recipe.repository) return places;
  const oci::Location built = (*project)->recipe.repository->without_reference();
  if (built.str() == found.location.without_reference().str()) return places;
  // Somebody who only reads production need not reach it.
  if (auto target = context.opener().open_for_reading(built, Side::source)) places.push_back(*std::move(target));
  return places;
}

}  // namespace

Result<std::vector<AttachedArtifact>> find_attached(Context& context, const FoundImage& found,
                                                    std::string_view artifact_type, bool bases) {
  SLIPWAY_ASSIGN(const auto subjects, subjects_of(found, bases));
  std::vector<AttachedArtifact> all;
  std::set<Digest> seen;
  for (const auto& place : places_of(context, found)) {
    auto* lister = store::as<store::ReferrerLister>(*place);
    if (lister == nullptr) continue;
    for (const Digest& subject : subjects) {
      auto listed = lister->referrers(subject, std::string(artifact_type));
      if (!listed && place == found.target) return fail(std::move(listed).error());
      if (!listed) break;
      for (oci::Descriptor& referrer : *listed) {
        if (!seen.insert(referrer.digest).second) continue;
        const auto at = referrer.annotations.find(kCreated);
        std::string created = at == referrer.annotations.end() ? std::string() : at->second;
        all.push_back({place, std::move(referrer), std::move(created)});
      }
    }
  }
  std::stable_sort(all.begin(), all.end(),
                   [](const AttachedArtifact& a, const AttachedArtifact& b) { return a.created > b.created; });
  return all;
}

}  // namespace slipway::cli
