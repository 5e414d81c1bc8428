#include "slipway/release/checks.h"

#include "release/world.h"
#include "slipway/release/verify.h"
#include "slipway/release/views.h"

namespace slipway::release {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class Checks : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const char* content : {"one", "two"})
      ASSERT_TRUE(shop.release("staging", build(content)));
  }
  oci::Location build(const std::string& content) {
    const oci::Descriptor image = put_image(*shop.open(*shop.project.image_repository), content);
    return shop.project.image_repository->with_digest(image.digest);
  }
  std::vector<Finding> check() {
    const auto found = check_environment(shop.project, shop.environment("staging"), shop.services);
    EXPECT_TRUE(found) << found.error().describe();
    return found.value_or(std::vector<Finding>());
  }
  std::vector<Finding> repair() {
    const auto found = repair_environment(shop.project, shop.environment("staging"), shop.services);
    EXPECT_TRUE(found) << found.error().describe();
    return found.value_or(std::vector<Finding>());
  }
  std::vector<std::string> names(const std::vector<Finding>& findings) {
    std::vector<std::string> out;
    for (const Finding& finding : findings)
      out.push_back(finding.check);
    return out;
  }
  /// One finding, mended by repair(), and gone afterwards.
  void expect_mended(const std::string& name) {
    EXPECT_THAT(names(check()), ElementsAre(name));
    const auto before = shop.chain("staging").head()->id;
    const auto findings = repair();
    ASSERT_EQ(findings.size(), 1u);
    EXPECT_TRUE(findings[0].repaired) << findings[0].action;
    EXPECT_THAT(check(), IsEmpty());
    EXPECT_EQ(shop.chain("staging").head()->id, before) << "the active release stays";
  }

  Shop shop{kRegistryYaml};
  std::shared_ptr<FakeRepository> staging = shop.world.repository("reg.example/staging/hello");
  std::shared_ptr<FakeRepository> ledger = shop.world.repository("reg.example/team/hello-releases");
};

TEST_F(Checks, AHealthyEnvironmentHasNoFindings) {
  staging->tagged.clear();
  ledger->tagged.clear();
  EXPECT_THAT(check(), IsEmpty());
  EXPECT_THAT(repair(), IsEmpty());
  EXPECT_THAT(staging->tagged, IsEmpty());
  EXPECT_THAT(ledger->tagged, IsEmpty());
}

TEST_F(Checks, NothingReleasedIsHealthy) {
  const auto found = check_environment(shop.project, shop.environment("away"), shop.services);
  ASSERT_TRUE(found) << found.error().describe();
  EXPECT_THAT(*found, IsEmpty());
}

struct Dangling {
  const char* name;
  const char* tag;
  bool in_ledger;
};
class DanglingTags : public Checks, public ::testing::WithParamInterface<std::tuple<Dangling, Errc>> {};
INSTANTIATE_TEST_SUITE_P(Table, DanglingTags,
                         ::testing::Combine(::testing::Values(Dangling{"entry", "hello.staging.v3.0123456789ab", true},
                                                              Dangling{"event", "hello.staging.e.0123456789ab", true},
                                                              Dangling{"config", "hello.staging.c.0123456789ab", true},
                                                              Dangling{"keep_tag", "hello.staging-v9", false}),
                                            ::testing::Values(Errc::not_found, Errc::network)),
                         [](const auto& at) {
                           return fmt::format("{}_{}", std::get<0>(at.param).name, name_of(std::get<1>(at.param)));
                         });

TEST_P(DanglingTags, AreRemoved) {
  const auto& [dangling, code] = GetParam();
  (dangling.in_ledger ? ledger : staging)->faults[dangling.tag] = {code};
  expect_mended("unreadable-tag");
}

TEST_F(Checks, AnEntryWhoseBytesEvidenceHasIsRestored) {
  const Recorded second = *shop.chain("staging").head();
  const std::string tag = fmt::format("hello.staging.v2.{}", second.id.short_hex());
  ASSERT_TRUE(ledger->delete_tag(tag));
  ledger->faults[tag] = {Errc::not_found, 4};  // until it is put again
  const auto findings = repair();
  EXPECT_THAT(names(findings), Contains("lost-entry"));
  ledger->faults.clear();
  EXPECT_EQ(shop.chain("staging").head()->bytes, second.bytes);
  EXPECT_THAT(check(), IsEmpty());
}

// The config of a release that can be restored has a tag, or a collection takes it.
TEST_F(Checks, AConfigWithoutItsTagIsTaggedAgain) {
  const Digest config = shop.chain("staging").head()->entry.config;
  const std::string tag = config_tag("hello", "staging", config);
  ASSERT_TRUE(ledger->delete_tag(tag));
  expect_mended("collectable");
  EXPECT_EQ(ledger->resolve(tag)->digest, config);
  // Listed and not there: the tag is written again, not removed.
  ASSERT_TRUE(ledger->delete_tag(tag));
  ledger->faults[tag] = {Errc::not_found, 2};
  const auto findings = repair();
  ledger->faults.clear();
  EXPECT_THAT(names(findings), ElementsAre("collectable"));
  EXPECT_EQ(ledger->resolve(tag)->digest, config);
}

TEST_F(Checks, AReleaseTagsItsConfigAgain) {
  const Digest config = shop.chain("staging").head()->entry.config;
  const std::string tag = config_tag("hello", "staging", config);
  for (const bool listed : {false, true}) {
    ASSERT_TRUE(ledger->delete_tag(tag));
    if (listed) ledger->faults[tag] = {Errc::not_found, 1};
    const auto released = shop.release("staging", build(listed ? "four" : "three"), {.reason = {}, .bypass = "hold"});
    ASSERT_TRUE(released) << released.error().describe();
    ledger->faults.clear();
    ASSERT_TRUE(ledger->resolve(tag)) << listed;
    ASSERT_TRUE(ledger->delete_tag(tag));
    if (listed) ledger->faults[tag] = {Errc::not_found, 1};
    ASSERT_TRUE(shop.rollback("staging"));
    ledger->faults.clear();
    ASSERT_TRUE(ledger->resolve(tag)) << listed;
    EXPECT_EQ(ledger->resolve(tag)->digest, config);
  }
}

TEST_F(Checks, ALaggingTagIsMoved) {
  ASSERT_TRUE(staging->tag(staging->resolve("hello.staging-v1").value(), "staging"));
  expect_mended("lagging-tag");
  EXPECT_EQ(shop.tag("staging"), shop.chain("staging").head()->entry.image.digest);
}

TEST_F(Checks, AMovedTagIsForAPersonAndStays) {
  const oci::Descriptor foreign = put_image(*staging, "foreign");
  ASSERT_TRUE(staging->tag(foreign, "staging"));
  for (const auto& findings : {check(), repair()}) {
    ASSERT_THAT(names(findings), ElementsAre("drift"));
    EXPECT_EQ(findings[0].remedy, Finding::Remedy::person);
    EXPECT_FALSE(findings[0].repaired);
  }
  EXPECT_EQ(shop.tag("staging"), foreign.digest);
}

// Something else has the tag of the list of referrers: nothing is written there, and nothing stops.
TEST_F(Checks, AnOccupiedListOfReferrersStopsNothing) {
  const oci::Descriptor active = staging->resolve("staging").value();
  ASSERT_TRUE(staging->tag(active, store::referrers_tag(active.digest)));
  for (const auto& findings : {check(), repair()}) {
    ASSERT_THAT(names(findings), ElementsAre("no-evidence"));
    EXPECT_EQ(findings[0].remedy, Finding::Remedy::none);
  }
  // A registry that died while it wrote the next entry, whose image is kept already.
  ASSERT_TRUE(staging->tag(active, "hello.staging-v3"));
  ledger->faults["hello.staging.v3.0123456789ab"] = {Errc::not_found};
  const auto proof = verify_environment(shop.project, shop.environment("staging"), std::nullopt, shop.services);
  ASSERT_TRUE(proof) << proof.error().describe();
  EXPECT_TRUE(proof->status()) << proof->status().error().describe();
  EXPECT_EQ(shop.release("staging", build("three"))->entry.number, 3);
}

TEST_F(Checks, MissingEvidenceIsAttached) {
  staging->subject_status = 405;
  ASSERT_TRUE(shop.release("staging", build("three")));
  staging->subject_status = 0;
  expect_mended("missing-evidence");
  EXPECT_TRUE(verify_image(shop.environment("staging").repository.with_tag("staging"), shop.services));
}

// One command, and all machines agree afterwards. The image and the config that run stay.
TEST_F(Checks, AForkIsSettledByDoctor) {
  Entry rival = shop.chain("staging").head()->entry;
  rival.actor = "bob";
  ASSERT_TRUE(shop.ledger().append(rival));
  shop.write("staging.env", "PORT=81\n");  // the config of today is not released by the way
  const Recorded active = *shop.chain("staging").head();
  EXPECT_THAT(names(check()), Contains("fork"));
  const auto findings = repair();
  for (const Finding& finding : findings)
    EXPECT_TRUE(finding.repaired) << finding.action;
  EXPECT_THAT(check(), IsEmpty());
  const Recorded now = *shop.chain("staging").head();
  EXPECT_EQ(now.entry.number, active.entry.number + 1);
  EXPECT_TRUE(now.entry.same_release(active.entry));
  EXPECT_EQ(now.entry.image, active.entry.image);
  EXPECT_EQ(now.entry.kind, Kind::config);
  EXPECT_THAT(read_status(shop.project, shop.services).value()[0].forks, IsEmpty());
  const auto proof = verify_environment(shop.project, shop.environment("staging"), std::nullopt, shop.services);
  EXPECT_TRUE(proof->status()) << proof->status().error().describe();
}

// In a freeze or a hold the loser is recorded later.
TEST_F(Checks, AForkIsSettledAsTheRulesAllow) {
  Entry rival = shop.chain("staging").head()->entry;
  rival.actor = "bob";
  ASSERT_TRUE(shop.ledger().append(rival));
  Ledger view = shop.ledger();
  Event hold{.app = "hello", .environment = "staging", .kind = EventKind::hold};
  hold.actor = "ann";
  hold.tool = "test";
  ASSERT_TRUE(EventLog(view).append(std::move(hold)));
  const auto findings = repair();
  ASSERT_THAT(names(findings), Contains("fork"));
  EXPECT_FALSE(findings[0].repaired);
  EXPECT_THAT(findings[0].action, HasSubstr("held"));
  EXPECT_EQ(shop.chain("staging").head()->entry.number, 2);
}

TEST_F(Checks, AForkIsSettledByAReleaseOfTheSameBuild) {
  Entry rival = shop.chain("staging").head()->entry;
  rival.actor = "bob";
  ASSERT_TRUE(shop.ledger().append(rival));
  EXPECT_EQ(shop.release("staging", std::nullopt)->entry.number, 3) << "though nothing else changes";
  EXPECT_THAT(names(check()), Not(Contains("fork")));
  EXPECT_EQ(shop.release("staging", std::nullopt)->entry.number, 3) << "once";
}

TEST_F(Checks, AForkIsSettledByTheNextRelease) {
  Entry rival = shop.chain("staging").head()->entry;
  rival.actor = "bob";
  ASSERT_TRUE(shop.ledger().append(rival));
  const auto findings = check();
  EXPECT_THAT(names(findings), Contains("fork"));
  EXPECT_FALSE(verify_environment(shop.project, shop.environment("staging"), std::nullopt, shop.services)->status());
  ASSERT_TRUE(shop.release("staging", build("three")));
  EXPECT_THAT(names(check()), Not(Contains("fork")));
  EXPECT_THAT(read_status(shop.project, shop.services).value()[0].forks, IsEmpty());
  const auto proof = verify_environment(shop.project, shop.environment("staging"), std::nullopt, shop.services).value();
  EXPECT_THAT(proof.problems, IsEmpty());
  EXPECT_THAT(proof.notes, Contains(HasSubstr("which lost and is recorded as abandoned")));
}

// Behind the fence: programs of edition 1 stop at an event of a kind that they do not know.
TEST_F(Checks, ARepairIsRecordedBehindTheFence) {
  const auto lag = [&] { ASSERT_TRUE(staging->tag(staging->resolve("hello.staging-v1").value(), "staging")); };
  const auto events = [&] {
    Ledger view = shop.ledger();
    return EventLog(view).read("hello", "staging").value();
  };
  lag();
  ASSERT_THAT(names(repair()), ElementsAre("lagging-tag"));
  EXPECT_THAT(events(), IsEmpty());
  shop.services.edition = kEdition;
  ASSERT_TRUE(shop.release("staging", build("three")));
  ASSERT_TRUE(staging->tag(staging->resolve("hello.staging-v2").value(), "staging"));
  ASSERT_THAT(names(repair()), Contains("lagging-tag"));
  const auto recorded = events();
  ASSERT_EQ(recorded.size(), 2u);
  EXPECT_EQ(recorded[1].kind, EventKind::repair);
  EXPECT_EQ(recorded[1].reason, "lagging-tag");
  EXPECT_EQ(recorded[1].entry, shop.chain("staging").head()->id);
  EXPECT_EQ(recorded[1].actor, "ann");
  ASSERT_THAT(names(repair()), ElementsAre("fence"));
  EXPECT_EQ(events().size(), 2u) << "nothing was repaired, nothing is recorded";
}

TEST_F(Checks, ABrokenChainIsForAPerson) {
  const Recorded first = *shop.chain("staging").number(1);
  ASSERT_TRUE(ledger->delete_tag(fmt::format("hello.staging.v1.{}", first.id.short_hex())));
  const auto findings = repair();
  ASSERT_THAT(names(findings), ElementsAre("broken-chain"));
  EXPECT_EQ(findings[0].remedy, Finding::Remedy::person);
}

}  // namespace
}  // namespace slipway::release
