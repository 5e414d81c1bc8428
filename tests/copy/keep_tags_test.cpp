#include "slipway/copy/keep_tags.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "copy/watched_target.h"
#include "slipway/oci/media_type.h"
#include "support/target_conformance.h"

namespace slipway::copy {
namespace {

using test::Blob;
using test::make_blob;
using test::make_index;
using test::push_image;
using test::WatchedTarget;
using testing::ElementsAre;
using testing::IsEmpty;

/// A child of an index for a platform; without one where the text is empty.
oci::Descriptor child(const std::string& content, const std::string& platform,
                      std::string_view type = oci::kManifestType) {
  oci::Descriptor descriptor = make_blob(content, std::string(type)).descriptor;
  if (!platform.empty()) descriptor.platform = oci::Platform::parse(platform).value();
  return descriptor;
}

std::vector<std::string> names(const std::string& keep, std::vector<oci::Descriptor> children) {
  oci::Index index{.raw = {},
                   .media_type = std::string(oci::kIndexType),
                   .artifact_type = {},
                   .manifests = std::move(children),
                   .subject = {},
                   .annotations = {}};
  std::vector<std::string> all;
  for (const auto& [tag, descriptor] : child_tags(keep, index)) {
    all.push_back(tag);
    EXPECT_EQ(descriptor.platform, std::nullopt) << "a plain descriptor";
  }
  return all;
}

TEST(ChildTags, NameThePlatform) {
  EXPECT_THAT(names("v1", {child("a", "linux/amd64"), child("b", "linux/arm/v7")}),
              ElementsAre("v1-linux-amd64", "v1-linux-arm-v7"));
}

TEST(ChildTags, NameTheDigestWhereThePlatformCannot) {
  const oci::Descriptor without = child("a", ""), second = child("c", "linux/amd64");
  EXPECT_THAT(names("v1", {without, child("b", "linux/amd64"), second}),
              ElementsAre("v1-" + without.digest.short_hex(), "v1-linux-amd64", "v1-" + second.digest.short_hex()));
  // A tag has at most 128 characters.
  const std::string keep(112, 'k');
  const oci::Descriptor longer = child("d", "linux/riscv64/long");
  EXPECT_THAT(names(keep, {child("e", "linux/amd64"), longer}),
              ElementsAre(keep + "-linux-amd64", keep + "-" + longer.digest.short_hex()));
}

TEST(ChildTags, AreOfManifestsAndOfEachOnce) {
  EXPECT_THAT(names("v1", {child("a", "linux/amd64"), child("a", "linux/arm64"), child("b", "", "text/plain")}),
              ElementsAre("v1-linux-amd64"));
}

TEST(TagChildren, OnlyOfIndexesAndOnlyWhereTheUntaggedIsCollected) {
  WatchedTarget to;
  Blob image = push_image(to, {"one"});
  image.descriptor.platform = oci::Platform::parse("linux/amd64").value();
  const Blob root = make_index({image});
  ASSERT_TRUE(test::push(to, root).has_value());
  EXPECT_FALSE(needs_child_tags(root.descriptor, to));
  ASSERT_TRUE(tag_children(root.descriptor, "v1", to).has_value());
  EXPECT_THAT(to.calls("tag"), IsEmpty());
  to.traits_now.collects_untagged = true;
  EXPECT_TRUE(needs_child_tags(root.descriptor, to));
  EXPECT_FALSE(needs_child_tags(image.descriptor, to));
  ASSERT_TRUE(tag_children(image.descriptor, "v1", to).has_value());
  EXPECT_THAT(to.calls("tag"), IsEmpty());
  ASSERT_TRUE(tag_children(root.descriptor, "v1", to).has_value());
  EXPECT_THAT(to.calls("tag"), ElementsAre("v1-linux-amd64"));
  EXPECT_EQ(to.resolve(std::string("v1-linux-amd64"))->digest, image.descriptor.digest);
  to.fault = [](const std::string& verb, const std::string&) -> Status {
    return verb == "tag" ? Status(fail(Errc::forbidden, "no")) : Status();
  };
  EXPECT_EQ(tag_children(root.descriptor, "v1", to).error().code, Errc::forbidden);
}

}  // namespace
}  // namespace slipway::copy
