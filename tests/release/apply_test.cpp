#include "slipway/release/apply.h"

#include "release/finish.h"
#include "release/image_copy.h"
#include "release/journal.h"
#include "release/tags.h"
#include "release/world.h"

namespace slipway::release {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

/// One shop on registries, whose answers a test can interrupt.
class Apply : public ::testing::Test {
 protected:
  oci::Location build(const std::string& content) {
    const oci::Descriptor image = put_image(*shop.open(*shop.project.image_repository), content);
    return shop.project.image_repository->with_digest(image.digest);
  }
  void expect_nothing_released() {
    EXPECT_THAT(shop.chain("staging").entries, IsEmpty());
    EXPECT_EQ(shop.tag("staging"), std::nullopt);
  }

  Shop shop{kRegistryYaml};
  std::shared_ptr<FakeRepository> staging = shop.world.repository("reg.example/staging/hello");
  std::shared_ptr<FakeRepository> ledger = shop.world.repository("reg.example/team/hello-releases");
};

TEST_F(Apply, AStopAfterTheCopyLeavesNoEntry) {
  std::stop_source stop;
  shop.services.stop = stop.get_token();
  staging->after_tag = [&](const std::string&) { stop.request_stop(); };
  const auto stopped = shop.release("staging", build("one"));
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().code, Errc::cancelled);
  EXPECT_TRUE(staging->resolve("hello.staging-v1")) << "it was stopped before the copy";
  shop.services.stop = {};
  expect_nothing_released();
}

/// A registry that reports its own idea of what it stored.
struct Lie {
  const char* name;
  std::function<void(oci::Descriptor&)> alter;
};
class AlteredCopy : public Apply, public ::testing::WithParamInterface<Lie> {};
INSTANTIATE_TEST_SUITE_P(
    Table, AlteredCopy,
    ::testing::Values(Lie{"size", [](oci::Descriptor& found) { ++found.size; }},
                      Lie{"media_type", [](oci::Descriptor& found) { found.media_type = oci::kDockerManifestType; }},
                      Lie{"digest", [](oci::Descriptor& found) { found.digest = io::digest_of("evil"); }}),
    [](const auto& lie) { return lie.param.name; });

TEST_P(AlteredCopy, IsNotReleased) {
  const auto one = build("one");
  staging->alter = GetParam().alter;
  const auto refused = shop.release("staging", one);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::verification_failed);
  staging->alter = nullptr;
  expect_nothing_released();
}

TEST_F(Apply, AnExactCopyIsAccepted) {
  const oci::Descriptor image = put_image(*staging, "one");
  EXPECT_TRUE(require_exact_copy(image, *staging));
  EXPECT_EQ(require_exact_copy({image.media_type, io::digest_of("none"), 1}, *staging).error().code, Errc::not_found);
}

TEST_F(Apply, TheLoserOfAForkIsToldAndMovesNoTag) {
  const auto first = shop.release("staging", build("one")).value();
  const Planned planned = shop.plan_release("staging", build("two")).value();
  Entry rival = planned.plan.entry;
  rival.image.digest = rival.build.digest = *build("rival").digest();
  const std::string ours = io::digest_of(planned.plan.entry.canonical().value()).str();
  for (int i = 0; i == 0 || io::digest_of(rival.canonical().value()).str() >= ours; ++i)
    rival.actor = fmt::format("rival {}", i);
  const std::function<void(const std::string&)> put_rival = [&](const std::string& tag) {
    if (tag.starts_with("hello.staging.v2.")) {
      EXPECT_TRUE(shop.ledger().append(rival));
    } else {
      ledger->before_tag = put_rival;  // the config's tag comes first
    }
  };
  ledger->before_tag = put_rival;
  const auto lost = shop.apply(planned);
  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error().code, Errc::conflict);
  EXPECT_EQ(shop.tag("staging"), first.entry.image.digest);
  EXPECT_EQ(shop.chain("staging").head()->entry.actor, rival.actor);
}

TEST_F(Apply, AJournalOfTheFirstReleaseDoesNotExcuseALostLedger) {
  const Planned first = shop.plan_release("staging", build("one")).value();
  ASSERT_TRUE(Journal(shop.services, "hello", "staging").begin(first.plan));
  EXPECT_TRUE(shop.plan_release("staging", build("one"))) << "interrupted before its commit";
  ASSERT_TRUE(staging->tag(put_image(*staging, "v1"), "hello.staging-v1"));
  EXPECT_TRUE(shop.plan_release("staging", build("one")).has_value() ||
              shop.plan_release("staging", build("one")).error().message.find("taken") != std::string::npos);
  ASSERT_TRUE(staging->tag(put_image(*staging, "older"), "hello.staging-v2"));
  const auto refused = shop.plan_release("staging", build("one"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::conflict);
  EXPECT_THAT(refused.error().message, HasSubstr("hello.staging-v2"));
}

TEST_F(Apply, AStoredPlanWhoseKeepTagIsTakenCopiesNothing) {
  const auto one = build("one");
  const Planned planned = shop.plan_release("staging", one).value();
  ASSERT_TRUE(staging->tag(put_image(*staging, "foreign"), "hello.staging-v1"));
  const auto refused = shop.apply_stored(planned.plan);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::conflict);
  EXPECT_FALSE(staging->resolve(*one.digest()));
  expect_nothing_released();
}

TEST_F(Apply, AKeepTagThatAppearsDuringTheCopyIsNotOverwritten) {
  const oci::Descriptor ours = put_image(*staging, "ours"), foreign = put_image(*staging, "foreign");
  ASSERT_TRUE(write_once(*staging, ours, "kept", std::nullopt));
  ASSERT_TRUE(write_once(*staging, ours, "kept", std::nullopt)) << "the same again is done";
  EXPECT_EQ(write_once(*staging, foreign, "kept", std::nullopt).error().code, Errc::conflict);
  EXPECT_EQ(staging->resolve("kept")->digest, ours.digest);
  EXPECT_TRUE(write_once(*staging, foreign, "kept", ours.digest))
      << "left behind by an interrupted run of this machine";
  EXPECT_EQ(staging->resolve("kept")->digest, foreign.digest);
}

TEST_F(Apply, TheEvidenceIsThereBeforeTheTagMoves) {
  std::size_t evidence = 0;
  const std::function<void(const std::string&)> look = [&](const std::string& tag) {
    if (tag != "staging") {
      staging->before_tag = look;
      return;
    }
    const auto image = staging->resolve("hello.staging-v1");
    ASSERT_TRUE(image);
    evidence = staging->referrers(image->digest, std::string(kEntryType))->size();
  };
  staging->before_tag = look;
  ASSERT_TRUE(shop.release("staging", build("one")));
  EXPECT_EQ(evidence, 1u);
}

TEST_F(Apply, FinishingMendsWhatACommittedReleaseLacks) {
  const auto released = shop.release("staging", build("one")).value();
  ASSERT_TRUE(staging->delete_tag("staging"));
  const oci::Descriptor image = staging->resolve(released.entry.image.digest).value();
  Ledger view = shop.ledger();
  const TagMove moving{"staging", std::nullopt};
  const oci::Location& place = shop.environment("staging").repository;
  ASSERT_TRUE(finish_release(released, {place, moving, std::nullopt, image}, *staging, view));
  EXPECT_EQ(shop.tag("staging"), released.entry.image.digest);
  ASSERT_TRUE(staging->tag(put_image(*staging, "foreign"), "staging"));
  EXPECT_EQ(finish_release(released, {place, moving, std::nullopt, image}, *staging, view).error().code, Errc::conflict)
      << "somebody else's tag stays";
}

TEST_F(Apply, PlanningADeniedReleaseFails) {
  const auto one = build("one");
  std::string yaml = kRegistryYaml;
  yaml.insert(yaml.find("    config: {env-file: staging.env}"),
              "    policy: {deny: [\"" + one.digest()->str() + "\"]}\n");
  shop.configure(yaml);
  const auto refused = shop.plan_release("staging", one);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::policy_denied);
}

TEST_F(Apply, ATagTemplateThatGivesTheMovingTagIsRefused) {
  std::string yaml = kRegistryYaml;
  yaml.insert(yaml.find("    config: {env-file: staging.env}"), "    tags: [\"{version}\"]\n");
  shop.configure(yaml);
  const oci::Descriptor image =
      put_image(*shop.open(*shop.project.image_repository), "x", {{std::string(oci::kVersion), "staging"}});
  const auto refused = shop.release("staging", shop.project.image_repository->with_digest(image.digest));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::invalid_argument);
  EXPECT_THAT(refused.error().message, HasSubstr("the one that moves"));
  EXPECT_THAT(staging->tagged, Not(Contains("staging")));
}

TEST(KeepTags, AreReadExactly) {
  struct Case {
    const char* tag;
    std::optional<std::int64_t> number;
  };
  for (const Case& c : {Case{"hello.production-v1", 1}, Case{"hello.production-v12-linux-amd64", 12},
                        Case{"hello.production-v1rc", std::nullopt}, Case{"hello.production-v1.2", std::nullopt},
                        Case{"hello.production-v0", std::nullopt}, Case{"hello.production-v", std::nullopt},
                        Case{"hello.production-v-1", std::nullopt}, Case{"hello.staging-v1", std::nullopt},
                        Case{"hello.production-v99999999999999999999", std::nullopt}}) {
    EXPECT_EQ(kept_number(c.tag, "hello", "production"), c.number) << c.tag;
  }
}

}  // namespace
}  // namespace slipway::release
