#include "release/removal_plan.h"

#include <algorithm>

#include "slipway/copy/copy.h"
#include "slipway/oci/media_type.h"

namespace slipway::release {

Result<RemovalPlan> RemovalPlan::of(std::shared_ptr<store::ReadTarget> target, std::set<Digest> needed) {
  std::vector<std::string> tags;
  auto* lister = target == nullptr ? nullptr : store::as<store::TagLister>(*target);
  if (lister != nullptr) {
    auto listed = lister->list_tags();
    if (!listed && listed.error().code != Errc::not_found) return fail(std::move(listed).error());
    if (listed) tags = *std::move(listed);
  }
  return RemovalPlan(std::move(target), std::move(tags), std::move(needed));
}

Result<std::optional<oci::Descriptor>> RemovalPlan::at(const std::string& tag) {
  if (const auto known = resolved_.find(tag); known != resolved_.end()) return known->second;
  if (!std::binary_search(tags_.begin(), tags_.end(), tag)) return std::optional<oci::Descriptor>();
  const auto found = target_->resolve(tag);
  if (!found && found.error().code != Errc::not_found) return fail(found.error());
  const auto descriptor = found ? std::optional<oci::Descriptor>(*found) : std::nullopt;
  resolved_.emplace(tag, descriptor);
  return descriptor;
}

Status RemovalPlan::take_tag(const std::string& tag) {
  SLIPWAY_ASSIGN(const auto manifest, at(tag));
  if (manifest) removal_.tags.insert_or_assign(tag, *manifest);
  return {};
}

Status RemovalPlan::take_tag_of(const std::string& tag, const Digest& digest) {
  SLIPWAY_ASSIGN(const auto manifest, at(tag));
  if (manifest && manifest->digest == digest) removal_.tags.insert_or_assign(tag, *manifest);
  return {};
}

Status RemovalPlan::take_build_tags(const Digest& build) {
  const std::string name = "build-" + build.short_hex();
  for (const std::string& tag : tags_) {
    if (tag == name || tag.starts_with(name + "-") || tag.starts_with(name + ".")) SLIPWAY_TRY(take_tag(tag));
  }
  return {};
}

Result<bool> RemovalPlan::take_build(const Digest& build) {
  const Removal before = removal_;
  SLIPWAY_TRY(take_build_tags(build));
  SLIPWAY_ASSIGN(const bool named, is_named(build));
  if (named || is_needed(build)) {
    removal_ = before;
    return false;
  }
  SLIPWAY_TRY(free(build));
  return true;
}

namespace {

/// A tag that tells by its name that it does not name `digest`: the tag of another build, a build's record, an
/// attachment.
bool names_something_else(const std::string& tag, const Digest& digest) {
  if (tag.starts_with("sha256-")) return true;
  const std::string build = "build-" + digest.short_hex();
  if (!tag.starts_with("build-")) return false;
  return (tag.size() == build.size() && tag != build) || tag.find('.') != std::string::npos;
}

}  // namespace

Result<bool> RemovalPlan::is_named(const Digest& digest) {
  for (const std::string& tag : tags_) {
    if (is_taken(tag) || names_something_else(tag, digest)) continue;
    SLIPWAY_ASSIGN(const auto manifest, at(tag));
    if (manifest && manifest->digest == digest) return true;
  }
  return false;
}

/// Platform manifests may belong to several indexes.
Status RemovalPlan::add_needed_children() {
  if (knows_children_) return {};
  knows_children_ = true;
  std::set<Digest> children;
  for (const Digest& digest : needed_) {
    const auto fetched = target_->fetch_document(digest);
    if (!fetched && fetched.error().code == Errc::not_found) continue;
    SLIPWAY_TRY(fetched);
    if (!oci::is_index(fetched->descriptor.media_type)) continue;
    SLIPWAY_ASSIGN(const oci::Document document, oci::parse_document(fetched->bytes, fetched->descriptor.media_type));
    for (const oci::Descriptor& child : oci::children(document))
      children.insert(child.digest);
  }
  needed_.merge(children);
  return {};
}

Status RemovalPlan::take_attachments(const Digest& subject) {
  const std::string name = fmt::format("{}-{}", subject.algorithm(), subject.hex());
  for (const std::string& tag : tags_) {
    if (tag != name && !tag.starts_with(name + ".")) continue;
    SLIPWAY_TRY(take_tag(tag));
    if (const auto taken = removal_.tags.find(tag);
        taken != removal_.tags.end() && seen_.insert(taken->second.digest).second)
      removal_.manifests.push_back(taken->second);
  }
  return {};
}

Status RemovalPlan::take_manifest(const oci::Descriptor& manifest) {
  if (is_needed(manifest.digest) || !seen_.insert(manifest.digest).second) return {};
  removal_.manifests.emplace_back(manifest.media_type, manifest.digest, manifest.size);
  SLIPWAY_TRY(take_attachments(manifest.digest));
  if (!oci::is_index(manifest.media_type)) return {};
  SLIPWAY_TRY(add_needed_children());
  auto document = copy::fetch_document(*target_, manifest);
  if (!document && document.error().code == Errc::not_found) return {};
  SLIPWAY_TRY(document);
  for (const oci::Descriptor& child : oci::children(*document)) {
    if (!oci::is_graph_node(child.media_type)) continue;
    SLIPWAY_ASSIGN(const bool named, is_named(child.digest));
    if (!named) SLIPWAY_TRY(take_manifest(child));
  }
  return {};
}

Status RemovalPlan::free(const Digest& root) {
  if (target_ == nullptr || is_needed(root)) return {};
  SLIPWAY_ASSIGN(const bool named, is_named(root));
  if (named) return {};
  const auto found = target_->resolve(root);
  if (!found && found.error().code == Errc::not_found) return {};
  SLIPWAY_TRY(found);
  return take_manifest(*found);
}

}  // namespace slipway::release
