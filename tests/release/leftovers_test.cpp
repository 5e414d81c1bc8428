#include "release/world.h"

namespace slipway::release {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Leftovers : public ::testing::Test {
 protected:
  oci::Location build(const std::string& content) {
    const oci::Descriptor image = put_image(*shop.open(*shop.project.image_repository), content);
    return shop.project.image_repository->with_digest(image.digest);
  }

  Shop shop{kRegistryYaml};
  std::shared_ptr<FakeRepository> staging = shop.world.repository("reg.example/staging/hello");
  std::shared_ptr<FakeRepository> ledger = shop.world.repository("reg.example/team/hello-releases");
};

TEST_F(Leftovers, AreNotWhatAnotherEnvironmentReleased) {
  std::string yaml = kRegistryYaml;
  yaml.insert(yaml.find("  staging:\n") + 11, "    tags: ['{number}']\n");
  yaml.replace(yaml.find("reg.example/prod/hello"), 22, "reg.example/staging/hello");
  shop.configure(yaml);
  const auto theirs = build("theirs"), nobodys = build("nobody's");
  const auto other = shop.release("production", theirs, {.bypass = "straight to it"});
  ASSERT_TRUE(other) << other.error().describe();
  ASSERT_TRUE(shop.release("staging", build("one")));
  put_image(*staging, "nobody's");
  for (const auto& [left, is_free] : {std::pair(theirs, false), std::pair(nobodys, true)}) {
    const auto image = staging->resolve(*left.digest());
    ASSERT_TRUE(image) << image.error().describe();
    for (const char* tag : {"2", "hello.staging-v2"})
      ASSERT_TRUE(staging->tag(*image, tag));
    const auto released = shop.release("staging", build("two"));
    EXPECT_EQ(released.has_value(), is_free) << (released ? "released" : released.error().describe());
    if (!released) EXPECT_EQ(released.error().code, Errc::conflict);
  }
}

TEST_F(Leftovers, APlanThatChangesNothingNeedsNoApproval) {
  const auto one = build("one");
  ASSERT_TRUE(shop.release("staging", one));
  std::string yaml = kRegistryYaml;
  yaml.insert(yaml.find("    config: {env-file: staging.env}"), "    policy: {approvals: 1}\n");
  shop.configure(yaml);
  const auto again = shop.plan_release("staging", one);
  ASSERT_TRUE(again) << again.error().describe();
  EXPECT_FALSE(again->plan.changed);
  EXPECT_THAT(shop.missing_approvals(again->plan).value(), IsEmpty());
  const auto other = shop.plan_release("staging", build("two"));
  ASSERT_TRUE(other) << other.error().describe();
  EXPECT_EQ(shop.missing_approvals(other->plan)->size(), 1u);
}

TEST_F(Leftovers, AConfigThatIsGoneIsNamed) {
  const Planned planned = shop.plan_release("staging", build("one")).value();
  const std::string config = planned.plan.entry.config.str();
  ledger->faults[config] = {Errc::not_found, -1, false};
  const auto refused = shop.apply(planned);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().describe(), HasSubstr(config + " of the config " + config + " is not in "));
}

}  // namespace
}  // namespace slipway::release
