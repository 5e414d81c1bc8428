#include "slipway/release/live.h"

#include "release/world.h"

namespace slipway::release {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

/// A shop, and the question whether something that it made may be deleted.
class Live : public ::testing::Test {
 protected:
  std::vector<std::string> uses(const oci::Location& location, const oci::Descriptor& root) {
    const auto found = uses_of(location, root, &shop.project, shop.services);
    EXPECT_TRUE(found) << found.error().describe();
    return found.value_or(std::vector<std::string>{"an error"});
  }
  oci::Location place() { return shop.environment("staging").repository; }

  Shop shop{kRegistryYaml};
  std::shared_ptr<store::Target> builds = shop.open(*shop.project.image_repository);
};

TEST_F(Live, TheActiveImageIsNamedOnceAndAnEarlierOneNot) {
  const oci::Descriptor one = put_image(*builds, "one"), two = put_image(*builds, "two");
  ASSERT_TRUE(shop.release("staging", shop.project.image_repository->with_digest(one.digest)));
  EXPECT_THAT(uses(place().with_digest(one.digest), one), ElementsAre("it is what staging of hello runs (v1)"));
  ASSERT_TRUE(shop.release("staging", shop.project.image_repository->with_digest(two.digest)));
  EXPECT_THAT(uses(place().with_digest(two.digest), two), ElementsAre("it is what staging of hello runs (v2)"));
  EXPECT_THAT(uses(place().with_digest(one.digest), one), IsEmpty());
}

TEST_F(Live, TheManifestOfAPlatformIsAPartOfTheActiveIndex) {
  const oci::Descriptor index = put_index(*builds, {"linux/amd64", "linux/arm64"});
  ASSERT_TRUE(shop.release("staging", shop.project.image_repository->with_digest(index.digest)));
  const oci::Descriptor child = put_image(*shop.target("staging"), "linux/amd64 0");
  EXPECT_THAT(uses(place().with_digest(child.digest), child),
              ElementsAre("it is a part of what staging of hello runs (v1)"));
}

}  // namespace
}  // namespace slipway::release
