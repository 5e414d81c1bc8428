#include "slipway/image/image.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "slipway/io/filters.h"
#include "slipway/io/hash.h"
#include "slipway/oci/media_type.h"
#include "slipway/store/memory.h"

namespace slipway::image {
namespace {

using ::testing::HasSubstr;

class ImageTest : public ::testing::Test {
 protected:
  oci::Descriptor push(std::string_view type, const std::string& bytes) {
    oci::Descriptor descriptor(std::string(type), io::digest_of(bytes), static_cast<std::int64_t>(bytes.size()));
    io::TextSource source(bytes);
    const Status pushed = store.push(descriptor, source);
    EXPECT_TRUE(pushed) << pushed.error().describe();
    return descriptor;
  }
  oci::Descriptor make(const std::string& platform, std::size_t layers = 1, std::size_t diff_ids = 1) {
    oci::ImageConfig config;
    config.platform = *oci::Platform::parse(platform);
    for (std::size_t i = 0; i < diff_ids; ++i)
      config.diff_ids.push_back(io::digest_of(std::to_string(i)));
    oci::Manifest manifest{{}, std::string(oci::kManifestType), {}, push(oci::kConfigType, config.serialize()), {}, {},
                           {}};
    for (std::size_t i = 0; i < layers; ++i)
      manifest.layers.push_back(push(oci::kLayerType, platform + std::to_string(i)));
    return push(oci::kManifestType, oci::write_manifest(manifest));
  }
  oci::Descriptor index_of(std::vector<oci::Descriptor> children) {
    oci::Index index;
    index.media_type = oci::kIndexType;
    index.manifests = std::move(children);
    return push(oci::kIndexType, oci::write_index(index));
  }
  static oci::Descriptor on(oci::Descriptor child, const std::string& platform) {
    child.platform = *oci::Platform::parse(platform);
    return child;
  }
  std::vector<std::string> offers(const oci::Descriptor& root) {
    std::vector<std::string> out;
    const auto list = list_platforms(store, root);
    EXPECT_TRUE(list) << list.error().describe();
    if (list) {
      for (const Offer& offer : *list)
        out.push_back(offer.platform.str());
    }
    return out;
  }
  store::MemoryTarget store;
};

TEST_F(ImageTest, OneManifestIsItsOwnPlatform) {
  const auto manifest = make("linux/arm/v7");
  const auto image = load_manifest(store, manifest);
  ASSERT_TRUE(image) << image.error().describe();
  EXPECT_EQ(image->descriptor.digest, manifest.digest);
  EXPECT_EQ(image->config.platform.str(), "linux/arm/v7");
  EXPECT_EQ(io::digest_of(image->raw_config), image->manifest.config.digest);
  EXPECT_THAT(offers(manifest), ::testing::ElementsAre("linux/arm/v7"));
  EXPECT_TRUE(load_image(store, manifest, *oci::Platform::parse("linux/arm/v7")));
  EXPECT_EQ(load_image(store, manifest, *oci::Platform::parse("linux/amd64")).error().code, Errc::not_found);
}

TEST_F(ImageTest, NestedIndexesAndAttestations) {
  const auto amd = make("linux/amd64"), arm = make("linux/arm64"), s390 = make("linux/s390x"),
             proof = make("linux/riscv64");
  oci::Descriptor attestation = proof;
  attestation.platform = oci::Platform{"unknown", "unknown", "", "", {}};
  oci::Descriptor tool = on(proof, "linux/mips");
  tool.annotations["vnd.docker.reference.type"] = "attestation-manifest";
  const auto strange = push("application/vnd.example.thing", "?");
  const auto root =
      index_of({on(amd, "linux/amd64"), attestation, tool, index_of({arm, on(s390, "linux/s390x")}), strange});
  EXPECT_THAT(offers(root), ::testing::ElementsAre("linux/amd64", "linux/arm64", "linux/s390x"));
  EXPECT_EQ(load_image(store, root, *oci::Platform::parse("linux/s390x"))->descriptor.digest, s390.digest);
  const auto missing = load_image(store, root, *oci::Platform::parse("linux/ppc64le"));
  ASSERT_FALSE(missing);
  EXPECT_THAT(missing.error().message, HasSubstr("it has linux/amd64, linux/arm64, linux/s390x"));
}

TEST_F(ImageTest, FirstMatchWins) {
  const auto one = make("linux/amd64"), two = make("linux/amd64", 2, 2);
  const auto root = index_of({on(one, "linux/amd64"), on(two, "linux/amd64")});
  EXPECT_EQ(load_image(store, root, *oci::Platform::parse("linux/amd64"))->descriptor.digest, one.digest);
}

TEST_F(ImageTest, TheBestMatchWinsWhereverItStands) {
  const auto v6 = make("linux/arm/v6"), v7 = make("linux/arm/v7", 2, 2), v8 = make("linux/arm/v8", 3, 3);
  const auto root = index_of({on(v6, "linux/arm/v6"), on(v8, "linux/arm/v8"), on(v7, "linux/arm/v7")});
  const auto chosen = [&](const char* platform) {
    return load_image(store, root, *oci::Platform::parse(platform))->descriptor.digest;
  };
  EXPECT_EQ(chosen("linux/arm/v7"), v7.digest);
  EXPECT_EQ(chosen("linux/arm/v8"), v8.digest);
  EXPECT_EQ(chosen("linux/arm"), v7.digest);
  EXPECT_EQ(chosen("linux/arm/v6"), v6.digest);
  EXPECT_EQ(load_image(store, root, *oci::Platform::parse("linux/arm/v5")).error().code, Errc::not_found);
}

TEST_F(ImageTest, CountsMustAgree) {
  const auto image = load_manifest(store, make("linux/amd64", 2, 1));
  ASSERT_FALSE(image);
  EXPECT_EQ(image.error().code, Errc::verification_failed);
  EXPECT_THAT(image.error().message, HasSubstr("2 layers"));
}

TEST_F(ImageTest, AnIndexOrArtifactIsNoImage) {
  EXPECT_EQ(load_manifest(store, index_of({})).error().code, Errc::unsupported);
  const auto config = push(oci::kEmptyType, "{}");
  oci::Manifest artifact{{}, std::string(oci::kManifestType), "application/vnd.example", config, {config}, {}, {}};
  const auto stored = push(oci::kManifestType, oci::write_manifest(artifact));
  EXPECT_EQ(load_manifest(store, stored).error().code, Errc::unsupported);
  EXPECT_THAT(offers(index_of({stored})), ::testing::IsEmpty());
}

TEST_F(ImageTest, WhatIsMissingIsNotFound) {
  const oci::Descriptor nowhere(std::string(oci::kManifestType), io::digest_of("gone"), 4);
  EXPECT_EQ(load_manifest(store, nowhere).error().code, Errc::not_found);
  const oci::Descriptor huge(std::string(oci::kManifestType), io::digest_of("huge"), 1ll << 40);
  EXPECT_EQ(load_manifest(store, huge).error().code, Errc::too_large);
}

}  // namespace
}  // namespace slipway::image
