#include "release/collectable.h"

#include "release/world.h"

namespace slipway::release {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> tags_of(const std::vector<Untagged>& parts) {
  std::vector<std::string> tags;
  for (const Untagged& part : parts)
    tags.push_back(part.tag);
  return tags;
}

/// A place that lists no tags and holds nothing.
class Unlisted final : public store::ReadTarget {
 public:
  std::string name() const override { return "unlisted"; }
  store::Traits traits() const override { return {.collects_untagged = true}; }
  Result<oci::Descriptor> resolve(const store::TagOrDigest&) override { return fail(Errc::not_found, "nothing"); }
  Result<bool> exists(const oci::Descriptor&) override { return false; }
  Result<std::unique_ptr<io::Source>> fetch(const oci::Descriptor&) override {
    return fail(Errc::not_found, "nothing");
  }
};

class Collectable : public ::testing::Test {
 protected:
  std::vector<Untagged> untagged(store::ReadTarget& place, const oci::Descriptor& image) {
    auto found = collectable(place, "app.env-v1", image, {.lanes = 1});
    EXPECT_TRUE(found) << found.error().describe();
    return found ? *std::move(found) : std::vector<Untagged>{};
  }

  World world;
  std::shared_ptr<FakeRepository> repository = world.repository("reg.example/hello");
};

TEST_F(Collectable, ChildrenAndReferrersWithoutTheirTags) {
  const oci::Descriptor index = put_index(*repository, {"linux/amd64", "linux/arm64", "linux/riscv64"});
  const oci::Descriptor sbom = attach(*repository, index, "application/spdx+json");
  ASSERT_TRUE(repository->tag(put_image(*repository, "linux/arm64 1"), "app.env-v1-linux-arm64"));
  const std::string of_sbom = store::attachment_tag(index.digest, sbom.digest);
  const auto found = untagged(*repository, index);
  EXPECT_THAT(tags_of(found), ElementsAre("app.env-v1-linux-amd64", "app.env-v1-linux-riscv64", of_sbom));
  ASSERT_TRUE(keep(found, *repository));
  EXPECT_EQ(repository->resolve(of_sbom)->digest, sbom.digest);
  EXPECT_THAT(untagged(*repository, index), IsEmpty());
}

TEST_F(Collectable, WhatIsGoneNeedsNoTag) {
  const oci::Descriptor index = put_index(*repository, {"linux/amd64", "linux/arm64"});
  store::MemoryTarget copy;
  ASSERT_TRUE(repository->delete_manifest(put_image(copy, "linux/amd64 0").digest));
  EXPECT_THAT(tags_of(untagged(*repository, index)), ElementsAre("app.env-v1-linux-arm64"));
}

TEST_F(Collectable, NothingIsAskedOfAPlaceThatKeepsOrListsNothing) {
  store::MemoryTarget elsewhere, keeps;
  const oci::Descriptor index = put_index(elsewhere, {"linux/amd64"});
  EXPECT_THAT(untagged(keeps, index), IsEmpty()) << "it removes nothing, so the index is not asked for";
  Unlisted unlisted;
  EXPECT_THAT(untagged(unlisted, index), IsEmpty()) << "its tags are not known";
}

}  // namespace
}  // namespace slipway::release
