#include "slipway/builder/local_images.h"

#include "builder/build_fixture.h"
#include "slipway/base/clock.h"

namespace slipway::builder {
namespace {

using ::testing::Contains;
using ::testing::Not;

class LocalImages : public BuildTest {
 protected:
  /// Builds with one file of that text, for a registry or, with a tag, into .slipway/images; returns the layer's
  /// digest.
  Digest built(const std::string& text, const std::string& tag = "") {
    put(dir.path() / "data", text);
    request.state_folder = state;
    request.destinations = {to_registry("r.example/app", {"v1"})};
    if (!tag.empty()) request.destinations = {{oci::Location::layout((state / "images").native()), {tag}}};
    const BuildResult result = must_build(flags([](AdHocRequest& typed) { typed.adds = {"data:/data"}; }));
    return result.images[0].layers[0].digest;
  }
  std::vector<std::string> blobs() { return *real_fs().list(state / "images/blobs/sha256"); }
  CacheShare prune(std::uint64_t limit, std::int64_t now = 1000) {
    const auto removed = prune_local_images(real_fs(), state, limit, now);
    EXPECT_TRUE(removed) << removed.error().describe();
    return removed ? *removed : CacheShare();
  }
  static std::string hex(const Digest& digest) { return std::string(digest.hex()); }

  const stdfs::path state = dir.path() / ".slipway";
};

TEST_F(LocalImages, LayersThatNothingNeedsGoAndOthersStay) {
  EXPECT_EQ(prune(0).files, 0u) << "the folder does not exist yet";
  const Digest first = built("one"), second = built("two"), named = built("three", "latest");
  ASSERT_TRUE(keep_blobs(real_fs(), state, "build.app", {second}, 0));
  EXPECT_EQ(count_local_images(real_fs(), state)->files, blobs().size());
  EXPECT_EQ(prune(1u << 30).files, 0u);
  EXPECT_EQ(prune(0).files, 1u);
  EXPECT_THAT(blobs(), Not(Contains(hex(first))));
  EXPECT_THAT(blobs(), Contains(hex(second)));
  EXPECT_THAT(blobs(), Contains(hex(named)));
  ASSERT_TRUE(keep_blobs(real_fs(), state, "build.app", {named}, 0));
  EXPECT_EQ(prune(0).files, 1u) << "the build before the last one is not needed";
  EXPECT_THAT(blobs(), Not(Contains(hex(second))));
}

TEST_F(LocalImages, PlansKeepTheirImageUntilTheyExpire) {
  const Digest old = built("one"), last = built("two");
  ASSERT_TRUE(keep_blobs(real_fs(), state, "build.app", {last}, 0));
  ASSERT_TRUE(keep_blobs(real_fs(), state, "plan.1", {old}, 2000));
  EXPECT_EQ(prune(0, 2000).files, 0u);
  EXPECT_THAT(blobs(), Contains(hex(old)));
  EXPECT_EQ(prune(0, 2001).files, 1u);
  EXPECT_THAT(blobs(), Not(Contains(hex(old))));
  EXPECT_FALSE(stdfs::exists(state / "kept-blobs/plan.1.json"));
}

TEST_F(LocalImages, ManifestsThatLostTheirTagGoWithTheirBlobs) {
  const auto listed = [&] {
    return (*store::as<store::RootLister>(**store::LayoutTarget::open(state / "images"))->roots()).size();
  };
  const Digest first = built("one", "latest"), second = built("two", "latest");
  EXPECT_EQ(listed(), 2u);
  EXPECT_EQ(prune(1u << 30).files, 0u);
  EXPECT_EQ(listed(), 2u);
  EXPECT_EQ(prune(0).files, 3u) << "manifest, config and layer of the first image";
  EXPECT_EQ(listed(), 1u);
  EXPECT_THAT(blobs(), Not(Contains(hex(first))));
  EXPECT_THAT(blobs(), Contains(hex(second)));
  auto layout = store::LayoutTarget::open(state / "images");
  ASSERT_TRUE(layout);
  EXPECT_TRUE((*layout)->validate().value().empty()) << "the rest is whole";
}

TEST_F(LocalImages, ARootThatIsKeptByNameStaysWithoutATag) {
  built("one", "latest");
  auto layout = store::LayoutTarget::open(state / "images");
  ASSERT_TRUE(layout);
  const auto root = (*layout)->resolve(std::string("latest"));
  ASSERT_TRUE(root);
  built("two", "latest");
  ASSERT_TRUE(keep_blobs(real_fs(), state, "build.app", {root->digest}, 0));
  EXPECT_EQ(prune(0).files, 0u);
  ASSERT_TRUE(keep_blobs(real_fs(), state, "build.app", {}, 0));
  EXPECT_EQ(prune(0).files, 3u);
}

TEST_F(LocalImages, NothingGoesWhileAnotherBuildIsInProgress) {
  built("one");
  const std::int64_t now = system_clock().now();
  {
    const BuildMark other = BuildMark::begin(real_fs(), state);
    EXPECT_EQ(prune(0, now).files, 0u);
    const BuildMark own = BuildMark::begin(real_fs(), state);
    EXPECT_EQ(prune_local_images(real_fs(), state, 0, now, own)->files, 0u);
  }
  const BuildMark own = BuildMark::begin(real_fs(), state);
  // A process that cannot exist: killed an hour ago, or one of another container.
  const stdfs::path mark = state / "building" / ".tmp-999999999-0";
  put(mark, "");
  EXPECT_EQ(prune_local_images(real_fs(), state, 0, now + 60, own)->files, 0u);
  EXPECT_EQ(prune_local_images(real_fs(), state, 0, now + 4000, own)->files, 1u);
  EXPECT_FALSE(stdfs::exists(mark));
}

TEST_F(LocalImages, AnImageReachesItsManifestConfigAndLayers) {
  const Digest layer = built("one", "latest");
  auto layout = store::LayoutTarget::open(state / "images");
  ASSERT_TRUE(layout);
  const auto root = (*layout)->resolve(std::string("latest"));
  ASSERT_TRUE(root);
  const auto reached = blobs_of(**layout, *root);
  ASSERT_TRUE(reached) << reached.error().describe();
  EXPECT_EQ(reached->size(), 3u);
  EXPECT_THAT(*reached, Contains(layer));
}

}  // namespace
}  // namespace slipway::builder
