#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "slipway/oci/document.h"
#include "slipway/release/plan.h"
#include "slipway/store/target.h"

namespace slipway::release {

/// The tags that an interrupted run of this machine wrote under a plan's number: the plan may replace them.
struct LeftBehind {
  std::optional<Digest> image;             ///< under the keep tag and the tags written once
  std::map<std::string, Digest> children;  ///< under the children's keep tags
};

/// Returns the image of the unfinished run, if that run had the plan's number.
std::optional<Digest> left_behind_image(const std::optional<Plan>& unfinished, const Plan& plan);
/// As above with the children's keep tags; `target` is asked only where the unfinished run had another index.
Result<LeftBehind> find_left_behind(const std::optional<Plan>& unfinished, const Plan& plan, store::ReadTarget& target);

/// Returns the keep tags of an index's children, pure. Every child gets one, also those without a platform or with the
/// platform of another child: a registry that collects untagged manifests would break the index.
std::vector<std::pair<std::string, oci::Descriptor>> child_tags(const std::string& keep, const oci::Index& index);

/// Returns the tags on the plan's image that are written once: those of the environment's templates and the keep tag.
std::vector<std::string> tags_written_once(const Plan& plan);

/// Errc::conflict when one of tags_written_once() points to another image than the plan's or `ours`.
Status require_free_tags(const Plan& plan, const std::optional<Digest>& ours, store::ReadTarget& target);

/// Returns true where each child of this image needs a tag of its own, because the place collects untagged manifests.
bool needs_child_tags(const oci::Descriptor& image, const store::ReadTarget& target);

/// Writes the keep tags of the plan's image, children before their index. Idempotent. Errc::conflict.
Status keep_image(const Plan& plan, const LeftBehind& left, bool children_are_kept, store::Target& target);

}  // namespace slipway::release
