#include "builder/delivery.h"

#include <algorithm>

#include "slipway/copy/keep_tags.h"

namespace slipway::builder {
namespace {

std::string build_tag(const oci::Descriptor& root) { return "build-" + root.digest.short_hex(); }

std::vector<std::string> tags_of(const Destination& destination, const oci::Descriptor& root) {
  std::vector<std::string> tags = destination.tags;
  if (destination.build_tag) tags.push_back(build_tag(root));
  return tags;
}

/// Copies attachments before any tag leads to the image. The build tag keeps the platform manifests as well.
Status copy_to(store::Target& target, const Destination& destination, const BuildResult& result,
               const std::vector<store::ReadTarget*>& sources, const copy::CopyOptions& how) {
  const bool keeps_children = destination.build_tag && copy::needs_child_tags(result.root, target);
  if (!result.attachments.empty() || keeps_children) SLIPWAY_TRY(copy::copy_graph(sources, result.root, target, how));
  for (const Attachment& attachment : result.attachments)
    SLIPWAY_TRY(copy::copy_graph(sources, attachment.manifest, target, how));
  if (keeps_children) SLIPWAY_TRY(copy::tag_children(result.root, build_tag(result.root), target));
  return copy::copy_tagged(sources, result.root, target, tags_of(destination, result.root), how);
}

Status deliver_to(const Destination& destination, const BuildResult& result,
                  const std::vector<store::ReadTarget*>& sources, const Workplace& workplace,
                  const BuildServices& services) {
  const oci::Location place = destination.location.without_reference();
  // The target that stored the layers knows their digests; a second one for the same layout would hash them again.
  std::shared_ptr<store::Target> target = workplace.target;
  if (!workplace.is_destination) {
    SLIPWAY_ASSIGN(target, services.opener.open_for_writing(place, Side::destination));
  }
  copy::CopyOptions how;
  how.lanes = std::max<std::size_t>(1, services.lanes);
  how.observer = services.observer;
  how.stop = services.stop;
  Status copied = copy_to(*target, destination, result, sources, how);
  if (!copied) return fail(std::move(copied).error().in(fmt::format("storing the image in {}", place.str())));
  return {};
}

}  // namespace

std::vector<oci::Location> locations_of(const std::vector<Destination>& destinations, const oci::Descriptor& root) {
  std::vector<oci::Location> locations;
  for (const Destination& destination : destinations) {
    const oci::Location place = destination.location.without_reference();
    for (const std::string& tag : destination.tags)
      locations.push_back(place.with_tag(tag).with_digest(root.digest));
    if (!destination.tags.empty()) continue;
    const oci::Location named = destination.build_tag ? place.with_tag(build_tag(root)) : place;
    locations.push_back(named.with_digest(root.digest));
  }
  return locations;
}

Status deliver(const BuildResult& result, const BuildRequest& request, const std::vector<store::ReadTarget*>& sources,
               const Workplace& workplace, const BuildServices& services) {
  for (const Destination& destination : request.destinations)
    SLIPWAY_TRY(deliver_to(destination, result, sources, workplace, services));
  return {};
}

}  // namespace slipway::builder
