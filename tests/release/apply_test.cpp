#include "slipway/release/apply.h"

#include "release/finish.h"
#include "release/image_copy.h"
#include "release/journal.h"
#include "release/proof_of_bytes.h"
#include "release/tags.h"
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
  EXPECT_TRUE(shop.plan_release("staging", build("one"))) << "a keep tag of the first release proves nothing";
  ASSERT_TRUE(staging->tag(put_image(*staging, "older"), "hello.staging-v2"));
  const auto refused = shop.plan_release("staging", build("one"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::conflict);
  EXPECT_THAT(refused.error().message, HasSubstr("hello.staging-v2"));
}

TEST_F(Apply, OldTemporaryFilesOfDeadProcessesGo) {
  const auto journal = shop.services.state_folder / "journal";
  std::filesystem::create_directories(journal);
  const auto old = journal / ".tmp-999999999-dead", young = journal / ".tmp-999999999-elsewhere";
  for (const auto& file : {old, young})
    ASSERT_TRUE(write_file_atomically(real_fs(), file, "half"));
  std::filesystem::last_write_time(old, std::filesystem::file_time_type::clock::now() - std::chrono::hours(2));
  ASSERT_TRUE(shop.release("staging", build("one")));
  EXPECT_FALSE(std::filesystem::exists(old));
  EXPECT_TRUE(std::filesystem::exists(young)) << "it may belong to a process of another PID namespace";
}

TEST_F(Apply, AStoredPlanWhoseTagIsTakenCopiesNothing) {
  std::string yaml = kRegistryYaml;
  yaml.insert(yaml.find("    config: {env-file: staging.env}"), "    tags: [\"n{number}\"]\n");
  shop.configure(yaml);
  const auto one = build("one");
  const Planned planned = shop.plan_release("staging", one).value();
  ASSERT_TRUE(staging->tag(put_image(*staging, "foreign"), "n1"));
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
  ASSERT_TRUE(finish_release(released, {place, moving, std::nullopt, image}, *staging, view, {}));
  EXPECT_EQ(shop.tag("staging"), released.entry.image.digest);
  ASSERT_TRUE(staging->tag(put_image(*staging, "foreign"), "staging"));
  EXPECT_EQ(finish_release(released, {place, moving, std::nullopt, image}, *staging, view, {}).error().code,
            Errc::conflict)
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

/// The tags that a registry leaves which dies between its list and its links.
struct LeftTag {
  const char* name;
  const char* tag;
  bool in_ledger;
};
class DeadRegistry : public Apply, public ::testing::WithParamInterface<std::tuple<LeftTag, Errc>> {
 protected:
  void SetUp() override {
    for (const char* content : {"one", "two"})
      ASSERT_TRUE(shop.release("staging", build(content)));
    ASSERT_TRUE(shop.promote("staging", "production"));
    const auto& [left, code] = GetParam();
    (left.in_ledger ? ledger : staging)->faults[left.tag] = {code};
  }
};
INSTANTIATE_TEST_SUITE_P(
    Table, DeadRegistry,
    ::testing::Combine(::testing::Values(LeftTag{"entry", "hello.staging.v3.0123456789ab", true},
                                         LeftTag{"older_entry", "hello.staging.v1.0123456789ab", true},
                                         LeftTag{"far_entry", "hello.staging.v9.0123456789ab", true},
                                         LeftTag{"claim", "hello.staging.v3", true},
                                         LeftTag{"event", "hello.staging.e.0123456789ab", true},
                                         LeftTag{"config", "hello.staging.c.0123456789ab", true},
                                         LeftTag{"keep_tag", "hello.staging-v9", false}),
                       ::testing::Values(Errc::not_found, Errc::network)),
    [](const auto& at) { return fmt::format("{}_{}", std::get<0>(at.param).name, name_of(std::get<1>(at.param))); });

TEST_P(DeadRegistry, BlocksNothing) {
  const bool unreadable_keep_tag = !std::get<0>(GetParam()).in_ledger && std::get<1>(GetParam()) == Errc::network;
  const auto rows = read_status(shop.project, shop.services);
  ASSERT_TRUE(rows) << rows.error().describe();
  EXPECT_EQ((*rows)[0].active->entry.number, 2);
  EXPECT_EQ((*rows)[0].drift, "");
  const auto third = shop.release("staging", build("three"));
  ASSERT_TRUE(third) << third.error().describe();
  EXPECT_EQ(third->entry.number, 3) << "numbers have no gaps";
  EXPECT_TRUE(shop.promote("staging", "production"));
  const auto back = shop.rollback("staging");
  ASSERT_TRUE(back) << back.error().describe();
  if (unreadable_keep_tag) return;  // verify cannot tell what that tag keeps
  const auto proof = verify_environment(shop.project, shop.environment("staging"), std::nullopt, shop.services);
  ASSERT_TRUE(proof) << proof.error().describe();
  EXPECT_THAT(proof->problems, IsEmpty()) << proof->problems[0].message;
}

TEST_F(Apply, EvidenceProvesThatALostEntryWasCommitted) {
  ASSERT_TRUE(shop.release("staging", build("one")));
  const auto second = shop.release("staging", build("two")).value();
  const std::string tag = fmt::format("hello.staging.v2.{}", second.id.short_hex());
  ledger->faults[tag] = {};
  const auto refused = shop.release("staging", build("three"));
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().code, Errc::not_found);
  EXPECT_THAT(refused.error().describe(), HasSubstr("doctor"));
  ledger->faults.clear();
  EXPECT_TRUE(shop.release("staging", build("three")));
}

TEST_F(Apply, AConfigThatIsListedAndNotThereIsPutBeforeTheCommit) {
  const Planned planned = shop.plan_release("staging", build("one")).value();
  const std::string hex = planned.plan.entry.config.short_hex();
  ledger->faults["hello.staging.c." + hex] = {};
  const auto released = shop.apply(planned);
  ASSERT_TRUE(released) << released.error().describe();
  EXPECT_EQ(config_of(shop.project, released->entry, shop.services)->values.at("PORT"), "80");
}

TEST_F(Apply, AConfigThatCannotBeProvedIsNotCommitted) {
  const Planned planned = shop.plan_release("staging", build("one")).value();
  ledger->faults[planned.plan.entry.config.str()] = {Errc::not_found, -1, false};
  const auto refused = shop.apply(planned);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::not_found);
  ledger->faults.clear();
  expect_nothing_released();
}

/// Registries that take no manifest with a subject.
class NoSubjects : public Apply, public ::testing::WithParamInterface<int> {};
INSTANTIATE_TEST_SUITE_P(Answers, NoSubjects, ::testing::Values(400, 403, 404, 405, 415));

TEST_P(NoSubjects, StillReleaseAndSaySo) {
  std::vector<std::string> warnings;
  shop.services.warn = [&](const Error& warning) { warnings.push_back(warning.message); };
  staging->subject_status = GetParam();
  const auto one = build("one");
  const auto first = shop.release("staging", one);
  ASSERT_TRUE(first) << first.error().describe();
  EXPECT_EQ(shop.tag("staging"), *one.digest());
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_THAT(warnings[0], HasSubstr("does not accept evidence of releases"));
  EXPECT_TRUE(shop.release("staging", build("two")));
  EXPECT_TRUE(shop.rollback("staging"));
  EXPECT_EQ(shop.tag("staging"), *one.digest());
  EXPECT_THAT(verify_environment(shop.project, shop.environment("staging"), std::nullopt, shop.services)->problems,
              IsEmpty());
}

/// A registry that fails when evidence is pushed, and the answer of its lists of referrers; 0: an answer as usual.
struct Failing {
  const char* name;
  int subject, referrers;
  bool releases;
};
class LostReferrers : public Apply, public ::testing::WithParamInterface<Failing> {};
INSTANTIATE_TEST_SUITE_P(
    Answers, LostReferrers,
    ::testing::Values(Failing{"damaged_list", 500, 500, true}, Failing{"other_fault", 500, 0, false},
                      Failing{"list_asked_later", 500, 503, false}, Failing{"evidence_sent_later", 503, 500, false},
                      Failing{"too_many_requests", 429, 500, false}, Failing{"no_login", 401, 500, false}),
    [](const auto& failing) { return failing.param.name; });

TEST_P(LostReferrers, StopNoReleaseWhenOnlyTheyCannotBeRead) {
  std::vector<std::string> warnings;
  shop.services.warn = [&](const Error& warning) { warnings.push_back(warning.message); };
  staging->subject_status = GetParam().subject;
  staging->referrers_status = GetParam().referrers;
  const auto released = shop.release("staging", build("one"));
  EXPECT_EQ(released.has_value(), GetParam().releases);
  EXPECT_EQ(warnings.size(), GetParam().releases ? 1u : 0u);
  EXPECT_EQ(shop.tag("staging").has_value(), GetParam().releases) << "the tag moves when the release is finished";
}

TEST_F(Apply, ARegistryThatFailsAtTheEvidenceLeavesTheReleaseToBeFinished) {
  staging->subject_status = 502;
  const auto interrupted = shop.release("staging", build("one"));
  ASSERT_FALSE(interrupted);
  EXPECT_THAT(interrupted.error().describe(), HasSubstr("finishing v1, which is committed"));
  staging->subject_status = 0;
  const auto finished = shop.release("staging", build("one"));
  ASSERT_TRUE(finished) << finished.error().describe();
  EXPECT_EQ(finished->entry.number, 1);
  EXPECT_EQ(staging->referrers(finished->entry.image.digest, std::string(kEntryType))->size(), 1u);
}

TEST_F(Apply, ADigestHasOneEvidenceHoweverOftenItIsReleased) {
  const auto one = build("one");
  const Recorded first = shop.release("staging", one).value();
  for (int i = 0; i < 5; ++i) {
    shop.write("staging.env", fmt::format("PORT={}\n", 90 + i));
    ASSERT_TRUE(shop.release("staging", one));
  }
  ASSERT_TRUE(shop.release("staging", build("two")));
  ASSERT_TRUE(shop.rollback("staging"));
  const auto evidence = staging->referrers(*one.digest(), std::string(kEntryType)).value();
  ASSERT_EQ(evidence.size(), 1u);
  EXPECT_EQ(read_evidence(*staging, evidence[0])->id, first.id);
  EXPECT_TRUE(verify_image(shop.environment("staging").repository.with_tag("staging"), shop.services));
}

/// A stored plan of which one word was changed, as its decision knows it or not.
class Edited : public Apply {
 protected:
  Result<Recorded> apply_edited(const Planned& planned, const std::string& from, const std::string& to) {
    std::string text = planned.plan.canonical().value();
    const std::size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << text;
    text.replace(at, from.size(), to);
    SLIPWAY_ASSIGN(Plan plan, Plan::parse(text));
    return shop.apply({.plan = std::move(plan), .stored = true});
  }
  /// A plan to restore the release of staging before the active one.
  Planned plan_back() {
    Ledger view = shop.services.ledger(shop.project.ledger);
    return plan_rollback({shop.project, shop.environment("staging"), {}}, {}, view, shop.services).value();
  }
  /// Edits the plan and makes its decision fit again.
  Result<Recorded> apply_forged(Plan plan, const std::function<void(Plan&)>& edit) {
    edit(plan);
    plan.entry.decision = plan.digest().value();
    return shop.apply_stored(plan);
  }
};

TEST_F(Edited, ActorAndTimeAreThoseOfWhoeverApplies) {
  const Planned planned = shop.plan_release("staging", build("one")).value();
  shop.clock.advance(std::chrono::hours(2));
  shop.services.actor = {"bob"};
  const auto released = apply_edited(planned, "\"actor\":\"ann\"", "\"actor\":\"eve\"");
  ASSERT_TRUE(released) << released.error().describe();
  EXPECT_EQ(released->entry.actor, "bob");
  EXPECT_EQ(released->entry.time, shop.clock.now());
  EXPECT_EQ(released->entry.planned_by, "eve") << "claimed, and shown as such";
}

TEST_F(Edited, WhatContradictsTheLedgerIsRefusedBeforeAnythingIsWritten) {
  const auto one = build("one");
  const Planned planned = shop.plan_release("staging", one).value();
  const std::vector<std::pair<const char*, std::function<void(Plan&)>>> edits{
      {"number", [](Plan& plan) { plan.entry.number = 7; }},
      {"kind", [](Plan& plan) { plan.entry.kind = Kind::promote; }},
      {"config_kind", [](Plan& plan) { plan.entry.kind = Kind::config; }},
      {"origin",
       [](Plan& plan) {
         plan.entry.kind = Kind::promote;
         plan.entry.from = Origin{"production", 1, io::digest_of("x")};
       }},
      {"restored", [](Plan& plan) {
         plan.entry.kind = Kind::rollback;
         plan.entry.from = Origin{"staging", 1, io::digest_of("x")};
       }}};
  for (const auto& [name, edit] : edits) {
    const auto refused = apply_forged(planned.plan, edit);
    ASSERT_FALSE(refused) << name;
    EXPECT_EQ(refused.error().code, Errc::verification_failed) << name << refused.error().describe();
    EXPECT_FALSE(staging->resolve(*one.digest())) << name;
  }
  expect_nothing_released();
}

TEST_F(Edited, PlansThatNameTheirOriginAreAppliedUnedited) {
  ASSERT_TRUE(shop.release("staging", build("one")));
  const auto promoted = shop.apply_stored(shop.plan_promote("staging", "production").value().plan);
  ASSERT_TRUE(promoted) << promoted.error().describe();
  EXPECT_EQ(promoted->entry.kind, Kind::promote);
  ASSERT_TRUE(shop.release("staging", build("two")));
  const auto back = shop.apply_stored(plan_back().plan);
  ASSERT_TRUE(back) << back.error().describe();
  EXPECT_EQ(back->entry.kind, Kind::rollback);
  EXPECT_EQ(back->entry.from->number, 1);
}

TEST_F(Edited, AnOriginThatIsNotTheLedgersIsRefused) {
  ASSERT_TRUE(shop.release("staging", build("one")));
  const Recorded second = shop.release("staging", build("two")).value();
  shop.write("staging.env", "PORT=81\n");
  const Recorded third = shop.release("staging", build("two")).value();
  const Plan promotion = shop.plan_promote("staging", "production").value().plan;
  const Plan rollback = plan_back().plan;
  struct Edit {
    const Plan& plan;
    std::function<void(Entry&)> edit;
    const char* says;
  };
  const std::vector<Edit> edits{
      {promotion, [](Entry& entry) { entry.from.reset(); }, "its kind contradicts its origin"},
      {promotion, [](Entry& entry) { entry.kind = Kind::release; }, "its kind contradicts its origin"},
      {promotion, [](Entry& entry) { entry.kind = Kind::rollback; }, "it comes from the wrong environment"},
      {promotion, [](Entry& entry) { entry.from->environment = "production"; }, "it comes from the wrong environment"},
      {promotion, [](Entry& entry) { entry.from->number = 7; }, "staging v7 is another release"},
      {promotion, [](Entry& entry) { entry.from->entry = io::digest_of("x"); }, "staging v3 is another release"},
      {rollback, [](Entry& entry) { entry.from->number = 1; }, "staging v1 is another release"},
      {rollback,
       [&](Entry& entry) {
         entry.from = Origin{"staging", 3, third.id};
       },
       "it does not restore the release"},
      {rollback, [](Entry& entry) { entry.from->environment = "away"; }, "it comes from the wrong environment"}};
  EXPECT_EQ(rollback.entry.from->entry, second.id);
  for (const auto& [plan, edit, says] : edits) {
    const auto refused = apply_forged(plan, [&edit = edit](Plan& forged) { edit(forged.entry); });
    ASSERT_FALSE(refused) << says;
    EXPECT_EQ(refused.error().code, Errc::verification_failed) << refused.error().describe();
    EXPECT_THAT(refused.error().message, HasSubstr(says));
  }
  EXPECT_EQ(shop.chain("staging").entries.size(), 3u);
  EXPECT_THAT(shop.chain("production").entries, IsEmpty());
}

TEST_F(Edited, AnApprovalDoesNotCoverAnotherDecision) {
  std::string yaml = kRegistryYaml;
  yaml.insert(yaml.find("    config: {env-file: staging.env}"), "    policy: {approvals: 1}\n");
  shop.configure(yaml);
  const Planned planned = shop.plan_release("staging", build("one")).value();
  Event approval{.app = "hello", .environment = "staging", .kind = EventKind::approve};
  approval.plan = planned.plan.digest().value();
  approval.sealed = planned.plan.seal().value();
  approval.actor = "bob";
  Ledger view = shop.ledger();
  ASSERT_TRUE(EventLog(view).append(approval));
  EXPECT_EQ(apply_edited(planned, "\"tags\":[]", "\"tags\":[\"evil\"]").error().code, Errc::verification_failed);
  EXPECT_EQ(apply_forged(planned.plan, [](Plan& plan) { plan.fixed_tags = {"evil"}; }).error().code,
            Errc::policy_denied);
  EXPECT_EQ(apply_edited(planned, "\"tool\":", "\"reason\":\"as if\",\"tool\":").error().code, Errc::policy_denied)
      << "the seal covers every byte";
  EXPECT_FALSE(staging->resolve("evil"));
  expect_nothing_released();
  EXPECT_TRUE(shop.apply_stored(planned.plan));
}

TEST_F(Edited, APlanExpires) {
  const Planned planned = shop.plan_release("staging", build("one")).value();
  shop.clock.advance(std::chrono::hours(24));
  shop.clock.advance(std::chrono::seconds(1));
  const auto stale = shop.apply_stored(planned.plan);
  ASSERT_FALSE(stale);
  EXPECT_EQ(stale.error().code, Errc::conflict);
  EXPECT_THAT(stale.error().message, HasSubstr("it expired at"));
}

/// Writers that meet in one repository, each with a view and a clock of its own.
class Contest : public Apply {
 protected:
  void SetUp() override { shop.services.settle = std::chrono::seconds(2); }
};

TEST_F(Contest, ALoneWriterWinsAfterTwiceTheBound) {
  const auto slept = shop.clock.slept();
  const auto released = shop.release("staging", build("one"));
  ASSERT_TRUE(released) << released.error().describe();
  EXPECT_EQ(shop.clock.slept() - slept, 4000);
  EXPECT_EQ(shop.release("staging", build("two"))->entry.number, 2);
}

TEST_F(Contest, OfTwoIntentsTheSmallestIdWins) {
  for (const bool theirs_is_smaller : {true, false}) {
    const Planned planned = shop.plan_release("staging", build(theirs_is_smaller ? "one" : "two")).value();
    const std::string tag = fmt::format("hello.staging.i{}.{}", planned.plan.entry.number,
                                        theirs_is_smaller ? "000000000000" : "ffffffffffff");
    const std::function<void(const std::string&)> rival = [&](const std::string& written) {
      if (written.find(".i") == std::string::npos) {
        ledger->after_tag = rival;
        return;
      }
      ASSERT_TRUE(ledger->tag(ledger->resolve(written).value(), tag));
    };
    ledger->after_tag = rival;
    const auto outcome = shop.apply(planned);
    EXPECT_EQ(outcome.has_value(), !theirs_is_smaller);
    if (!outcome) {
      EXPECT_EQ(outcome.error().code, Errc::conflict);
      EXPECT_THAT(outcome.error().message, HasSubstr("somebody else is releasing v1"));
      EXPECT_THAT(shop.chain("staging").entries, IsEmpty());
      ledger->after_tag = nullptr;
      ASSERT_TRUE(ledger->delete_tag(tag));
    }
  }
}

TEST_F(Contest, AWriterThatWasStoppedForLongerGivesUp) {
  const std::function<void(const std::string&)> stop = [&](const std::string& written) {
    if (written.find(".i") == std::string::npos) {
      ledger->before_tag = stop;
    } else {
      ASSERT_TRUE(shop.clock.sleep(std::chrono::milliseconds(2001), {}));
    }
  };
  ledger->before_tag = stop;
  const auto late = shop.release("staging", build("one"));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, Errc::conflict);
  EXPECT_THAT(late.error().hint, HasSubstr("settle: 10s"));
  EXPECT_THAT(shop.chain("staging").entries, IsEmpty());
}

TEST_F(Contest, AnIntentOfADeadWriterIsWaitedForAndThenAbandoned) {
  const oci::Descriptor left = put_image(*ledger, "whatever");
  ASSERT_TRUE(ledger->tag(left, "hello.staging.i1.000000000000"));
  const auto slept = shop.clock.slept();
  const auto released = shop.release("staging", build("one"));
  ASSERT_TRUE(released) << released.error().describe();
  EXPECT_EQ(shop.clock.slept() - slept, 8000 + 4000);
  EXPECT_THAT(released->entry.abandoned, ElementsAre("hello.staging.v1.000000000000"));
}

}  // namespace
}  // namespace slipway::release
