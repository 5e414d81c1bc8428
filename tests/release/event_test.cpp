// The events of an environment beside releases, and what follows from it.
#include "slipway/release/event.h"

#include <sys/stat.h>

#include "release/entry_artifact.h"
#include "release/world.h"
#include "slipway/release/checks.h"
#include "slipway/release/retire.h"
#include "slipway/release/views.h"

namespace slipway::release {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Event event_of(EventKind kind, std::int64_t order = 1, const std::string& actor = "bob") {
  Event event{.app = "hello", .environment = "production", .kind = kind};
  event.order = order;
  event.actor = actor;
  event.time = 1'700'000'000 + order;
  event.tool = "slipway test";
  return event;
}

Recorded head_of(Kind kind) {
  const Digest digest = io::digest_of("x");
  Entry entry{.app = "hello",
              .environment = "production",
              .number = 3,
              .kind = kind,
              .build = {"r.example/a", digest},
              .image = {"r.example/a", digest},
              .config = digest};
  entry.actor = "ann";
  entry.reason = "errors";
  entry.time = 5;
  return {entry, io::digest_of("entry"), ""};
}

TEST(Event, ComesBackAsItWas) {
  Event approve = event_of(EventKind::approve);
  approve.plan = io::digest_of("plan");
  approve.reason = "looked at it";
  Event retire = event_of(EventKind::retire, 7);
  retire.numbers = {1, 2};
  retire.entry = io::digest_of("entry");
  retire.other.emplace_back("later", Json("kept"));
  for (const Event& event : {approve, retire, event_of(EventKind::hold), event_of(EventKind::unhold)}) {
    const auto text = event.canonical().value();
    const auto parsed = Event::parse(text);
    ASSERT_TRUE(parsed) << parsed.error().describe();
    EXPECT_EQ(*parsed, event);
    EXPECT_EQ(parsed->canonical().value(), text);
  }
  EXPECT_EQ(event_of(EventKind::hold).canonical().value(),
            R"({"actor":"bob","app":"hello","environment":"production","kind":"hold","order":1,)"
            R"("schema":"slipway/v1/event","time":1700000001,"tool":"slipway test"})");
}

TEST(Event, WhatIsNoneIsRefused) {
  const std::string good = event_of(EventKind::hold).canonical().value();
  const auto with = [&](std::string_view from, std::string_view to) {
    std::string text = good;
    text.replace(text.find(from), from.size(), to);
    return Event::parse(text);
  };
  EXPECT_EQ(with("v1/event", "v2/event").error().code, Errc::invalid_argument);
  EXPECT_EQ(with("\"hold\"", "\"forget\"").error().code, Errc::invalid_argument);
  EXPECT_EQ(with("\"hold\"", "\"approve\"").error().code, Errc::malformed) << "an approval of nothing";
  EXPECT_EQ(with("\"order\":1", "\"order\":0").error().code, Errc::malformed);
  EXPECT_EQ(with("\"order\":1", "\"numbers\":[0],\"order\":1").error().code, Errc::malformed);
  EXPECT_EQ(with("\"actor\":\"bob\",", "").error().code, Errc::malformed);
}

TEST(Hold, IsTheNewestWord) {
  EXPECT_EQ(hold_of({}, nullptr), std::nullopt);
  EXPECT_EQ(hold_of({event_of(EventKind::hold)}, nullptr)->actor, "bob");
  EXPECT_EQ(hold_of({event_of(EventKind::hold, 1), event_of(EventKind::unhold, 2)}, nullptr), std::nullopt);
  EXPECT_TRUE(hold_of({event_of(EventKind::unhold, 1), event_of(EventKind::hold, 2)}, nullptr));
  EXPECT_TRUE(hold_of({event_of(EventKind::unhold, 2), event_of(EventKind::hold, 2)}, nullptr)) << "said at once";
  EXPECT_TRUE(hold_of({event_of(EventKind::hold, 2), event_of(EventKind::unhold, 2)}, nullptr)) << "said at once";
}

TEST(Hold, OfARollbackLastsUntilItIsLifted) {
  const Recorded back = head_of(Kind::rollback), on = head_of(Kind::promote);
  EXPECT_EQ(hold_of({}, &on), std::nullopt);
  const auto held = hold_of({}, &back);
  ASSERT_TRUE(held);
  EXPECT_EQ(*held, (Hold{"ann", "rolled back: errors", 5}));
  Event lift = event_of(EventKind::unhold);
  EXPECT_TRUE(hold_of({lift}, &back)) << "of another time";
  lift.entry = back.id;
  EXPECT_EQ(hold_of({lift}, &back), std::nullopt);
}

TEST(Approvals, AreOfOnePlan) {
  Event one = event_of(EventKind::approve, 1, "bob"), two = event_of(EventKind::approve, 2, "cleo");
  one.plan = io::digest_of("plan");
  two.plan = io::digest_of("another");
  EXPECT_THAT(approvers_of({one, one, two}, {io::digest_of("plan")}), ElementsAre("bob"));
  EXPECT_THAT(approvers_of({one, two}, {io::digest_of("third")}), IsEmpty());
}

/// A shop with two builds, whose ledger people talk about.
class Events : public ::testing::TestWithParam<const char*> {
 protected:
  Events() : shop(GetParam()) {}

  oci::Location build(const std::string& content) {
    const auto image = put_image(*shop.open(*shop.project.image_repository), content);
    return shop.project.image_repository->with_digest(image.digest);
  }
  Event say(Event event) {
    Ledger ledger = shop.services.ledger(shop.project.ledger);
    auto done = EventLog(ledger).append(std::move(event));
    EXPECT_TRUE(done) << done.error().describe();
    return *done;
  }
  std::vector<Event> heard() {
    Ledger ledger = shop.services.ledger(shop.project.ledger);
    auto events = EventLog(ledger).read("hello", "production");
    EXPECT_TRUE(events) << events.error().describe();
    return events ? *events : std::vector<Event>();
  }
  void policy(const std::string& rules) {
    std::string yaml = GetParam();
    const std::size_t at = yaml.find("after: [staging]");
    shop.configure(yaml.insert(at, "policy: " + rules + "\n    "));
  }
  void expect_refused(const Result<Recorded>& outcome, const std::string& why) {
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().code, Errc::policy_denied);
    EXPECT_THAT(outcome.error().describe(), HasSubstr(why));
  }

  Shop shop;
};
INSTANTIATE_TEST_SUITE_P(Places, Events, ::testing::Values(kLayoutYaml, kRegistryYaml));

TEST_P(Events, AreReadInTheirOrder) {
  EXPECT_THAT(heard(), IsEmpty());
  const Event first = say(event_of(EventKind::hold, 9)), second = say(event_of(EventKind::unhold));
  EXPECT_EQ(first.order, 1);
  EXPECT_EQ(second.order, 2);
  EXPECT_THAT(heard(), ElementsAre(first, second));
}

TEST_P(Events, SeenOnceTheyAreNotAskedForAgain) {
  shop.services.seen_folder = shop.folder.path() / "seen";
  const Event hold = say(event_of(EventKind::hold));
  EXPECT_THAT(heard(), ElementsAre(hold));
  shop.world.requests();
  EXPECT_THAT(heard(), ElementsAre(hold));
  EXPECT_LE(shop.world.requests(), 1) << "the list of tags";
}

TEST_P(Events, AHoldStopsAllButRollbacks) {
  ASSERT_TRUE(shop.release("staging", build("one")));
  ASSERT_TRUE(shop.promote("staging", "production"));
  ASSERT_TRUE(shop.release("staging", build("two")));
  ASSERT_TRUE(shop.promote("staging", "production"));
  ASSERT_TRUE(shop.release("staging", build("three")));
  say(event_of(EventKind::hold));
  const auto tag = shop.tag("production");
  expect_refused(shop.promote("staging", "production"), "held by bob");
  EXPECT_EQ(shop.tag("production"), tag);
  EXPECT_EQ(shop.chain("production").entries.size(), 2u);
  EXPECT_EQ(read_status(shop.project, shop.services).value()[1].hold->actor, "bob");
  const auto bypassed = shop.promote("staging", "production", {.reason = "", .bypass = "the customer waits"});
  ASSERT_TRUE(bypassed) << bypassed.error().describe();
  EXPECT_EQ(bypassed->entry.bypass, "the customer waits");
  EXPECT_TRUE(shop.rollback("production"));
}

TEST_P(Events, ARollbackHoldsUntilItIsLifted) {
  ASSERT_TRUE(shop.release("staging", build("one")));
  ASSERT_TRUE(shop.promote("staging", "production"));
  ASSERT_TRUE(shop.release("staging", build("two")));
  ASSERT_TRUE(shop.promote("staging", "production"));
  const auto back = shop.rollback("production", {}, {.reason = "errors", .bypass = ""});
  ASSERT_TRUE(back);
  expect_refused(shop.promote("staging", "production"), "rolled back: errors");
  Event lift = event_of(EventKind::unhold);
  lift.entry = back->id;
  say(lift);
  EXPECT_TRUE(shop.promote("staging", "production"));
}

TEST_P(Events, AnApprovalIsOfOneDecision) {
  policy("{approvals: 1}");
  ASSERT_TRUE(shop.release("staging", build("one")));
  expect_refused(shop.promote("staging", "production"), "needs an approval of others than ann");
  EXPECT_EQ(shop.tag("production"), std::nullopt);
  const auto plan = shop.plan_promote("staging", "production");
  ASSERT_TRUE(plan) << "a plan may be made before it is approved";
  EXPECT_EQ(shop.missing_approvals(plan->plan).value().size(), 1u);
  Event approval = event_of(EventKind::approve);
  approval.plan = plan->plan.digest().value();
  say(approval);
  EXPECT_THAT(shop.missing_approvals(plan->plan).value(), IsEmpty());
  // Another build is another decision.
  ASSERT_TRUE(shop.release("staging", build("two")));
  expect_refused(shop.promote("staging", "production"), "this plan has none");
  shop.clock.advance(std::chrono::hours(1));
  // So is the same build from another release of staging; the same decision planned again is covered.
  ASSERT_TRUE(shop.release("staging", build("one")));
  expect_refused(shop.promote("staging", "production"), "this plan has none");
  approval.plan = shop.plan_promote("staging", "production")->plan.digest().value();
  say(approval);
  const auto done = shop.promote("staging", "production");
  ASSERT_TRUE(done) << done.error().describe();
  // And dies with it: the same build a release later is one more decision.
  shop.write("production.env", "PORT=444\n");
  expect_refused(shop.promote("staging", "production"), "this plan has none");
}

TEST_P(Events, TheAuthorsOwnApprovalDoesNotCount) {
  policy("{approvals: 1}");
  ASSERT_TRUE(shop.release("staging", build("one")));
  const auto plan = shop.plan_promote("staging", "production");
  Event approval = event_of(EventKind::approve, 1, "ann");
  approval.plan = plan->plan.digest().value();
  say(approval);
  expect_refused(shop.promote("staging", "production"), "this plan has none");
}

TEST(Retire, KeepsTheNewestTheActiveAndWhatItRestored) {
  Chain chain;
  for (std::int64_t n = 1; n <= 6; ++n) {
    Recorded recorded = head_of(n == 6 ? Kind::rollback : Kind::promote);
    recorded.entry.number = n;
    if (n == 6) recorded.entry.from = Origin{"production", 2, recorded.id};
    chain.entries.push_back(recorded);
  }
  EXPECT_THAT(retirable(chain, {}, 2), ElementsAre(1, 3, 4));
  EXPECT_THAT(retirable(chain, {}, 100), IsEmpty());
  Event before = event_of(EventKind::retire);
  before.numbers = {1, 3};
  EXPECT_THAT(retirable(chain, {before}, 1), ElementsAre(4, 5));
  EXPECT_THAT(retirable({}, {}, 1), IsEmpty());
}

TEST_P(Events, WhatWasRetiredIsNotGoneBackTo) {
  ASSERT_TRUE(shop.release("staging", build("one")));
  for (const char* content : {"two", "three"}) {
    ASSERT_TRUE(shop.promote("staging", "production"));
    ASSERT_TRUE(shop.release("staging", build(content)));
  }
  ASSERT_TRUE(shop.promote("staging", "production"));
  Event gone = event_of(EventKind::retire);
  gone.numbers = {2};
  say(gone);
  Ledger ledger = shop.services.ledger(shop.project.ledger);
  const auto rest = plan_retirement(shop.project, shop.environment("production"), 100, ledger, shop.services);
  ASSERT_TRUE(rest) << rest.error().describe();
  EXPECT_THAT(rest->numbers, IsEmpty());
  EXPECT_EQ(rest->removal.tags.count("hello.production-v2"), 1u) << "of the run that did not come to its end";
  EXPECT_EQ(shop.rollback("production", {.number = 2}).error().code, Errc::not_found);
  const auto back = shop.rollback("production");
  ASSERT_TRUE(back) << back.error().describe();
  EXPECT_EQ(back->entry.from->number, 1);
}

class Programs : public Events {
 protected:
  void SetUp() override {
    shop.services.project_folder = shop.folder.path();
    policy("{exec: [./check, word]}");
    ASSERT_TRUE(shop.release("staging", build("one")));
  }
  void program(const std::string& script) {
    shop.write("check", "#!/bin/sh\n" + script);
    ASSERT_EQ(::chmod((shop.folder.path() / "check").c_str(), 0755), 0);
  }
};
INSTANTIATE_TEST_SUITE_P(Places, Programs, ::testing::Values(kLayoutYaml));

TEST_P(Programs, AreAskedWithThePlanAndTheFacts) {
  program("cat > input.json; printf '%s' \"$1\" > word; echo '{\"allow\": true}'\n");
  ASSERT_TRUE(shop.promote("staging", "production"));
  const auto input = Json::parse(read_file(real_fs(), shop.folder.path() / "input.json").value(), "input").value();
  EXPECT_EQ(*input.find("schema")->string(), "slipway/v1/policy-input");
  EXPECT_EQ(*input.find("plan")->find("entry")->find("environment")->string(), "production");
  EXPECT_EQ(*input.find("facts")->find("active")->find("staging")->string(),
            shop.chain("staging").head()->entry.build.digest.str());
  EXPECT_EQ(read_file(real_fs(), shop.folder.path() / "word").value(), "word");
}

TEST_P(Programs, WhateverIsNoConsentRefuses) {
  struct Answer {
    const char* script;
    const char* why;
  };
  for (const auto& [script, why] : std::initializer_list<Answer>{
           {"echo '{\"allow\": false, \"reasons\": [\"no ticket\", \"no test\"]}'\n", "./check says: no test"},
           {"echo '{\"allow\": false}'\n", "without a reason"},
           {"echo '{}'\n", "does not say"},
           {"echo yes\n", "the answer"},
           {"echo '{\"allow\": true}'; echo no disk >&2; exit 3\n", "status 3: no disk"},
           {"kill -9 $$\n", "status 137"}}) {
    program(script);
    expect_refused(shop.promote("staging", "production"), why);
  }
  ASSERT_TRUE(std::filesystem::remove(shop.folder.path() / "check"));
  expect_refused(shop.promote("staging", "production"), "no answer");
}

TEST_P(Events, AnApprovalDiesWhenOnlyTheConfigChanges) {
  policy("{approvals: 1}");
  ASSERT_TRUE(shop.release("staging", build("one")));
  const Planned approved = shop.plan_promote("staging", "production").value();
  Event approval = event_of(EventKind::approve);
  approval.plan = approved.plan.digest().value();
  say(approval);
  shop.write("production.env", "PORT=444\n");
  expect_refused(shop.promote("staging", "production"), "this plan has none");
  shop.write("production.env", "PORT=443\n");
  EXPECT_TRUE(shop.promote("staging", "production"));
}

/// Puts bytes as an event under a tag, whatever they are.
void put_event(store::Target& ledger, const std::string& bytes, const std::string& tag) {
  const RecordArtifact artifact = make_record_artifact(kEventType, bytes);
  io::TextSource blob(bytes);
  ASSERT_TRUE(ledger.push(artifact.blob, blob));
  ASSERT_TRUE(ledger.push_tagged(artifact.manifest, artifact.manifest_bytes, tag));
}

TEST_P(Events, CopiedUnderAnotherEnvironmentsTagDoNotCount) {
  Event approval = event_of(EventKind::approve);
  approval.environment = "staging";
  approval.plan = io::digest_of("plan");
  const std::string bytes = approval.canonical().value();
  const auto target = shop.open(shop.project.ledger);
  put_event(*target, bytes, fmt::format("hello.production.e.{}", io::digest_of(bytes).short_hex()));
  Ledger ledger = shop.services.ledger(shop.project.ledger);
  const auto read = EventLog(ledger).read("hello", "production");
  EXPECT_TRUE(!read || read->empty());
}

TEST_P(Events, BytesThatAreNotCanonicalDoNotCount) {
  const Event hold = event_of(EventKind::hold);
  const std::string bytes = hold.canonical().value() + "\n";
  put_event(*shop.open(shop.project.ledger), bytes, event_tag(hold, io::digest_of(bytes)));
  Ledger ledger = shop.services.ledger(shop.project.ledger);
  const auto read = EventLog(ledger).read("hello", "production");
  EXPECT_TRUE(!read || read->empty());
}

// The whole way: a build that became active a minute ago waits, however long the one before it was there.
TEST_P(Events, SoakCountsFromWhenThisBuildBecameActive) {
  policy("{soak: 1h}");
  ASSERT_TRUE(shop.release("staging", build("old")));
  shop.clock.advance(std::chrono::hours(24));
  ASSERT_TRUE(shop.release("staging", build("new")));
  shop.clock.advance(std::chrono::minutes(1));
  expect_refused(shop.promote("staging", "production"), "it is accepted in 59m");
  shop.write("staging.env", "PORT=81\n");
  ASSERT_TRUE(shop.release("staging", std::nullopt)) << "a change of config is not a break";
  shop.clock.advance(std::chrono::minutes(58));
  expect_refused(shop.promote("staging", "production"), "it is accepted in 1m");
  shop.clock.advance(std::chrono::minutes(1));
  EXPECT_TRUE(shop.promote("staging", "production"));
}

TEST(Approvals, OfAFileAreSealed) {
  Event approval = event_of(EventKind::approve);
  approval.plan = io::digest_of("decision");
  approval.sealed = io::digest_of("bytes");
  const Digest decision = io::digest_of("decision");
  EXPECT_THAT(approvers_of({approval}, {.decision = decision, .seal = io::digest_of("bytes")}), ElementsAre("bob"));
  EXPECT_THAT(approvers_of({approval}, {.decision = decision, .seal = io::digest_of("edited")}), IsEmpty());
  EXPECT_THAT(approvers_of({approval}, {.decision = decision}), ElementsAre("bob")) << "planned again, not from a file";
  EXPECT_THAT(approvers_of({approval}, {.decision = io::digest_of("v2"), .edition1 = decision}), ElementsAre("bob"))
      << "an approval of edition 1 counts until the head moves";
  const Event read = Event::parse(approval.canonical().value()).value();
  EXPECT_EQ(read.sealed, approval.sealed);
}

// A rolled-back build, a hotfix by bypass, and the promotion of the next morning.
TEST_P(Events, AHoldLastsThroughReleasesThatBypassIt) {
  ASSERT_TRUE(shop.release("staging", build("one")));
  ASSERT_TRUE(shop.promote("staging", "production"));
  ASSERT_TRUE(shop.release("staging", build("two")));
  ASSERT_TRUE(shop.promote("staging", "production"));
  const auto back = shop.rollback("production", {}, {.reason = "bad"});
  ASSERT_TRUE(back);
  EXPECT_EQ(back->entry.held, 3);
  const auto hotfix = shop.release("production", build("hotfix"), {.reason = {}, .bypass = "hot"});
  ASSERT_TRUE(hotfix) << hotfix.error().describe();
  EXPECT_EQ(hotfix->entry.held, 3);
  EXPECT_TRUE(read_status(shop.project, shop.services).value()[1].hold) << "nobody lifted it";
  expect_refused(shop.promote("staging", "production"), "rolled back in v3, which nobody lifted since");
  // With the hold bypassed the rolled-back build and the hotfix still stand in the way, each by name.
  const auto refused = shop.promote("staging", "production", {.reason = "x", .bypass = "hold"});
  expect_refused(refused, "v3 of production went back from this build");
  EXPECT_THAT(refused.error().describe(), HasSubstr("v4 of production was released with a bypass"));
  Event lift = event_of(EventKind::unhold);
  lift.entry = hotfix->id;
  say(lift);
  EXPECT_FALSE(read_status(shop.project, shop.services).value()[1].hold);
  expect_refused(shop.promote("staging", "production"), "--replaces v4");
  expect_refused(shop.promote("staging", "production", {.replaces = 3}), "--replaces v4");
  const auto done = shop.promote("staging", "production", {.replaces = 4});
  ASSERT_TRUE(done) << done.error().describe();
  EXPECT_EQ(done->entry.held, std::nullopt);
}

TEST_P(Events, ABuildThatWasRolledBackFromComesBackByNameOnly) {
  ASSERT_TRUE(shop.release("staging", build("one")));
  ASSERT_TRUE(shop.promote("staging", "production"));
  ASSERT_TRUE(shop.release("staging", build("two")));
  ASSERT_TRUE(shop.promote("staging", "production"));
  ASSERT_TRUE(shop.rollback("production"));
  expect_refused(shop.promote("staging", "production", {.reason = "x", .bypass = "hold"}), "--after-rollback v3");
  shop.write("production.env", "PORT=444\n");  // another config does not make it another build
  expect_refused(shop.promote("staging", "production", {.reason = "x", .bypass = "hold"}), "--after-rollback v3");
  const auto named = shop.promote("staging", "production", {.reason = "x", .bypass = "hold", .after_rollback = 3});
  ASSERT_TRUE(named) << named.error().describe();
}

TEST_P(Events, PlanningAndApprovingGoOnDuringASoak) {
  policy("{soak: 1h, approvals: 1}");
  ASSERT_TRUE(shop.release("staging", build("one")));
  const auto planned = shop.plan_promote("staging", "production");
  ASSERT_TRUE(planned) << planned.error().describe();
  ASSERT_EQ(planned->not_yet.size(), 1u);
  EXPECT_EQ(planned->not_yet[0].until, shop.clock.now() + 3600);
  Event approval = event_of(EventKind::approve);
  approval.plan = planned->plan.digest().value();
  say(approval);
  expect_refused(shop.apply(*planned), "not yet, at the earliest");
  shop.clock.advance(std::chrono::hours(1));
  EXPECT_TRUE(shop.promote("staging", "production"));
}

/// The only finding of doctor, a note about the fence.
std::string announced(Shop& shop) {
  const auto found = check_environment(shop.project, shop.environment("staging"), shop.services);
  if (!found || found->size() != 1 || found->front().remedy != Finding::Remedy::none) return "something else";
  return found->front().what;
}

TEST(Fence, IsRaisedOnceByTheFirstReleaseOfEdition2) {
  Shop shop(kRegistryYaml);
  const auto images = shop.open(*shop.project.image_repository);
  const auto release = [&](const char* content) {
    return shop.release("staging", shop.project.image_repository->with_digest(put_image(*images, content).digest));
  };
  ASSERT_TRUE(release("one"));
  Ledger before = shop.ledger();
  EXPECT_TRUE(EventLog(before).read("hello", "staging")->empty()) << "edition 1 goes without";
  EXPECT_TRUE(check_environment(shop.project, shop.environment("staging"), shop.services)->empty());
  shop.services.edition = 2;
  EXPECT_NE(announced(shop).find("the next release"), std::string::npos);
  ASSERT_TRUE(release("two"));
  EXPECT_NE(announced(shop).find("is of edition 2 since"), std::string::npos);
  ASSERT_TRUE(release("three"));
  Ledger after = shop.ledger();
  const auto events = EventLog(after).read("hello", "staging").value();
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].kind, EventKind::edition);
  EXPECT_EQ(events[0].edition, 2);
  EXPECT_EQ(events[0].entry, shop.chain("staging").entries[0].id);
}

TEST(Fence, ALaterEditionIsRefused) {
  Event event{.app = "hello", .environment = "staging", .kind = EventKind::edition};
  event.edition = 3;
  event.actor = "ann";
  const auto refused = Event::parse(event.canonical().value());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::invalid_argument);
  EXPECT_NE(refused.error().message.find("edition 3"), std::string::npos);
}

/// The reaction of edition 1 (50745ae) to an event of a kind that it does not know is recorded in testdata/compat.
TEST(Fence, IsOfAKindThatEdition1Refuses) {
  const char* const folder = std::getenv("SLIPWAY_TESTDATA");
  const auto text = read_file(
      real_fs(), std::filesystem::path(folder != nullptr ? folder : "testdata") / "compat/edition-1-fence.json");
  ASSERT_TRUE(text) << text.error().describe();
  const auto facts = Json::parse(*text, "facts");
  ASSERT_TRUE(facts);
  EXPECT_EQ(*facts->find("status")->integer(), 2);
  const Json& kinds = *facts->find("known-kinds");
  for (const Json& kind : *kinds.array())
    EXPECT_NE(*kind.string(), name_of(EventKind::edition));
  EXPECT_EQ(*facts->find("schema")->string(), kEventSchema);
}

}  // namespace
}  // namespace slipway::release
