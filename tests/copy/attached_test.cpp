#include "slipway/copy/attached.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "copy/watched_target.h"
#include "slipway/io/hash.h"
#include "slipway/oci/media_type.h"
#include "slipway/store/memory.h"
#include "support/target_conformance.h"

namespace slipway::copy {
namespace {

using store::MemoryTarget;
using test::Blob;
using test::make_blob;
using test::make_index;
using test::make_manifest;
using test::push_image;
using test::WatchedTarget;
using testing::ElementsAre;

std::string sig_tag(const Blob& subject) { return fmt::format("sha256-{}.sig", subject.descriptor.digest.hex()); }

/// A manifest as cosign writes it: one layer for each signature, told apart by their annotations.
oci::Descriptor put_signatures(store::Target& target, const Blob& subject, const std::vector<std::string>& signatures) {
  oci::Manifest manifest{.raw = {},
                         .media_type = std::string(oci::kManifestType),
                         .artifact_type = {},
                         .config = make_blob("{\"rootfs\":{}}").descriptor,
                         .layers = {},
                         .subject = {},
                         .annotations = {}};
  manifest.config.media_type = "application/vnd.oci.image.config.v1+json";
  EXPECT_TRUE(test::push(target, make_blob("{\"rootfs\":{}}")).has_value());
  const Blob payload = make_blob("payload", "application/vnd.dev.cosign.simplesigning.v1+json");
  EXPECT_TRUE(test::push(target, payload).has_value());
  for (const std::string& signature : signatures) {
    manifest.layers.push_back(payload.descriptor);
    manifest.layers.back().annotations["dev.cosignproject.cosign/signature"] = signature;
  }
  const std::string bytes = oci::write_manifest(manifest);
  const oci::Descriptor descriptor(manifest.media_type, io::digest_of(bytes), static_cast<std::int64_t>(bytes.size()));
  EXPECT_TRUE(target.push_tagged(descriptor, bytes, sig_tag(subject)).has_value());
  return descriptor;
}

std::vector<std::string> signatures_at(store::ReadTarget& target, const Blob& subject) {
  const auto found = target.resolve(sig_tag(subject));
  if (!found) return {found.error().message};
  const auto document = fetch_document(target, *found);
  std::vector<std::string> signatures;
  for (const oci::Descriptor& layer : std::get<oci::Manifest>(*document).layers)
    signatures.push_back(layer.annotations.at("dev.cosignproject.cosign/signature"));
  return signatures;
}

bool all(const Attached&) { return true; }

TEST(FindAttached, SeesTagsAndReferrersOfTheIndexAndOfItsManifests) {
  MemoryTarget from("from");
  const Blob image = push_image(from, {"one"});
  const Blob root = make_index({image});
  ASSERT_TRUE(test::push(from, root).has_value());
  const Blob layer = make_blob("bundle");
  ASSERT_TRUE(test::push(from, layer).has_value());
  const Blob bundle = make_manifest({layer}, image.descriptor);
  ASSERT_TRUE(test::push(from, bundle).has_value());
  const oci::Descriptor signature = put_signatures(from, root, {"a"});
  const auto found = find_attached(from, root.descriptor, all, {.lanes = 1});
  ASSERT_TRUE(found.has_value()) << found.error().describe();
  ASSERT_EQ(found->size(), 2u);
  EXPECT_EQ(found->at(0).subject, root.descriptor.digest);
  EXPECT_EQ(found->at(0).tag, sig_tag(root));
  EXPECT_EQ(found->at(0).manifest.digest, signature.digest);
  EXPECT_EQ(found->at(1).subject, image.descriptor.digest);
  EXPECT_EQ(found->at(1).tag, "");
  EXPECT_EQ(found->at(1).manifest.digest, bundle.descriptor.digest);
  EXPECT_EQ(found->at(1).manifest.artifact_type, "application/vnd.example.test");
}

TEST(FindAttached, AsksForNoTagThatIsNotWanted) {
  MemoryTarget from("from");
  const Blob image = push_image(from, {"one"});
  put_signatures(from, image, {"a"});
  const auto found =
      find_attached(from, image.descriptor, [](const Attached& attached) { return attached.tag.empty(); }, {});
  ASSERT_TRUE(found.has_value());
  EXPECT_TRUE(found->empty());
}

TEST(CopyAttachment, AddsTheSignaturesOfTheSourceToThoseThatAreThere) {
  MemoryTarget from("from");
  MemoryTarget to("to");
  const Blob image = push_image(from, {"one"});
  push_image(to, {"one"});
  const oci::Descriptor ours = put_signatures(from, image, {"a", "b"});
  put_signatures(to, image, {"b", "c"});
  const Attached attached{image.descriptor.digest, sig_tag(image), ours};
  const Status copied = copy_attachment(from, attached, to, {.lanes = 1});
  ASSERT_TRUE(copied.has_value()) << copied.error().describe();
  EXPECT_THAT(signatures_at(to, image), ElementsAre("b", "c", "a"));
  // The config fits the layers, and everything that the manifest names is there.
  const auto manifest = std::get<oci::Manifest>(*fetch_document(to, *to.resolve(sig_tag(image))));
  EXPECT_TRUE(to.exists(manifest.config).value());
  EXPECT_NE(test::read(to, manifest.config)->find(make_blob("payload").descriptor.digest.str()), std::string::npos);
  // Once more changes nothing.
  const auto before = to.resolve(sig_tag(image))->digest;
  ASSERT_TRUE(copy_attachment(from, attached, to, {.lanes = 1}).has_value());
  EXPECT_EQ(to.resolve(sig_tag(image))->digest, before);
}

TEST(CopyAttachment, TakesTheTagAsItIsWhereThereIsNone) {
  MemoryTarget from("from");
  MemoryTarget to("to");
  const Blob image = push_image(from, {"one"});
  const oci::Descriptor ours = put_signatures(from, image, {"a"});
  ASSERT_TRUE(copy_attachment(from, {image.descriptor.digest, sig_tag(image), ours}, to, {.lanes = 1}).has_value());
  EXPECT_EQ(to.resolve(sig_tag(image))->digest, ours.digest);
}

/// Takes manifests and lists none of them: a registry that ignores subjects.
struct Forgetful final : WatchedTarget, store::ReferrerLister {
  Result<std::vector<oci::Descriptor>> referrers(const Digest&, const std::string&) override {
    return std::vector<oci::Descriptor>();
  }
};

TEST(CopyAttachment, LooksWhetherTheReferrerIsListed) {
  MemoryTarget from("from");
  Forgetful to;
  const Blob image = push_image(from, {"one"});
  const Blob layer = make_blob("bundle");
  ASSERT_TRUE(test::push(from, layer).has_value());
  const Blob bundle = make_manifest({layer}, image.descriptor);
  ASSERT_TRUE(test::push(from, bundle).has_value());
  const Status copied = copy_attachment(from, {image.descriptor.digest, "", bundle.descriptor}, to, {.lanes = 1});
  ASSERT_FALSE(copied.has_value());
  EXPECT_EQ(copied.error().code, Errc::verification_failed);
}

}  // namespace
}  // namespace slipway::copy
