#include "slipway/copy/keep_tags.h"

#include <set>

#include "slipway/copy/copy.h"
#include "slipway/oci/location.h"
#include "slipway/oci/media_type.h"

namespace slipway::copy {

std::vector<std::pair<std::string, oci::Descriptor>> child_tags(const std::string& keep, const oci::Index& index) {
  std::vector<std::pair<std::string, oci::Descriptor>> tags;
  std::set<std::string> taken;
  std::set<Digest> seen;
  for (const oci::Descriptor& child : index.manifests) {
    if (!oci::is_graph_node(child.media_type) || !seen.insert(child.digest).second) continue;
    std::string name = keep;
    if (child.platform) name += fmt::format("-{}-{}", child.platform->os, child.platform->architecture);
    if (child.platform && !child.platform->variant.empty()) name += "-" + child.platform->variant;
    if (!child.platform || !oci::is_valid_tag(name) || taken.contains(name)) {
      name = fmt::format("{}-{}", keep, child.digest.short_hex());
    }
    taken.insert(name);
    tags.emplace_back(std::move(name), oci::Descriptor(child.media_type, child.digest, child.size));
  }
  return tags;
}

bool needs_child_tags(const oci::Descriptor& image, const store::ReadTarget& target) {
  return target.traits().collects_untagged && oci::is_index(image.media_type);
}

Status tag_children(const oci::Descriptor& image, const std::string& keep, store::Target& target) {
  if (!needs_child_tags(image, target)) return {};
  SLIPWAY_ASSIGN(const oci::Document document, fetch_document(target, image));
  for (const auto& [tag, child] : child_tags(keep, std::get<oci::Index>(document)))
    SLIPWAY_TRY(target.tag(child, tag));
  return {};
}

}  // namespace slipway::copy
