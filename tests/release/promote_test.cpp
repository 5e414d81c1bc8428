#include "release/world.h"
#include "slipway/release/services.h"
#include "slipway/release/views.h"

namespace slipway::release {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

/// Every flow over layouts and over registries.
class Flow : public ::testing::TestWithParam<const char*> {
 protected:
  oci::Location build(const std::string& content, oci::Annotations annotations = {}) {
    const auto target = shop.open(*shop.project.image_repository);
    const oci::Descriptor image = put_image(*target, content, std::move(annotations));
    EXPECT_TRUE(target->keep_untagged(image));
    return shop.project.image_repository->with_digest(image.digest);
  }

  Shop shop{GetParam()};
};

INSTANTIATE_TEST_SUITE_P(Places, Flow, ::testing::Values(kLayoutYaml, kRegistryYaml),
                         [](const auto& place) { return place.index == 0 ? "layouts" : "registries"; });

TEST_P(Flow, ReleaseBindsBuildAndConfig) {
  const auto image = build("one", {{std::string(oci::kRevision), "abc123"}});
  const auto first = shop.release("staging", image, {.reason = "try", .bypass = ""});
  ASSERT_TRUE(first) << first.error().describe();
  EXPECT_EQ(first->entry.number, 1);
  EXPECT_EQ(first->entry.kind, Kind::release);
  EXPECT_EQ(first->entry.build.digest, *image.digest());
  EXPECT_EQ(first->entry.image.digest, *image.digest());
  EXPECT_EQ(first->entry.revision, "abc123");
  EXPECT_EQ(first->entry.reason, "try");
  EXPECT_EQ(first->entry.actor, "ann");
  EXPECT_EQ(first->entry.time, 1'700'000'000);
  EXPECT_EQ(first->entry.prev, std::nullopt);
  EXPECT_EQ(shop.tag("staging"), image.digest());
  const auto target = shop.target("staging");
  EXPECT_EQ(target->resolve("hello.staging-v1")->digest, *image.digest());
  const auto config = config_of(shop.project, first->entry, shop.services);
  ASSERT_TRUE(config);
  EXPECT_EQ(config->values, (std::map<std::string, std::string>{{"PORT", "80"}}));
}

TEST_P(Flow, EvidenceIsTheEntryAsAReferrer) {
  const auto first = shop.release("staging", build("one")).value();
  const auto target = shop.target("staging");
  const auto found =
      store::as<store::ReferrerLister>(*target)->referrers(first.entry.image.digest, std::string(kEntryType));
  ASSERT_TRUE(found);
  ASSERT_EQ(found->size(), 1u);
  const auto fetched = target->fetch_document(found->front().digest).value();
  const auto manifest = oci::parse_manifest(fetched.bytes, "").value();
  EXPECT_EQ(manifest.config.digest, first.id);
  EXPECT_EQ(manifest.config.data, first.bytes);
}

TEST_P(Flow, PromoteMovesTheVeryDigestWithTheOtherConfig) {
  const auto image = build("one");
  const auto staged = shop.release("staging", image).value();
  const auto promoted = shop.promote("staging", "production");
  ASSERT_TRUE(promoted) << promoted.error().describe();
  EXPECT_EQ(promoted->entry.kind, Kind::promote);
  EXPECT_EQ(promoted->entry.image.digest, *image.digest());
  EXPECT_EQ(promoted->entry.build, staged.entry.build);
  EXPECT_NE(promoted->entry.config, staged.entry.config);
  EXPECT_EQ(promoted->entry.from, (Origin{"staging", 1, staged.id}));
  EXPECT_EQ(shop.tag("production"), image.digest());
  EXPECT_EQ(config_of(shop.project, promoted->entry, shop.services)->values.at("PORT"), "443");
}

TEST_P(Flow, PromotesWhatTheLedgerSaysNotWhatTheTagSays) {
  const auto one = build("one");
  ASSERT_TRUE(shop.release("staging", one));
  const auto target = shop.target("staging");
  ASSERT_TRUE(target->tag(put_image(*target, "smuggled"), "staging"));
  const auto promoted = shop.promote("staging", "production");
  ASSERT_TRUE(promoted) << promoted.error().describe();
  EXPECT_EQ(promoted->entry.image.digest, *one.digest());
}

TEST_P(Flow, TheSameAgainIsNothing) {
  const auto image = build("one");
  const auto first = shop.release("staging", image).value();
  const auto plan = shop.plan_release("staging", image).value();
  EXPECT_FALSE(plan.plan.changed);
  EXPECT_THAT(plan.plan.describe(), HasSubstr("nothing to do"));
  EXPECT_EQ(shop.apply(plan)->id, first.id);
  EXPECT_EQ(shop.chain("staging").entries.size(), 1u);
}

TEST_P(Flow, AChangeOfConfigAloneIsARelease) {
  const auto first = shop.release("staging", build("one")).value();
  shop.write("staging.env", "PORT=81\n");
  const auto second = shop.release("staging", std::nullopt);
  ASSERT_TRUE(second) << second.error().describe();
  EXPECT_EQ(second->entry.kind, Kind::config);
  EXPECT_EQ(second->entry.number, 2);
  EXPECT_EQ(second->entry.prev, first.id);
  EXPECT_EQ(second->entry.image.digest, first.entry.image.digest);
  EXPECT_EQ(shop.target("staging")->resolve("hello.staging-v2")->digest, first.entry.image.digest);
}

TEST_P(Flow, SameBuildNeedsAnActiveOne) {
  const auto nothing = shop.release("staging", std::nullopt);
  ASSERT_FALSE(nothing);
  EXPECT_EQ(nothing.error().code, Errc::not_found);
}

TEST_P(Flow, RollbackIsANewRelease) {
  const auto one = build("one");
  const auto first = shop.release("staging", one).value();
  shop.write("staging.env", "PORT=81\n");
  ASSERT_TRUE(shop.release("staging", build("two")));
  const auto back = shop.rollback("staging", {}, {.reason = "errors", .bypass = ""});
  ASSERT_TRUE(back) << back.error().describe();
  EXPECT_EQ(back->entry.number, 3);
  EXPECT_EQ(back->entry.kind, Kind::rollback);
  EXPECT_TRUE(back->entry.same_release(first.entry));
  EXPECT_EQ(back->entry.from, (Origin{"staging", 1, first.id}));
  EXPECT_EQ(shop.tag("staging"), one.digest());
  EXPECT_EQ(config_of(shop.project, back->entry, shop.services)->values.at("PORT"), "80");
}

TEST_P(Flow, RollbackPassesOverWhatWasRolledBackFrom) {
  for (const char* name : {"one", "two", "three", "four"})
    ASSERT_TRUE(shop.release("staging", build(name)));
  EXPECT_EQ(shop.rollback("staging")->entry.from->number, 3);  // v5 = three
  EXPECT_EQ(shop.rollback("staging")->entry.from->number, 2);  // v6 = two: v4 failed, v5 and v3 are the same and failed
  EXPECT_EQ(shop.rollback("staging")->entry.from->number, 1);
  const auto none = shop.rollback("staging");
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, Errc::not_found);
  EXPECT_EQ(shop.rollback("staging", {.number = 4, .previous = false})->entry.from->number, 4);
  EXPECT_EQ(shop.rollback("staging", {.number = std::nullopt, .previous = true})->entry.from->number, 7);
}

TEST_P(Flow, RollbackToAnUnknownNumber) {
  ASSERT_TRUE(shop.release("staging", build("one")));
  const auto none = shop.rollback("staging", {.number = 9, .previous = false});
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, Errc::not_found);
  EXPECT_THAT(none.error().message, HasSubstr("v9"));
}

TEST_P(Flow, AfterIsKept) {
  const auto one = build("one");
  const auto refused = shop.release("production", one);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::policy_denied);
  EXPECT_EQ(shop.tag("production"), std::nullopt);
  EXPECT_THAT(shop.chain("production").entries, IsEmpty());

  ASSERT_TRUE(shop.release("staging", one));
  EXPECT_TRUE(shop.release("production", one));
  const auto hotfix = build("hotfix");
  EXPECT_EQ(shop.release("production", hotfix).error().code, Errc::policy_denied);
  const auto bypassed = shop.release("production", hotfix, {.reason = "", .bypass = "prod is down"});
  ASSERT_TRUE(bypassed) << bypassed.error().describe();
  EXPECT_EQ(bypassed->entry.bypass, "prod is down");
  // An incident does not wait for another environment.
  EXPECT_TRUE(shop.rollback("production"));
}

TEST_P(Flow, APlanIsJudgedAgainWhenApplied) {
  const auto one = build("one");
  ASSERT_TRUE(shop.release("staging", one));
  const auto plan = shop.plan_release("production", one).value();
  ASSERT_TRUE(shop.release("staging", build("two")));
  const auto refused = shop.apply(plan);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::policy_denied);
  EXPECT_EQ(shop.tag("production"), std::nullopt);
}

TEST_P(Flow, AStalePlanIsRefused) {
  const auto one = build("one");
  const auto plan = shop.plan_release("staging", one).value();
  ASSERT_TRUE(shop.release("staging", build("two")));
  const auto before = shop.tag("staging");
  const auto refused = shop.apply(plan);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::conflict);
  EXPECT_THAT(refused.error().message, HasSubstr("stale"));
  EXPECT_EQ(shop.tag("staging"), before);
  EXPECT_EQ(shop.chain("staging").entries.size(), 1u);
}

TEST_P(Flow, AStoredPlanAppliedTwiceReleasesOnce) {
  const auto plan = shop.plan_release("staging", build("one")).value();
  const auto stored = Plan::parse(plan.plan.canonical().value());
  ASSERT_TRUE(stored) << stored.error().describe();
  const auto first = shop.apply_stored(*stored);
  ASSERT_TRUE(first) << first.error().describe();
  const auto again = shop.apply_stored(*stored);
  ASSERT_TRUE(again) << again.error().describe();
  EXPECT_EQ(again->id, first->id);
  EXPECT_EQ(shop.chain("staging").entries.size(), 1u);
}

TEST_P(Flow, PlanningWritesNothing) {
  const auto image = build("one");
  ASSERT_TRUE(shop.plan_release("staging", image));
  EXPECT_EQ(shop.tag("staging"), std::nullopt);
  EXPECT_THAT(shop.chain("staging").entries, IsEmpty());
  EXPECT_FALSE(std::filesystem::exists(shop.services.state_folder));
}

TEST_P(Flow, DriftIsNeverOverwritten) {
  const auto one = build("one");
  ASSERT_TRUE(shop.release("staging", one));
  const auto target = shop.target("staging");
  const auto foreign = put_image(*target, "foreign");
  ASSERT_TRUE(target->tag(foreign, "staging"));
  for (const auto& outcome : {shop.release("staging", build("two")), shop.release("staging", one),
                              shop.rollback("staging", {.number = 1, .previous = false})}) {
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().code, Errc::conflict);
    EXPECT_THAT(outcome.error().hint, HasSubstr("slipway tag "));
  }
  EXPECT_EQ(shop.tag("staging"), foreign.digest);
}

TEST_P(Flow, ATagThatMovesBetweenPlanAndApplyStopsIt) {
  ASSERT_TRUE(shop.release("staging", build("one")));
  const auto plan = shop.plan_release("staging", build("two")).value();
  const auto target = shop.target("staging");
  const auto foreign = put_image(*target, "foreign");
  ASSERT_TRUE(target->tag(foreign, "staging"));
  const auto refused = shop.apply_stored(plan.plan);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::conflict);
  EXPECT_EQ(shop.tag("staging"), foreign.digest);
  EXPECT_EQ(shop.chain("staging").entries.size(), 1u);
  EXPECT_FALSE(target->resolve("hello.staging-v2"));
}

// A plan of the same run looked a moment ago: a tag that moves later than that is not overwritten either.
TEST_P(Flow, ATagThatMovesDuringTheReleaseStays) {
  ASSERT_TRUE(shop.release("staging", build("one")));
  const auto plan = shop.plan_release("staging", build("two")).value();
  const auto target = shop.target("staging");
  const auto foreign = put_image(*target, "foreign");
  ASSERT_TRUE(target->tag(foreign, "staging"));
  const auto refused = shop.apply(plan);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::conflict);
  EXPECT_EQ(shop.tag("staging"), foreign.digest);
  EXPECT_EQ(shop.release("staging", std::nullopt).error().code, Errc::conflict) << "it stays until somebody decides";
  EXPECT_EQ(shop.tag("staging"), foreign.digest);
}

TEST_P(Flow, ATagBeforeTheFirstReleaseIsDrift) {
  const auto target = shop.target("staging");
  const auto foreign = put_image(*target, "foreign");
  ASSERT_TRUE(target->tag(foreign, "staging"));
  EXPECT_EQ(shop.release("staging", build("one")).error().code, Errc::conflict);
  EXPECT_EQ(shop.tag("staging"), foreign.digest);
}

TEST_P(Flow, KeepTagsWithoutALedgerAreAConflict) {
  const auto target = shop.target("staging");
  ASSERT_TRUE(target->tag(put_image(*target, "older"), "hello.staging-v7"));
  const auto refused = shop.release("staging", build("one"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::conflict);
  EXPECT_THAT(refused.error().hint, HasSubstr("ledger"));
}

TEST_P(Flow, ALaggingTagIsMovedByTheNextWriter) {
  const auto one = build("one");
  ASSERT_TRUE(shop.release("staging", one));
  const auto two = build("two");
  ASSERT_TRUE(shop.release("staging", two));
  const auto target = shop.target("staging");
  ASSERT_TRUE(target->tag(target->resolve(*one.digest()).value(), "staging"));  // as after a crash

  const auto rows = read_status(shop.project, shop.services).value();
  EXPECT_TRUE(rows[0].pending);
  EXPECT_EQ(rows[0].drift, "");
  const auto plan = shop.plan_release("staging", two).value();
  EXPECT_FALSE(plan.plan.changed);
  EXPECT_EQ(shop.tag("staging"), one.digest()) << "planning moved it";
  ASSERT_TRUE(shop.apply(plan));
  EXPECT_EQ(shop.tag("staging"), two.digest());

  ASSERT_TRUE(target->tag(target->resolve(*one.digest()).value(), "staging"));
  const auto three = build("three");
  ASSERT_TRUE(shop.release("staging", three));
  EXPECT_EQ(shop.tag("staging"), three.digest());
}

TEST_P(Flow, AnEnvironmentMayMoveToAnotherRepository) {
  ASSERT_TRUE(shop.release("staging", build("one")));
  std::string yaml = GetParam();
  const std::string from =
      yaml.find("oci:./staging") != std::string::npos ? "oci:./staging" : "reg.example/staging/hello";
  yaml.replace(yaml.find(from), from.size(), from + "2");
  shop.configure(yaml);
  EXPECT_THAT(read_status(shop.project, shop.services).value()[0].drift,
              HasSubstr("slipway release staging --relocate"));
  const auto moved = shop.release("staging", std::nullopt);
  ASSERT_TRUE(moved) << moved.error().describe();
  EXPECT_EQ(moved->entry.number, 2);
  EXPECT_EQ(shop.tag("staging"), moved->entry.image.digest);
  EXPECT_EQ(read_status(shop.project, shop.services).value()[0].drift, "");
}

TEST_P(Flow, RelocatingBringsTheActiveReleaseAsItIs) {
  ASSERT_TRUE(shop.release("staging", build("one")));
  EXPECT_EQ(shop.release("staging", std::nullopt, {.relocate = true}).error().code, Errc::invalid_argument);
  std::string yaml = GetParam();
  const std::string from =
      yaml.find("oci:./staging") != std::string::npos ? "oci:./staging" : "reg.example/staging/hello";
  yaml.replace(yaml.find(from), from.size(), from + "2");
  shop.configure(yaml);
  shop.write("staging.env", "PORT=81\n");  // of tomorrow: a move changes no config
  const Recorded before = *shop.chain("staging").head();
  const auto moved = shop.release("staging", std::nullopt, {.relocate = true});
  ASSERT_TRUE(moved) << moved.error().describe();
  EXPECT_EQ(moved->entry.number, 2);
  EXPECT_EQ(moved->entry.kind, Kind::config) << "kinds of entries never grow";
  EXPECT_TRUE(moved->entry.same_release(before.entry));
  EXPECT_EQ(moved->entry.image.repository, shop.environment("staging").repository_text);
  EXPECT_EQ(shop.tag("staging"), before.entry.image.digest);
  EXPECT_EQ(read_status(shop.project, shop.services).value()[0].drift, "");
}

TEST_P(Flow, TagsOfTheBuildAreWrittenOnce) {
  std::string yaml = GetParam();
  yaml.replace(yaml.find("    config: {env-file: staging.env}"), 0, "    tags: [\"{version}\", \"n{number}\"]\n");
  shop.configure(yaml);
  const auto one = build("one", {{std::string(oci::kVersion), "1.0"}});
  ASSERT_TRUE(shop.release("staging", one));
  const auto target = shop.target("staging");
  EXPECT_EQ(target->resolve("1.0")->digest, *one.digest());
  EXPECT_EQ(target->resolve("n1")->digest, *one.digest());

  const auto other = build("other", {{std::string(oci::kVersion), "1.0"}});
  const auto refused = shop.release("staging", other);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::conflict);
  EXPECT_EQ(shop.tag("staging"), one.digest());
  const auto nameless = shop.release("staging", build("nameless"));
  EXPECT_EQ(nameless.error().code, Errc::invalid_argument);
  EXPECT_THAT(nameless.error().hint, HasSubstr("org.opencontainers.image.version"));
}

TEST_P(Flow, ABadEnvFileIsReportedWithEveryLine) {
  shop.write("staging.env", "A=1\nexport B=2\n1C=3\nA=4\n");
  const auto refused = shop.release("staging", build("one"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::invalid_argument);
  ASSERT_EQ(refused.error().causes.size(), 3u);
  EXPECT_EQ(refused.error().causes[2].where->row, 4);
}

TEST_P(Flow, AMissingEnvFileNamesItsPlaceInTheYaml) {
  std::filesystem::remove(shop.folder.path() / "staging.env");
  const auto refused = shop.release("staging", build("one"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::invalid_argument);
  EXPECT_THAT(refused.error().describe(), HasSubstr("slipway.yaml:7:"));
}

TEST_P(Flow, WhatIsNotThereIsNotFound) {
  const auto missing = shop.project.image_repository->with_digest(io::digest_of("nowhere"));
  put_image(*shop.open(*shop.project.image_repository), "x");
  const auto refused = shop.release("staging", missing);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::not_found);
  EXPECT_EQ(shop.promote("staging", "production").error().code, Errc::not_found);
  EXPECT_EQ(shop.rollback("staging").error().code, Errc::not_found);
}

TEST(Promote, ASecretInAReasonIsRefused) {
  Shop shop(kRegistryYaml);
  const auto image = put_image(*shop.open(*shop.project.image_repository), "one");
  const auto build = shop.project.image_repository->with_digest(image.digest);
  for (const Remarks& remarks : {Remarks{.reason = "key ghp_0123456789abcdefghij works", .bypass = {}},
                                 Remarks{.reason = {}, .bypass = "see https://ops:hunter2@tickets.example/7"}}) {
    const auto refused = shop.release("staging", build, remarks);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::invalid_argument);
    EXPECT_THAT(refused.error().describe(), Not(HasSubstr("0123456789")));
    EXPECT_THAT(refused.error().describe(), Not(HasSubstr("hunter2")));
  }
  EXPECT_TRUE(shop.release("staging", build, {.reason = "ticket 7: https://tickets.example/7", .bypass = {}}));
}

TEST(Promote, InsideOneRegistryNoBlobMoves) {
  Shop shop(kRegistryYaml);
  const auto source = shop.open(*shop.project.image_repository);
  const auto image = put_index(*source, {"linux/amd64", "linux/arm64"});
  ASSERT_TRUE(shop.release("staging", shop.project.image_repository->with_digest(image.digest)));
  ASSERT_TRUE(shop.promote("staging", "production"));
  const auto production = shop.world.repository("reg.example/prod/hello");
  EXPECT_EQ(production->mounted, 4 + 1) << "the image's blobs, and the entry's from the ledger";
  EXPECT_THAT(production->pushed_blobs, Not(Contains(std::string(oci::kLayerType))));
  EXPECT_THAT(production->pushed_blobs, Not(Contains(std::string(oci::kConfigType))));
  EXPECT_EQ(shop.tag("production"), image.digest);
}

/// An image of that many layers in the project's repository.
oci::Location put_layers(Shop& shop, int layers) {
  const auto target = shop.open(*shop.project.image_repository);
  oci::Manifest manifest{
      .raw = {},
      .media_type = std::string(oci::kManifestType),
      .artifact_type = {},
      .config = put_blob(*target, std::string(oci::kConfigType), fmt::format("{{\"v\":{}}}", layers)),
      .layers = {},
      .subject = {},
      .annotations = {}};
  for (int i = 0; i < layers; ++i)
    manifest.layers.push_back(put_blob(*target, std::string(oci::kLayerType), fmt::format("{} of {}", i, layers)));
  const auto root = put_blob(*target, std::string(oci::kManifestType), oci::write_manifest(manifest));
  return shop.project.image_repository->with_digest(root.digest);
}

/// The requests of the promotion beyond reading the manifest, mounting its blobs and putting it.
int added_requests(Shop& shop, int layers) {
  EXPECT_TRUE(shop.release("staging", put_layers(shop, layers)));
  shop.world.requests();
  const auto promoted = shop.promote("staging", "production");
  EXPECT_TRUE(promoted) << promoted.error().describe();
  const int copy =
      2 /* the manifest there */ + 1 /* is it here */ + layers + 1 /* mounts */ + 2 /* it is put and proved */;
  return shop.world.requests() - copy;
}

TEST(Promote, TheLedgerAddsFewRequestsWhateverTheImage) {
  Shop shop(kRegistryYaml);
  shop.services.seen_folder = shop.folder.path() / "cache";
  // Counted apart: the release before is there (1), the config and its blob (2), and the entry can be read (1).
  constexpr int kProofs = 4;
  // The tags .sig and .att of the build are asked for.
  constexpr int kAttached = 2;
  EXPECT_LE(added_requests(shop, 2), 22 + kProofs + kAttached)
      << "the first of an environment, whose repository is listed too";
  const int second = added_requests(shop, 3);
  EXPECT_LE(second, 20 + kProofs + kAttached);
  EXPECT_EQ(added_requests(shop, 40), second);
  shop.write("production.env", "PORT=444\n");
  EXPECT_LE(added_requests(shop, 5), 20 + kProofs + kAttached) << "with a new config";
}

TEST(Promote, StatusTakesThreeRequestsAnEnvironment) {
  Shop shop(kRegistryYaml);
  shop.services.seen_folder = shop.folder.path() / "cache";
  for (int layers : {1, 2})
    added_requests(shop, layers);
  shop.services.seen_folder = shop.folder.path() / "another";
  shop.world.requests();
  ASSERT_TRUE(read_status(shop.project, shop.services));
  EXPECT_LE(shop.world.requests(), 3 * 3);
  ASSERT_TRUE(read_status(shop.project, shop.services));
  EXPECT_LE(shop.world.requests(), 1 + 3) << "what was read once is known";
}

TEST(Promote, BetweenRegistriesTheDigestStays) {
  Shop shop(kRegistryYaml);
  const auto image = put_index(*shop.open(*shop.project.image_repository), {"linux/amd64", "linux/arm/v7"});
  ASSERT_TRUE(shop.release("staging", shop.project.image_repository->with_digest(image.digest)));
  const auto away = shop.promote("staging", "away");
  ASSERT_TRUE(away) << away.error().describe();
  EXPECT_EQ(away->entry.image.digest, image.digest);
  EXPECT_EQ(shop.tag("away"), image.digest);
  EXPECT_THAT(shop.world.repository("other.example/hello")->pushed_blobs, Contains(std::string(oci::kLayerType)));
}

TEST(Promote, FromALayoutToARegistryAndBack) {
  Shop shop(R"(
app: hello
image: {repository: "oci:./images"}
environments:
  staging: {repository: reg.example/hello}
  production: {repository: "oci:./production"}
ledger: {repository: "oci:./ledger"}
)");
  const auto target = shop.open(*shop.project.image_repository);
  const auto image = put_index(*target, {"linux/amd64", "linux/arm64"});
  ASSERT_TRUE(target->tag(image, "latest"));
  ASSERT_TRUE(shop.release("staging", *shop.project.image_repository));
  const auto back = shop.promote("staging", "production");
  ASSERT_TRUE(back) << back.error().describe();
  EXPECT_EQ(back->entry.image.digest, image.digest);
  EXPECT_EQ(shop.tag("production"), image.digest);
}

TEST(Promote, EveryChildOfAnIndexIsKept) {
  Shop shop(kRegistryYaml);
  // Two children of one platform and one without any, as other builders make them.
  const auto image =
      put_index(*shop.open(*shop.project.image_repository), {"linux/amd64", "linux/arm/v7", "linux/amd64", ""});
  const auto first = shop.release("staging", shop.project.image_repository->with_digest(image.digest));
  ASSERT_TRUE(first) << first.error().describe();
  const auto target = shop.world.repository("reg.example/staging/hello");
  const auto tags = target->list_tags().value();
  EXPECT_EQ(tags.size(), 7u) << "one of them keeps the evidence: " << fmt::format("{}", fmt::join(tags, " "));
  EXPECT_THAT(tags, Contains("hello.staging-v1-linux-amd64"));
  EXPECT_THAT(tags, Contains("hello.staging-v1-linux-arm-v7"));
  EXPECT_EQ(target->tagged.back(), "staging") << "the moving tag is the last";
}

TEST(Promote, RollbackToAnImageThatIsGoneMovesNothing) {
  Shop shop(R"(
app: hello
image: {repository: "oci:./images"}
environments:
  staging: {repository: "oci:./staging"}
)");
  const auto source = shop.open(*shop.project.image_repository);
  const auto one = put_image(*source, "one");
  const auto two = put_image(*source, "two");
  ASSERT_TRUE(shop.release("staging", shop.project.image_repository->with_digest(one.digest)));
  ASSERT_TRUE(shop.release("staging", shop.project.image_repository->with_digest(two.digest)));
  const auto layer = io::digest_of("layer of one");
  std::filesystem::remove(shop.folder.path() / "staging/blobs/sha256" / layer.hex());
  const auto refused = shop.rollback("staging");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::not_found);
  EXPECT_THAT(refused.error().message, HasSubstr(layer.str()));
  EXPECT_EQ(shop.tag("staging"), two.digest);
  EXPECT_EQ(shop.chain("staging").entries.size(), 2u);
}

TEST(Promote, RollbackToAConfigThatIsGoneMovesNothing) {
  Shop shop(kLayoutYaml);
  const auto source = shop.open(*shop.project.image_repository);
  const auto one = put_image(*source, "one");
  const auto first = shop.release("staging", shop.project.image_repository->with_digest(one.digest)).value();
  shop.write("staging.env", "PORT=81\n");
  ASSERT_TRUE(shop.release("staging", std::nullopt));
  std::filesystem::remove(shop.folder.path() / "images-releases/blobs/sha256" / first.entry.config.hex());
  EXPECT_EQ(shop.rollback("staging").error().code, Errc::not_found);
  EXPECT_EQ(shop.chain("staging").entries.size(), 2u);
}

TEST(Promote, RecordsNameNoFolderOfThisMachine) {
  Shop shop(kLayoutYaml);
  const auto image = put_image(*shop.open(*shop.project.image_repository), "one");
  const auto first = shop.release("staging", shop.project.image_repository->with_digest(image.digest)).value();
  EXPECT_EQ(first.entry.build.repository, "oci:images");
  EXPECT_EQ(first.entry.image.repository, "oci:staging");
  EXPECT_EQ(first.entry.ledger, "oci:images-releases");
  EXPECT_THAT(first.bytes, Not(HasSubstr(shop.folder.path().string())));
}

TEST(Promote, TheSameEnvironmentIsRefused) {
  Shop shop(kLayoutYaml);
  EXPECT_EQ(shop.promote("staging", "staging").error().code, Errc::invalid_argument);
}

TEST(Promote, QuotesInAnEnvFileWarn) {
  Shop shop(kLayoutYaml);
  shop.write("staging.env", "NAME=\"x\"\n");
  const auto image = put_image(*shop.open(*shop.project.image_repository), "one");
  const auto plan = shop.plan_release("staging", shop.project.image_repository->with_digest(image.digest)).value();
  ASSERT_EQ(plan.warnings.size(), 1u);
  EXPECT_EQ(plan.warnings[0].where->row, 1);
  EXPECT_EQ(plan.plan.config->values.at("NAME"), "\"x\"");
}

}  // namespace
}  // namespace slipway::release
