#include "slipway/store/target.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "slipway/io/filters.h"
#include "slipway/store/memory.h"
#include "support/header_example.h"
#include "support/target_conformance.h"
#include "support/wrapped_target.h"

namespace slipway::store {
namespace {

struct Image {
  oci::Descriptor layer;
  io::RestartableSource* layer_bytes;
  oci::Descriptor manifest;
  std::string manifest_bytes;
};

Status publish(store::Target& target, const Image& image) {
  SLIPWAY_ASSIGN(const bool there, target.exists(image.layer));
  if (!there) SLIPWAY_TRY(target.push(image.layer, *image.layer_bytes));
  return target.push_tagged(image.manifest, image.manifest_bytes, "v1");
}

TEST(Target, TheHeadersExampleWorks) {
  test::expect_example_is_compiled("include/slipway/store/target.h", "tests/store/target_test.cpp");
  MemoryTarget target;
  const auto layer = test::make_blob("layer");
  const auto manifest = test::make_manifest({layer});
  ASSERT_TRUE(test::push(target, test::make_blob("{}", "application/vnd.oci.empty.v1+json")));
  io::StringSource bytes(layer.bytes);
  ASSERT_TRUE(publish(target, {layer.descriptor, &bytes, manifest.descriptor, manifest.bytes}));
  EXPECT_EQ(target.resolve(std::string("v1"))->digest, manifest.descriptor.digest);
}

/// A repository with every power and trait that a registry has.
class Registry final : public test::WrappedTarget, public Mounter {
 public:
  explicit Registry(Target* content) : WrappedTarget(content) {}
  Traits traits() const override {
    return {.asks_cost_a_request = true, .collects_untagged = true, .refuses_incomplete = true};
  }
  std::string registry() const override { return "r.example"; }
  std::string repository() const override { return "team/a"; }
  Result<bool> mount(const oci::Descriptor&, const std::string&) override { return true; }
};

TEST(Target, AWrappedTargetKeepsItsPowersAndTraits) {
  MemoryTarget memory;
  Registry registry(&memory);
  test::WrappedTarget once(&registry);
  test::WrappedTarget twice(&once);
  EXPECT_EQ(twice.traits(), registry.traits());
  EXPECT_TRUE(twice.traits().refuses_incomplete);
  EXPECT_EQ(as<Mounter>(twice), static_cast<Mounter*>(&registry)) << "of the target two below";
  EXPECT_EQ(as<TagLister>(twice), static_cast<TagLister*>(&memory)) << "of the target three below";
  EXPECT_EQ(as<ReferrerLister>(twice), static_cast<ReferrerLister*>(&memory));
  EXPECT_EQ(as<Deleter>(twice), static_cast<Deleter*>(&memory));
  EXPECT_EQ(as<RootLister>(twice), nullptr) << "nobody below has it";
}

TEST(Memory, BytesThatWerePushedAsADocumentOnceAreOne) {
  const auto manifest = test::make_manifest({});
  const oci::Descriptor as_layer("application/vnd.oci.image.layer.v1.tar", manifest.descriptor.digest,
                                 manifest.descriptor.size);
  for (const bool document_first : {true, false}) {
    MemoryTarget target;
    ASSERT_TRUE(test::push(target, test::make_blob("{}", "application/vnd.oci.empty.v1+json")));
    for (const bool document : {document_first, !document_first})
      ASSERT_TRUE(test::push(target, {document ? manifest.descriptor : as_layer, manifest.bytes}));
    const auto found = target.resolve(manifest.descriptor.digest);
    ASSERT_TRUE(found.has_value()) << document_first;
    EXPECT_EQ(found->media_type, manifest.descriptor.media_type);
  }
}

TEST(Target, WithoutTraitsItsQuestionsAreFreeAndItKeepsEverything) {
  MemoryTarget memory;
  EXPECT_EQ(memory.traits(), Traits());
  EXPECT_FALSE(memory.traits().asks_cost_a_request);
  EXPECT_FALSE(memory.traits().collects_untagged);
  EXPECT_FALSE(memory.traits().refuses_incomplete);
}

}  // namespace
}  // namespace slipway::store
