#include "trust/bundles.h"

#include <algorithm>
#include <optional>

#include "slipway/io/filters.h"
#include "slipway/io/hash.h"
#include "slipway/oci/media_type.h"

namespace slipway::trust {
namespace {

constexpr std::size_t kMostReferrers = 1000;

bool may_be_bundle(const oci::Descriptor& listed) {
  const std::string& type = listed.artifact_type;
  return oci::is_manifest(listed.media_type) &&
         (type.empty() || type == oci::kEmptyType || type.starts_with(kBundlePrefix));
}

/// cosign's reading: one layer of a bundle's type, whatever artifact type the manifest has. The list of a registry may
/// name manifests of other subjects.
Result<std::optional<AttachedBundle>> bundle_in(store::ReadTarget& from, const oci::Descriptor& listed,
                                                const Digest& image) {
  SLIPWAY_ASSIGN(const store::Fetched fetched, from.fetch_document(listed.digest));
  SLIPWAY_ASSIGN(const oci::Manifest manifest, oci::parse_manifest(fetched.bytes, fetched.descriptor.media_type));
  const bool ours = manifest.subject && manifest.subject->digest == image && manifest.layers.size() == 1 &&
                    manifest.layers.front().media_type.starts_with(kBundlePrefix);
  if (!ours) return std::optional<AttachedBundle>();
  SLIPWAY_ASSIGN(const auto source, from.fetch(manifest.layers.front()));
  SLIPWAY_ASSIGN(std::string bytes, io::read_all(*source, kMaxBundle));
  return std::optional(AttachedBundle{manifest.layers.front().digest, std::move(bytes)});
}

oci::Descriptor described(std::string_view type, std::string_view bytes) {
  return {std::string(type), io::digest_of(bytes), static_cast<std::int64_t>(bytes.size())};
}

Result<std::vector<oci::Descriptor>> listed_at(store::ReadTarget& from, const Digest& image) {
  auto* lister = store::as<store::ReferrerLister>(from);
  if (lister == nullptr) return std::vector<oci::Descriptor>();
  return lister->referrers(image, "");
}

}  // namespace

Result<std::vector<AttachedBundle>> attached_bundles(store::ReadTarget& from, const Digest& image) {
  SLIPWAY_ASSIGN(auto listed, listed_at(from, image));
  std::erase_if(listed, [](const oci::Descriptor& entry) { return !may_be_bundle(entry); });
  if (listed.size() > kMostReferrers)
    return fail(Errc::too_large, "{} has more than {} referrers that can be signatures", image.str(), kMostReferrers);
  std::vector<AttachedBundle> bundles;
  for (const oci::Descriptor& entry : listed) {
    SLIPWAY_ASSIGN(auto bundle, bundle_in(from, entry, image));
    if (bundle) bundles.push_back(*std::move(bundle));
  }
  return bundles;
}

Status attach_bundle(store::Target& target, const oci::Descriptor& image, const Bundle& bundle,
                     const std::string& predicate_type, const std::stop_token& stop) {
  const std::string bytes = write_bundle(bundle);
  const oci::Descriptor layer = described(kBundleType, bytes);
  const std::string manifest =
      oci::write_manifest({.raw = {},
                           .media_type = std::string(oci::kManifestType),
                           .artifact_type = std::string(kBundleType),
                           .config = oci::empty_descriptor(),
                           .layers = {layer},
                           .subject = oci::Descriptor(image.media_type, image.digest, image.size),
                           .annotations = {{"dev.sigstore.bundle.content", "dsse-envelope"},
                                           {"dev.sigstore.bundle.predicateType", predicate_type}}});
  oci::Descriptor root = described(oci::kManifestType, manifest);
  root.artifact_type = kBundleType;
  io::TextSource blob(bytes), braces(oci::kEmptyJson), document(manifest);
  SLIPWAY_TRY(target.push(layer, blob, stop));
  SLIPWAY_TRY(target.push(oci::empty_descriptor(), braces, stop));
  SLIPWAY_TRY(target.push(root, document, stop));
  SLIPWAY_TRY(target.keep_untagged(root));
  SLIPWAY_ASSIGN(const auto listed, listed_at(target, image.digest));
  const bool there = std::any_of(listed.begin(), listed.end(),
                                 [&](const oci::Descriptor& entry) { return entry.digest == root.digest; });
  if (there) return {};
  return fail(error(Errc::verification_failed, "{} took the signature {} and does not list it", target.name(),
                    root.digest.str())
                  .with_hint("run the command again; slipway probe says what the registry lists"));
}

}  // namespace slipway::trust
