#include "store/layout_index.h"

#include <algorithm>
#include <set>

#include "slipway/base/json_reader.h"
#include "slipway/base/text.h"
#include "slipway/oci/media_type.h"

namespace slipway::store {

const std::string* tag_of(const oci::Descriptor& entry) {
  const auto at = entry.annotations.find(std::string(oci::kRefName));
  return at == entry.annotations.end() ? nullptr : &at->second;
}

oci::Descriptor without_name(oci::Descriptor entry) {
  entry.annotations.erase(std::string(oci::kRefName));
  return entry;
}

Status check_layout_version(const std::string& bytes, const std::string& what) {
  SLIPWAY_ASSIGN(const Json json, Json::parse(bytes, what));
  SLIPWAY_ASSIGN(auto reader, JsonReader::of(json, what));
  SLIPWAY_ASSIGN(const std::string version, reader.required_string("imageLayoutVersion"));
  if (version.rfind("1.", 0) == 0) return {};
  return fail(Errc::verification_failed, "{}: version \"{}\" is not 1.x", what, printable(version, 40));
}

std::vector<std::string> LayoutIndex::tags() const {
  std::vector<std::string> tags;
  for (const oci::Descriptor& entry : entries_) {
    if (const std::string* tag = tag_of(entry)) tags.push_back(*tag);
  }
  std::sort(tags.begin(), tags.end());
  return tags;
}

LayoutIndex LayoutIndex::empty() {
  LayoutIndex index;
  index.members_.set("schemaVersion", 2).set("mediaType", oci::kIndexType).set("manifests", Json::Array{});
  return index;
}

Result<LayoutIndex> LayoutIndex::parse(const std::string& bytes, const std::string& what) {
  LayoutIndex index;
  SLIPWAY_ASSIGN(index.members_, Json::parse(bytes, what, {.max_bytes = kMaxIndexBytes}));
  SLIPWAY_ASSIGN(auto reader, JsonReader::of(index.members_, what));
  SLIPWAY_TRY(reader.required_integer("schemaVersion", 2, 2));
  SLIPWAY_TRY(reader.string("mediaType"));
  SLIPWAY_ASSIGN(const Json* manifests, reader.array("manifests"));
  if (manifests == nullptr) return fail(Errc::malformed, "{}: \"manifests\" is missing", what);
  std::set<std::string> tags;
  for (const Json& item : *manifests->array()) {
    SLIPWAY_ASSIGN(auto entry,
                   oci::Descriptor::from_json(item, fmt::format("{}: manifests[{}]", what, index.entries_.size())));
    const std::string* tag = tag_of(entry);
    if (tag != nullptr && !tags.insert(*tag).second) {
      return fail(
          Error(Errc::verification_failed,
                fmt::format("{} has two entries named \"{}\", so the name is ambiguous", what, printable(*tag, 150)))
              .with_hint("remove one of the entries from index.json"));
    }
    index.entries_.push_back(std::move(entry));
  }
  SLIPWAY_TRY(reader.finish());
  return index;
}

std::string LayoutIndex::serialize() const {
  Json document = members_;
  Json::Array manifests;
  for (const oci::Descriptor& entry : entries_)
    manifests.push_back(entry.to_json());
  document.set("manifests", std::move(manifests));
  return document.compact();
}

const oci::Descriptor* LayoutIndex::by_tag(const std::string& tag) const {
  for (const oci::Descriptor& entry : entries_) {
    const std::string* name = tag_of(entry);
    if (name != nullptr && *name == tag) return &entry;
  }
  return nullptr;
}

const oci::Descriptor* LayoutIndex::by_digest(const Digest& digest) const {
  const auto at = std::find_if(entries_.begin(), entries_.end(), [&](const auto& e) { return e.digest == digest; });
  return at == entries_.end() ? nullptr : &*at;
}

void LayoutIndex::set_tag(const oci::Descriptor& root, const std::string& tag) {
  const oci::Descriptor* old = by_tag(tag);
  if (old != nullptr && old->digest == root.digest) return;
  for (oci::Descriptor& entry : entries_) {
    const std::string* name = tag_of(entry);
    if (name != nullptr && *name == tag) entry.annotations.erase(std::string(oci::kRefName));
  }
  const auto unnamed = [&](const oci::Descriptor& e) { return e.digest == root.digest && tag_of(e) == nullptr; };
  auto at = std::find_if(entries_.begin(), entries_.end(), unnamed);
  if (at == entries_.end()) at = entries_.insert(entries_.end(), root);
  at->annotations.insert_or_assign(std::string(oci::kRefName), tag);
}

void LayoutIndex::add(const oci::Descriptor& root) {
  if (by_digest(root.digest) == nullptr) entries_.push_back(root);
}

void LayoutIndex::remove_untagged(const Digest& root) {
  std::erase_if(entries_,
                [&root](const oci::Descriptor& entry) { return entry.digest == root && tag_of(entry) == nullptr; });
}

bool LayoutIndex::remove_tag(const std::string& tag) {
  return std::erase_if(entries_, [&](const oci::Descriptor& entry) {
           const std::string* name = tag_of(entry);
           return name != nullptr && *name == tag;
         }) > 0;
}

}  // namespace slipway::store
