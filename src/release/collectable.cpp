#include "release/collectable.h"

#include <algorithm>

#include "release/carry.h"
#include "release/tags.h"
#include "slipway/copy/keep_tags.h"
#include "slipway/oci/media_type.h"
#include "slipway/store/attachment_tag.h"

namespace slipway::release {
namespace {

/// The tags that would keep everything: those of children first.
Result<std::vector<Untagged>> parts_of(store::ReadTarget& place, const std::string& keep, const oci::Descriptor& image,
                                       const copy::CopyOptions& how) {
  std::vector<Untagged> parts;
  if (oci::is_index(image.media_type)) {
    SLIPWAY_ASSIGN(const oci::Document document, copy::fetch_document(place, image));
    for (const auto& [tag, child] : copy::child_tags(keep, std::get<oci::Index>(document)))
      parts.push_back({child, tag});
  }
  const auto referrers = [](const copy::Attached& attached) { return attached.tag.empty(); };
  SLIPWAY_ASSIGN(const auto found, copy::find_attached(place, image, referrers, how, may_be_signed, {&is_unreadable}));
  for (const copy::Attached& attached : found) {
    const oci::Descriptor& manifest = attached.manifest;
    parts.push_back({{manifest.media_type, manifest.digest, manifest.size},
                     store::attachment_tag(attached.subject, manifest.digest)});
  }
  return parts;
}

}  // namespace

Result<std::vector<Untagged>> collectable(store::ReadTarget& place, const std::string& keep,
                                          const oci::Descriptor& image, const copy::CopyOptions& how) {
  auto* lister = store::as<store::TagLister>(place);
  if (lister == nullptr || !place.traits().collects_untagged) return std::vector<Untagged>();
  SLIPWAY_ASSIGN(auto parts, parts_of(place, keep, image, how));
  // Asking for referrers told whether the registry knows them.
  if (parts.empty() || !place.traits().collects_untagged) return std::vector<Untagged>();
  SLIPWAY_ASSIGN(const auto tags, lister->list_tags());
  std::vector<Untagged> untagged;
  for (Untagged& part : parts) {
    if (std::binary_search(tags.begin(), tags.end(), part.tag)) continue;
    // A tag does not bring back a manifest that is gone.
    SLIPWAY_ASSIGN(const bool there, place.exists(part.manifest));
    if (there) untagged.push_back(std::move(part));
  }
  return untagged;
}

Status keep(const std::vector<Untagged>& parts, store::Target& target) {
  for (const Untagged& part : parts)
    SLIPWAY_TRY(target.tag(part.manifest, part.tag));
  return {};
}

}  // namespace slipway::release
