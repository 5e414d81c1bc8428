#include "slipway/io/filters.h"
#include "slipway/io/hash.h"
#include "slipway/oci/media_type.h"
#include "support/target_conformance.h"

namespace slipway::test {

Blob make_blob(std::string bytes, std::string media_type) {
  oci::Descriptor descriptor(std::move(media_type), io::digest_of(bytes), static_cast<std::int64_t>(bytes.size()));
  return {std::move(descriptor), std::move(bytes)};
}

Blob make_manifest(const std::vector<Blob>& layers, std::optional<oci::Descriptor> subject) {
  oci::Manifest manifest{.raw = {},
                         .media_type = std::string(oci::kManifestType),
                         .artifact_type = "application/vnd.example.test",
                         .config = oci::empty_descriptor(),
                         .layers = {},
                         .subject = std::move(subject),
                         .annotations = {}};
  for (const Blob& layer : layers)
    manifest.layers.push_back(layer.descriptor);
  return make_blob(oci::write_manifest(manifest), std::string(oci::kManifestType));
}

Blob make_index(const std::vector<Blob>& manifests) {
  oci::Index index{.raw = {},
                   .media_type = std::string(oci::kIndexType),
                   .artifact_type = {},
                   .manifests = {},
                   .subject = {},
                   .annotations = {}};
  for (const Blob& manifest : manifests)
    index.manifests.push_back(manifest.descriptor);
  return make_blob(oci::write_index(index), std::string(oci::kIndexType));
}

Status push(store::Target& target, const Blob& blob) {
  io::TextSource source(blob.bytes);
  return target.push(blob.descriptor, source);
}

Blob push_image(store::Target& target, const std::vector<std::string>& layers) {
  std::vector<Blob> blobs;
  for (const std::string& layer : layers)
    blobs.push_back(make_blob(layer));
  for (const Blob& blob : blobs)
    EXPECT_TRUE(push(target, blob).has_value());
  EXPECT_TRUE(push(target, make_blob("{}", std::string(oci::kEmptyType))).has_value());
  Blob manifest = make_manifest(blobs);
  const Status pushed = push(target, manifest);
  EXPECT_TRUE(pushed.has_value()) << pushed.error().describe();
  return manifest;
}

Result<std::string> read(store::ReadTarget& target, const oci::Descriptor& descriptor) {
  SLIPWAY_ASSIGN(const auto source, target.fetch(descriptor));
  return io::read_all(*source, 64u << 20);
}

}  // namespace slipway::test
