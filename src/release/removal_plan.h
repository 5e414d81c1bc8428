#pragma once

#include <set>

#include "slipway/release/retire.h"

namespace slipway::release {

/// Decides what of one repository can go. Tags are listed once, and each is resolved at most once; `needed` are the
/// digests that releases or builds still need.
class RemovalPlan {
 public:
  static Result<RemovalPlan> of(std::shared_ptr<store::ReadTarget> target, std::set<Digest> needed);

  const std::vector<std::string>& tags() const { return tags_; }
  bool is_needed(const Digest& digest) const { return needed_.contains(digest); }
  /// Returns the manifest of a tag; nothing for one that is not there.
  Result<std::optional<oci::Descriptor>> at(const std::string& tag);
  /// Takes a tag away.
  Status take_tag(const std::string& tag);
  /// Takes a tag away if it points to the digest.
  Status take_tag_of(const std::string& tag, const Digest& digest);
  /// Takes `build-<12 hex>` of the digest away, the tags of its platform manifests and those of its records.
  Status take_build_tags(const Digest& build);
  /// Takes a build away with everything that is its own; returns false, and takes nothing, if another tag names it.
  Result<bool> take_build(const Digest& build);
  /// After all tags were taken: takes the manifest, what it consists of and what is attached to it, unless it is needed
  /// or another tag names it.
  Status free(const Digest& root);
  Removal result() && { return std::move(removal_); }

 private:
  RemovalPlan(std::shared_ptr<store::ReadTarget> target, std::vector<std::string> tags, std::set<Digest> needed)
      : target_(std::move(target)), tags_(std::move(tags)), needed_(std::move(needed)) {}
  bool is_taken(const std::string& tag) const { return removal_.tags.contains(tag); }
  Result<bool> is_named(const Digest& digest);
  Status add_needed_children();
  Status take_manifest(const oci::Descriptor& manifest);
  Status take_attachments(const Digest& subject);

  std::shared_ptr<store::ReadTarget> target_;  ///< null: the repository is not there
  std::vector<std::string> tags_;
  std::set<Digest> needed_;
  bool knows_children_ = false;
  std::map<std::string, std::optional<oci::Descriptor>> resolved_;
  std::set<Digest> seen_;
  Removal removal_;
};

}  // namespace slipway::release
