#include "slipway/release/live.h"

#include "release/world.h"

namespace slipway::release {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
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

TEST_F(Live, ALedgerThatCannotBeAskedIsAConflict) {
  const oci::Descriptor one = put_image(*builds, "one");
  ASSERT_TRUE(shop.release("staging", shop.project.image_repository->with_digest(one.digest)));
  const auto ledger = shop.world.repository("reg.example/team/hello-releases");
  const auto tags = ledger->list_tags().value();
  const auto entry =
      std::find_if(tags.begin(), tags.end(), [](const auto& t) { return t.starts_with("hello.staging.v1."); });
  ASSERT_NE(entry, tags.end());
  ledger->faults[*entry] = {Errc::rate_limited};
  for (const Project* project : {static_cast<const Project*>(&shop.project), static_cast<const Project*>(nullptr)}) {
    const auto asked = uses_of(place().with_digest(one.digest), one, project, shop.services);
    ASSERT_FALSE(asked);
    EXPECT_EQ(asked.error().code, Errc::conflict);
    EXPECT_THAT(asked.error().message, HasSubstr("cannot be asked whether staging of hello runs it"));
    EXPECT_THAT(asked.error().hint, HasSubstr("--force"));
  }
}

TEST_F(Live, EvidenceNamesTheLedgerWhereNoProjectDoes) {
  const oci::Descriptor one = put_image(*builds, "one");
  ASSERT_TRUE(shop.release("staging", shop.project.image_repository->with_digest(one.digest)));
  const auto found = uses_of(place().with_digest(one.digest), one, nullptr, shop.services);
  ASSERT_TRUE(found) << found.error().describe();
  EXPECT_THAT(*found, ElementsAre("it is what staging of hello runs (v1)"));
}

TEST_F(Live, ARecordOfTheLedgerIsNamedByItsTag) {
  const oci::Descriptor one = put_image(*builds, "one");
  const auto& ledger = shop.project.ledger;
  EXPECT_THAT(uses(ledger.with_tag("hello.staging.v1.0123456789ab"), one),
              ElementsAre("it is a record of the ledger of staging"));
  EXPECT_THAT(uses(ledger.with_tag("hello.stagings.v1.0123456789ab"), one), IsEmpty());
  EXPECT_THAT(uses(ledger.with_tag("hello.staging"), one), IsEmpty());
  EXPECT_THAT(uses(place().with_tag("hello.staging.v1.0123456789ab"), one), IsEmpty()) << "that is not the ledger";
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
