#include "release/tombstone.h"

#include <algorithm>

#include "release/entry_artifact.h"
#include "slipway/io/filters.h"

namespace slipway::release {

Status remove_dangling(store::Target& target, const std::string& tag) {
  auto* deleter = store::as<store::Deleter>(target);
  if (deleter != nullptr && deleter->delete_tag(tag)) return {};
  Json json;
  json.set("schema", "slipway/v1/tombstone").set("tag", tag);
  SLIPWAY_ASSIGN(const std::string bytes, json.canonical());
  const RecordArtifact artifact = make_record_artifact(kTombstoneType, bytes);
  io::TextSource blob(bytes);
  SLIPWAY_TRY(target.push(artifact.blob, blob));
  SLIPWAY_TRY(target.push_tagged(artifact.manifest, artifact.manifest_bytes, tag));
  if (deleter == nullptr) return {};
  const Status deleted = deleter->delete_manifest(artifact.manifest.digest);
  return deleted || deleted.error().code == Errc::unsupported || deleted.error().http ? Status() : deleted;
}

bool is_abandoned(const Chain& chain, const std::string& tag) {
  return std::any_of(chain.entries.begin(), chain.entries.end(), [&](const Recorded& recorded) {
    const auto& tags = recorded.entry.abandoned;
    return std::find(tags.begin(), tags.end(), tag) != tags.end();
  });
}

}  // namespace slipway::release
