#include "copy/cosign_tag.h"

#include <algorithm>

#include "slipway/io/filters.h"
#include "slipway/io/hash.h"
#include "slipway/oci/media_type.h"
#include "slipway/store/attachment_tag.h"

namespace slipway::copy {
namespace {

constexpr int kTries = 4;

Result<oci::Manifest> manifest_at(store::ReadTarget& place, const oci::Descriptor& descriptor, const std::string& tag) {
  SLIPWAY_ASSIGN(oci::Document document, fetch_document(place, descriptor));
  if (auto* manifest = std::get_if<oci::Manifest>(&document)) return std::move(*manifest);
  return fail(error(Errc::conflict, "the tag {} in {} is an index, not one of cosign's manifests", tag, place.name())
                  .with_hint("cosign merges manifests only: remove the tag, or leave attachments behind"));
}

/// Adds the layers that `manifest` lacks; returns false if it has them all. Two signatures of one payload are two
/// layers of one digest, told apart by their annotations.
bool add_layers(oci::Manifest& manifest, const oci::Manifest& others) {
  bool added = false;
  for (const oci::Descriptor& layer : others.layers) {
    if (std::find(manifest.layers.begin(), manifest.layers.end(), layer) != manifest.layers.end()) continue;
    manifest.layers.push_back(layer);
    added = true;
  }
  return added;
}

/// A config whose diff IDs are the layers', which is all that readers of a signature manifest look at.
std::string config_of(const oci::Manifest& manifest) {
  Json::Array diff_ids;
  for (const oci::Descriptor& layer : manifest.layers)
    diff_ids.emplace_back(layer.digest.str());
  Json rootfs;
  rootfs.set("type", "layers").set("diff_ids", std::move(diff_ids));
  Json config;
  config.set("architecture", "").set("os", "").set("config", Json::Object()).set("rootfs", std::move(rootfs));
  return config.compact();
}

/// Puts the manifest with a config that fits its layers, which must be at `to` already.
Status put_merged(oci::Manifest manifest, const std::string& tag, store::Target& to) {
  const std::string config = config_of(manifest);
  manifest.config =
      oci::Descriptor(manifest.config.media_type, io::digest_of(config), static_cast<std::int64_t>(config.size()));
  io::TextSource blob(config);
  SLIPWAY_TRY(to.push(manifest.config, blob));
  const std::string bytes = oci::write_manifest(manifest);
  return to.push_tagged({manifest.media_type, io::digest_of(bytes), static_cast<std::int64_t>(bytes.size())}, bytes,
                        tag);
}

/// Returns true once `to` has everything; otherwise after one write.
Result<bool> merge_once(store::ReadTarget& from, const Attached& attached, store::Target& to,
                        const CopyOptions& options) {
  const auto there = to.resolve(attached.tag);
  if (there && there->digest == attached.manifest.digest) return true;
  if (!there && there.error().code != Errc::not_found) return fail(there.error());
  if (!there) {
    SLIPWAY_TRY(copy_tagged({&from}, attached.manifest, to, {attached.tag}, options));
    return false;
  }
  SLIPWAY_ASSIGN(oci::Manifest merged, manifest_at(to, *there, attached.tag));
  SLIPWAY_ASSIGN(const oci::Manifest ours, manifest_at(from, attached.manifest, attached.tag));
  if (!add_layers(merged, ours)) return true;
  SLIPWAY_TRY(copy_graph({&from}, attached.manifest, to, options));
  SLIPWAY_TRY(put_merged(std::move(merged), attached.tag, to));
  return false;
}

}  // namespace

bool is_cosign_tag(std::string_view tag, const Digest& subject) {
  return std::any_of(std::begin(kCosignSuffixes), std::end(kCosignSuffixes),
                     [&](std::string_view suffix) { return tag == store::cosign_tag(subject, suffix); });
}

Status copy_cosign_tag(store::ReadTarget& from, const Attached& attached, store::Target& to,
                       const CopyOptions& options) {
  for (int i = 0; i < kTries; ++i) {
    SLIPWAY_ASSIGN(const bool done, merge_once(from, attached, to, options));
    if (done) return {};
  }
  return fail(Errc::conflict, "others keep writing the tag {} in {}", attached.tag, to.name());
}

}  // namespace slipway::copy
