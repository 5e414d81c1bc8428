#include "slipway/release/retire.h"

#include "release/world.h"
#include "slipway/release/builds.h"

namespace slipway::release {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

constexpr std::int64_t kDay = 24 * 60 * 60;

class Retiring : public ::testing::Test {
 protected:
  oci::Location build(const std::string& content) {
    return shop.project.image_repository->with_digest(put_image(*builds, content).digest);
  }
  Retirement plan(const std::string& environment, std::int64_t keep) {
    Ledger ledger = shop.services.ledger(shop.project.ledger);
    auto planned = plan_retirement(shop.project, shop.environment(environment), keep, ledger, shop.services);
    EXPECT_TRUE(planned) << planned.error().describe();
    return planned ? *planned : Retirement{};
  }
  std::vector<std::string> tags(const std::string& environment) {
    return store::as<store::TagLister>(*shop.target(environment))->list_tags().value();
  }
  void configure(const std::string& of_staging) {
    std::string yaml = kRegistryYaml;
    yaml.insert(yaml.find("  staging:\n") + 11, "    " + of_staging + "\n");
    shop.configure(yaml);
  }

  Shop shop{kRegistryYaml};
  std::shared_ptr<store::Target> builds = shop.open(*shop.project.image_repository);
};

TEST_F(Retiring, TagsWrittenOnceAndAttachmentsGoWithTheImage) {
  configure("tags: ['{number}']");
  const auto first = build("one");
  ASSERT_TRUE(shop.release("staging", first));
  ASSERT_TRUE(shop.release("staging", build("two")));
  const auto retirement = plan("staging", 1);
  EXPECT_THAT(retirement.numbers, ElementsAre(1));
  shop.world.repository("reg.example/staging/hello")->deletes = FakeRepository::Deletes::manifests;
  ASSERT_TRUE(remove(retirement.removal, *shop.target("staging")));
  EXPECT_THAT(tags("staging"), Not(Contains("1")));
  EXPECT_THAT(tags("staging"), Contains("2"));
  EXPECT_FALSE(shop.target("staging")->resolve(*first.digest()).has_value()) << "nothing names the image any more";
  for (const std::string& tag : tags("staging"))
    EXPECT_EQ(tag.find(first.digest()->hex()), std::string::npos) << tag;
}

TEST_F(Retiring, AnImageThatAnyOtherTagNamesStays) {
  const auto first = build("one");
  ASSERT_TRUE(shop.release("staging", first));
  ASSERT_TRUE(shop.release("staging", build("two")));
  const auto target = shop.target("staging");
  ASSERT_TRUE(target->tag(target->resolve(*first.digest()).value(), "somebody-elses"));
  const auto retirement = plan("staging", 1);
  EXPECT_THAT(retirement.numbers, ElementsAre(1));
  EXPECT_THAT(retirement.removal.manifests, IsEmpty());
  ASSERT_TRUE(remove(retirement.removal, *target));
  EXPECT_THAT(tags("staging"), Not(Contains("hello.staging-v1")));
  EXPECT_TRUE(target->resolve(*first.digest()).has_value());
}

TEST_F(Retiring, AnImageThatATagOfItsBuildNamesStays) {
  const auto first = build("one");
  ASSERT_TRUE(shop.release("staging", first));
  ASSERT_TRUE(shop.release("staging", build("two")));
  const auto target = shop.target("staging");
  const std::string of_build = "build-" + first.digest()->short_hex();
  ASSERT_TRUE(target->tag(target->resolve(*first.digest()).value(), of_build));
  ASSERT_TRUE(remove(plan("staging", 1).removal, *target));
  EXPECT_THAT(tags("staging"), Contains(of_build)) << "no release wrote it";
  EXPECT_TRUE(target->resolve(*first.digest()).has_value());
}

TEST_F(Retiring, NoTagIsAskedForAnImageThatStays) {
  const auto first = build("one");
  ASSERT_TRUE(shop.release("staging", first));
  shop.write("staging.env", "PORT=81\n");
  ASSERT_TRUE(shop.release("staging", first));
  shop.world.repository("reg.example/staging/hello")->faults["aaa"] = {Errc::network};
  const auto retirement = plan("staging", 1);
  EXPECT_THAT(retirement.numbers, ElementsAre(1));
  EXPECT_THAT(retirement.removal.manifests, IsEmpty());
}

TEST_F(Retiring, AnImageThatALaterReleaseHasStays) {
  const auto first = build("one");
  ASSERT_TRUE(shop.release("staging", first));
  ASSERT_TRUE(shop.release("staging", build("two")));
  ASSERT_TRUE(shop.release("staging", first));
  const auto retirement = plan("staging", 1);
  EXPECT_THAT(retirement.numbers, ElementsAre(1, 2));
  ASSERT_TRUE(remove(retirement.removal, *shop.target("staging")));
  EXPECT_EQ(shop.tag("staging"), first.digest());
  EXPECT_THAT(tags("staging"), Not(Contains("hello.staging-v1")));
}

TEST_F(Retiring, ARepositoryThatDeletesNothingIsFoundOutBefore) {
  const auto staging = shop.world.repository("reg.example/staging/hello");
  ASSERT_TRUE(shop.release("staging", build("one")));
  EXPECT_TRUE(require_deletable(*staging));
  staging->deletes = FakeRepository::Deletes::manifests;
  EXPECT_TRUE(require_deletable(*staging));
  staging->deletes = FakeRepository::Deletes::nothing;
  EXPECT_EQ(require_deletable(*staging).error().code, Errc::unsupported);
}

TEST_F(Retiring, ATagGoesAloneWhereTheRegistryDeletesManifestsOnly) {
  const auto staging = shop.world.repository("reg.example/staging/hello");
  staging->deletes = FakeRepository::Deletes::manifests;
  const auto first = build("one");
  ASSERT_TRUE(shop.release("staging", first));
  ASSERT_TRUE(shop.release("staging", build("two")));
  ASSERT_TRUE(shop.release("staging", first));
  ASSERT_TRUE(remove(plan("staging", 1).removal, *staging));
  EXPECT_THAT(tags("staging"), Not(Contains("hello.staging-v1")));
  EXPECT_THAT(tags("staging"), Contains("hello.staging-v3"));
  EXPECT_EQ(shop.tag("staging"), first.digest());
}

class GivingUpBuilds : public Retiring {
 protected:
  Digest pushed(const std::string& content, std::int64_t age) {
    const oci::Descriptor image = put_image(*builds, content);
    EXPECT_TRUE(builds->tag(image, "build-" + image.digest.short_hex()));
    if (age >= 0) EXPECT_TRUE(record_build(*builds, image.digest, shop.clock.now() - age));
    return image.digest;
  }
  BuildsPlan plan_builds(std::set<Digest> in_use = {}, std::size_t keep = 0) {
    const BuildsRequest request{.age = 30 * kDay, .wait = 7 * kDay, .keep = keep, .in_use = std::move(in_use)};
    auto planned = release::plan_builds({&shop.project}, *shop.project.image_repository, request, shop.services);
    EXPECT_TRUE(planned) << planned.error().describe();
    return planned ? *planned : BuildsPlan{};
  }
  bool is_there(const Digest& digest) { return builds->resolve(digest).has_value(); }
};

TEST_F(GivingUpBuilds, TakesTwoPhases) {
  const Digest old = pushed("old", 40 * kDay);
  pushed("young", kDay);
  const Digest ageless = pushed("ageless", -1);
  shop.world.repository("reg.example/team/hello")->deletes = FakeRepository::Deletes::manifests;
  auto planned = plan_builds();
  EXPECT_THAT(planned.marked, ElementsAre(old));
  EXPECT_THAT(planned.removed, IsEmpty());
  EXPECT_EQ(planned.without_record, 1u);
  ASSERT_TRUE(give_up_builds(planned, *builds, shop.clock.now()));
  EXPECT_TRUE(is_there(old));
  // Too early; then the wait is over.
  planned = plan_builds();
  EXPECT_THAT(planned.marked, IsEmpty());
  ASSERT_THAT(planned.waiting, SizeIs(1));
  EXPECT_EQ(planned.waiting[0].second, shop.clock.now() + 7 * kDay);
  shop.clock.advance(std::chrono::seconds(8 * kDay));
  planned = plan_builds();
  EXPECT_THAT(planned.removed, ElementsAre(old));
  ASSERT_TRUE(give_up_builds(planned, *builds, shop.clock.now()));
  EXPECT_FALSE(is_there(old));
  EXPECT_TRUE(is_there(ageless));
  const auto left = store::as<store::TagLister>(*builds)->list_tags().value();
  for (const std::string& tag : left)
    EXPECT_FALSE(tag.starts_with("build-" + old.short_hex())) << tag;
}

TEST_F(GivingUpBuilds, LooksAgainBeforeItRemoves) {
  const Digest used = pushed("used", 40 * kDay);
  const Digest tagged = pushed("tagged", 40 * kDay);
  const Digest again = pushed("again", 40 * kDay);
  auto planned = plan_builds();
  EXPECT_THAT(planned.marked, SizeIs(3));
  ASSERT_TRUE(give_up_builds(planned, *builds, shop.clock.now()));
  shop.clock.advance(std::chrono::seconds(kDay));
  ASSERT_TRUE(builds->tag(builds->resolve(tagged).value(), "v1.0"));
  ASSERT_TRUE(record_build(*builds, again, shop.clock.now()));
  shop.clock.advance(std::chrono::seconds(40 * kDay));
  planned = plan_builds({used});
  EXPECT_THAT(planned.removed, IsEmpty());
  EXPECT_THAT(planned.marked, ElementsAre(again)) << "its mark is from before it was pushed again";
}

TEST_F(GivingUpBuilds, ARecordOfAnotherBuildTellsNoAge) {
  const Digest old = pushed("old", 40 * kDay);
  const Digest ageless = pushed("ageless", -1);
  const auto record = builds->resolve("build-" + old.short_hex() + ".r");
  ASSERT_TRUE(record);
  ASSERT_TRUE(builds->tag(*record, "build-" + ageless.short_hex() + ".r"));
  const auto planned = plan_builds();
  EXPECT_THAT(planned.marked, ElementsAre(old));
  EXPECT_EQ(planned.without_record, 1u);
}

TEST_F(GivingUpBuilds, ReleasesAndTheNewestStay) {
  const Digest released = pushed("released", 40 * kDay);
  const Digest older = pushed("older", 50 * kDay);
  pushed("newer", 35 * kDay);
  ASSERT_TRUE(shop.release("staging", shop.project.image_repository->with_digest(released)));
  EXPECT_THAT(plan_builds({}, 2).marked, ElementsAre(older));
}

}  // namespace
}  // namespace slipway::release
