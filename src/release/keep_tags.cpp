#include "release/keep_tags.h"

#include <set>

#include "release/tags.h"
#include "slipway/copy/copy.h"
#include "slipway/oci/media_type.h"

namespace slipway::release {

std::optional<Digest> left_behind_image(const std::optional<Plan>& unfinished, const Plan& plan) {
  if (!unfinished || unfinished->entry.number != plan.entry.number) return std::nullopt;
  return unfinished->image.digest;
}

Result<LeftBehind> find_left_behind(const std::optional<Plan>& unfinished, const Plan& plan,
                                    store::ReadTarget& target) {
  LeftBehind left{left_behind_image(unfinished, plan), {}};
  if (!left.image || *left.image == plan.image.digest || !needs_child_tags(unfinished->image, target)) return left;
  auto document = copy::fetch_document(target, unfinished->image);
  if (!document && document.error().code == Errc::not_found) return left;
  SLIPWAY_TRY(document);
  const std::string keep = keep_tag(plan.entry.app, plan.entry.environment, plan.entry.number);
  for (const auto& [tag, child] : child_tags(keep, std::get<oci::Index>(*document)))
    left.children.emplace(tag, child.digest);
  return left;
}

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

std::vector<std::string> tags_written_once(const Plan& plan) {
  std::vector<std::string> tags = plan.fixed_tags;
  tags.push_back(keep_tag(plan.entry.app, plan.entry.environment, plan.entry.number));
  return tags;
}

Status require_free_tags(const Plan& plan, const std::optional<Digest>& ours, store::ReadTarget& target) {
  for (const std::string& tag : tags_written_once(plan))
    SLIPWAY_TRY(require_free(target, plan.image.digest, tag, ours));
  return {};
}

bool needs_child_tags(const oci::Descriptor& image, const store::ReadTarget& target) {
  return target.traits().collects_untagged && oci::is_index(image.media_type);
}

namespace {

Status keep_children(const Plan& plan, const LeftBehind& left, store::Target& target) {
  SLIPWAY_ASSIGN(const oci::Document document, copy::fetch_document(target, plan.image));
  const std::string keep = keep_tag(plan.entry.app, plan.entry.environment, plan.entry.number);
  for (const auto& [tag, child] : child_tags(keep, std::get<oci::Index>(document))) {
    const auto ours = left.children.find(tag);
    SLIPWAY_TRY(write_once(target, child, tag,
                           ours == left.children.end() ? std::nullopt : std::optional<Digest>(ours->second)));
  }
  return {};
}

}  // namespace

Status keep_image(const Plan& plan, const LeftBehind& left, bool children_are_kept, store::Target& target) {
  if (needs_child_tags(plan.image, target) && !children_are_kept) SLIPWAY_TRY(keep_children(plan, left, target));
  for (const std::string& tag : tags_written_once(plan))
    SLIPWAY_TRY(write_once(target, plan.image, tag, left.image));
  return {};
}

}  // namespace slipway::release
