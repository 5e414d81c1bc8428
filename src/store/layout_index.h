#pragma once

#include <optional>
#include <string>
#include <vector>

#include "slipway/base/json.h"
#include "slipway/oci/descriptor.h"

namespace slipway::store {

inline constexpr std::string_view kLayoutFile = "oci-layout";
inline constexpr std::string_view kLayoutJson = R"({"imageLayoutVersion":"1.0.0"})";
inline constexpr std::string_view kIndexFile = "index.json";
inline constexpr std::size_t kMaxIndexBytes = 64u << 20;  ///< of an index.json

/// Refuses an oci-layout file that is not of version 1. `what` names it in messages.
Status check_layout_version(const std::string& bytes, const std::string& what);

/// The index.json of a layout: reading it and changing tags. Unknown members
/// of the index and of its descriptors are kept. A value.
class LayoutIndex {
 public:
  static LayoutIndex empty();
  /// Errc::malformed, too_large, or verification_failed for two entries with one ref name.
  static Result<LayoutIndex> parse(const std::string& bytes, const std::string& what);
  std::string serialize() const;

  const std::vector<oci::Descriptor>& entries() const { return entries_; }
  const oci::Descriptor* by_tag(const std::string& tag) const;
  const oci::Descriptor* by_digest(const Digest& digest) const;

  /// All tags, byte-sorted.
  std::vector<std::string> tags() const;

  /// Points `tag` at `root`. The entry that had the tag stays, without it.
  void set_tag(const oci::Descriptor& root, const std::string& tag);
  /// Lists a document that has no tag.
  void add(const oci::Descriptor& root);
  /// Removes a document's entry that has no tag.
  void remove_untagged(const Digest& root);
  /// Removes the entry of a tag; false when there is none.
  bool remove_tag(const std::string& tag);

 private:
  Json members_;  // the whole document; "manifests" is replaced when written
  std::vector<oci::Descriptor> entries_;
};

/// The tag of an index.json entry, or nullptr.
const std::string* tag_of(const oci::Descriptor& entry);
/// The entry as it is outside of the index.
oci::Descriptor without_name(oci::Descriptor entry);

}  // namespace slipway::store
