// Entries that this machine saw and that the ledger does not have any more.
#include "release/world.h"
#include "slipway/release/builds.h"
#include "slipway/release/checks.h"
#include "slipway/release/live.h"
#include "slipway/release/verify.h"
#include "slipway/release/views.h"

namespace slipway::release {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

constexpr const char* kMissing = "does not have v3 of staging, which this machine saw";

/// Three releases of staging, seen by this machine.
class RemovedEntry : public ::testing::Test {
 protected:
  void SetUp() override {
    shop.services.seen_folder = state();
    shop.services.warn = [&](const Error& error) { warnings.push_back(error.message); };
    for (const char* content : {"one", "two", "three"}) {
      const auto released = shop.release("staging", build(content));
      ASSERT_TRUE(released) << released.error().describe();
      entries.push_back(*released);
    }
    ASSERT_TRUE(read_status(shop.project, shop.services));
    ASSERT_TRUE(shop.services.ledger(shop.project.ledger).read("hello", "staging"));
    ASSERT_THAT(warnings, IsEmpty());
  }
  std::filesystem::path state() const { return shop.folder.path() / "state"; }
  oci::Location build(const std::string& content) {
    const oci::Descriptor image = put_image(*shop.open(*shop.project.image_repository), content);
    return shop.project.image_repository->with_digest(image.digest);
  }
  std::string tag_of(std::int64_t number) const {
    const Recorded& recorded = entries.at(static_cast<std::size_t>(number - 1));
    return fmt::format("hello.staging.v{}.{}", number, recorded.id.short_hex());
  }
  void remove(std::initializer_list<std::int64_t> numbers) {
    for (const std::int64_t number : numbers)
      ASSERT_TRUE(ledger->delete_tag(tag_of(number)));
  }
  static void empty(FakeRepository& place) {
    const auto tags = place.list_tags().value();
    for (const std::string& tag : tags)
      ASSERT_TRUE(place.delete_tag(tag));
  }
  /// Returns what a release of another build answers.
  Result<Recorded> release_next(const std::string& environment = "staging") {
    return shop.release(environment, build("four"));
  }
  void expect_refused(const Result<Recorded>& refused) {
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::verification_failed);
    EXPECT_THAT(refused.error().message, HasSubstr("which this machine saw: its entry was removed"));
  }
  std::vector<Finding> repair() {
    auto found = repair_environment(shop.project, shop.environment("staging"), shop.services);
    EXPECT_TRUE(found) << found.error().describe();
    return found.value_or(std::vector<Finding>());
  }
  /// Every finding is repaired, and all three entries are there.
  void expect_restored(const std::vector<Finding>& findings) {
    EXPECT_THAT(findings, Not(IsEmpty()));
    for (const Finding& finding : findings)
      EXPECT_TRUE(finding.repaired) << finding.what << ": " << finding.action;
    const Chain chain = shop.chain("staging");
    ASSERT_THAT(chain.entries, SizeIs(3));
    for (std::size_t i = 0; i < 3; ++i)
      EXPECT_EQ(chain.entries[i].bytes, entries[i].bytes);
    EXPECT_THAT(chain.forks, IsEmpty());
    EXPECT_TRUE(verify()) << verify().error().describe();
    EXPECT_EQ(release_next()->entry.number, 4);
  }
  Status verify() {
    auto proof = verify_environment(shop.project, shop.environment("staging"), std::nullopt, shop.services);
    return proof ? proof->status() : Status(fail(proof.error()));
  }
  std::vector<std::string> entries_of(std::int64_t number) {
    std::vector<std::string> found;
    const auto tags = ledger->list_tags().value();
    for (const std::string& tag : tags) {
      if (tag.starts_with(fmt::format("hello.staging.v{}.", number))) found.push_back(tag);
    }
    return found;
  }

  Shop shop{kRegistryYaml};
  std::vector<std::string> warnings;
  std::vector<Recorded> entries;
  std::shared_ptr<FakeRepository> staging = shop.world.repository("reg.example/staging/hello");
  std::shared_ptr<FakeRepository> ledger = shop.world.repository("reg.example/team/hello-releases");
};

TEST_F(RemovedEntry, ReadersWarnOnceAndWritersRefuse) {
  remove({3});
  ASSERT_TRUE(read_status(shop.project, shop.services));
  EXPECT_THAT(warnings, ElementsAre(HasSubstr(kMissing)));
  expect_refused(release_next());
  expect_refused(shop.promote("staging", "production"));
  expect_refused(shop.rollback("staging"));
  expect_refused(shop.release("staging", std::nullopt, {.adopt = true}));
  EXPECT_THAT(release_next().error().hint, HasSubstr("slipway doctor staging --repair"));
  EXPECT_FALSE(verify());
}

// Nothing is freed or deleted while the ledger says less than was seen.
TEST_F(RemovedEntry, NothingIsGivenUp) {
  remove({3});
  const auto retired = plan_builds({&shop.project}, *shop.project.image_repository, {}, shop.services);
  ASSERT_FALSE(retired);
  EXPECT_EQ(retired.error().code, Errc::verification_failed);
  const auto place = shop.environment("staging").repository.with_digest(entries[2].entry.image.digest);
  const auto image = staging->resolve(entries[2].entry.image.digest).value();
  const auto uses = uses_of(place, image, &shop.project, shop.services);
  ASSERT_FALSE(uses);
  EXPECT_THAT(uses.error().message, HasSubstr("cannot be asked whether staging of hello runs it"));
}

TEST_F(RemovedEntry, OtherEnvironmentsGoOn) {
  ASSERT_TRUE(shop.promote("staging", "production"));
  remove({3});
  EXPECT_EQ(shop.rollback("production").error().code, Errc::not_found) << "there is nothing to go back to";
  EXPECT_TRUE(shop.release("away", build("four")));
}

TEST_F(RemovedEntry, AnotherAppInTheSameLedgerGoesOn) {
  std::string yaml = kRegistryYaml;
  yaml.replace(yaml.find("app: hello"), 10, "app: world");
  const Project hello = shop.project;
  shop.configure(yaml);
  ASSERT_EQ(shop.project.ledger.str(), hello.ledger.str());
  ASSERT_TRUE(shop.release("away", build("one")));
  remove({3});
  EXPECT_EQ(shop.release("away", build("two"))->entry.number, 2);
  EXPECT_THAT(warnings, IsEmpty());
  shop.project = hello;
  expect_refused(release_next());
}

TEST_F(RemovedEntry, DoctorStoresTheVeryBytesAgain) {
  for (const auto& numbers : {std::initializer_list<std::int64_t>{3}, {2, 3}, {2}, {1}, {1, 2}}) {
    SCOPED_TRACE(fmt::format("{} entries from v{}", numbers.size(), *numbers.begin()));
    remove(numbers);
    EXPECT_FALSE(verify());
    for (const Finding& finding : repair())
      EXPECT_TRUE(finding.repaired) << finding.what << ": " << finding.action;
    EXPECT_TRUE(verify()) << verify().error().describe();
  }
  remove({3});
  expect_restored(repair());
}

TEST_F(RemovedEntry, AnotherDocumentInItsPlaceIsReplaced) {
  for (const std::int64_t number : {2, 3}) {
    ASSERT_TRUE(ledger->tag(put_image(*ledger, "foreign"), tag_of(number)));
    EXPECT_FALSE(verify());
    for (const Finding& finding : repair())
      EXPECT_TRUE(finding.repaired) << finding.what << ": " << finding.action;
    EXPECT_TRUE(verify()) << verify().error().describe();
  }
}

TEST_F(RemovedEntry, ListedAndNotThereIsRestoredToo) {
  remove({2});
  ledger->faults[tag_of(2)] = {Errc::not_found, 12};  // until it is put again
  const auto findings = repair();
  ledger->faults.clear();
  expect_restored(findings);
}

// An entry that this machine did not see is nothing that it can restore.
TEST_F(RemovedEntry, WhatWasNeverSeenIsForAPerson) {
  remove({1, 2});
  shop.services.seen_folder = shop.folder.path() / "another";
  const auto findings = repair();
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_EQ(findings[0].check, "broken-chain");
  EXPECT_EQ(findings[0].remedy, Finding::Remedy::person);
}

class Contested : public RemovedEntry {
 protected:
  void SetUp() override {
    shop.services.settle = std::chrono::seconds(2);
    RemovedEntry::SetUp();
  }
};

TEST_F(Contested, DoctorAnnouncesItselfAndWaits) {
  remove({2, 3});
  const auto before = shop.clock.slept();
  expect_restored(repair());
  EXPECT_GE(shop.clock.slept() - before, 2 * 4000);
}

// A machine that never saw v3 takes its number while doctor waits: one v3 remains, that of the other.
TEST_F(Contested, DoctorGivesUpAgainstAnEntry) {
  remove({3});
  Entry rival = entries[2].entry;
  rival.actor = "bob";
  ledger->after_tag = [&](const std::string& tag) {
    EXPECT_TRUE(tag.starts_with("hello.staging.i3.")) << tag;
    EXPECT_TRUE(shop.ledger().append(rival));
  };
  const auto findings = repair();
  ASSERT_THAT(findings, Contains(testing::Field(&Finding::check, "removed-entry")));
  EXPECT_FALSE(findings[0].repaired);
  EXPECT_THAT(findings[0].action, HasSubstr("bob released v3 of staging at the same time"));
  EXPECT_THAT(entries_of(3), SizeIs(1));
  EXPECT_EQ(shop.chain("staging").head()->entry.actor, "bob");
}

TEST_F(Contested, DoctorGivesUpAgainstASmallerIntent) {
  remove({3});
  ledger->after_tag = [&](const std::string&) {
    ASSERT_TRUE(ledger->tag(put_image(*ledger, "intent"), "hello.staging.i3.000000000000"));
  };
  const auto findings = repair();
  ASSERT_THAT(findings, Not(IsEmpty()));
  EXPECT_FALSE(findings[0].repaired);
  EXPECT_THAT(findings[0].action, HasSubstr("somebody else is releasing v3 of staging"));
  EXPECT_THAT(entries_of(3), IsEmpty());
  // That writer died: the next attempt waits for it, and passes it over.
  ASSERT_TRUE(repair()[0].repaired);
  EXPECT_THAT(entries_of(3), SizeIs(1));
}

// The intent of the release itself is still there, and is not taken for a rival.
TEST_F(Contested, AWriterThatNeverSawItLosesAgainstDoctor) {
  remove({3});
  ASSERT_TRUE(staging->tag(staging->resolve(entries[1].entry.image.digest).value(), "staging"));
  shop.services.seen_folder = shop.folder.path() / "another";
  const auto rival = shop.plan_release("staging", build("four")).value();
  shop.services.seen_folder = state();
  expect_restored(repair());
  shop.services.seen_folder = shop.folder.path() / "another";
  EXPECT_EQ(shop.apply(rival).error().code, Errc::conflict);
}

TEST_F(RemovedEntry, WithImmutableTagsDoctorClaimsTheNumber) {
  shop.configure(std::string(kRegistryYaml) + "ledger: {repository: reg.example/claims, immutable-tags: true}\n");
  const auto first = shop.release("away", build("one")).value();
  const auto second = shop.release("away", build("two")).value();
  ASSERT_TRUE(shop.services.ledger(shop.project.ledger).read("hello", "away"));
  const auto claims = shop.world.repository("reg.example/claims");
  for (const std::string& tag : {std::string("hello.away.v2"), "hello.away.v2." + second.id.short_hex()})
    ASSERT_TRUE(claims->delete_tag(tag));
  const auto findings = repair_environment(shop.project, shop.environment("away"), shop.services).value();
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_TRUE(findings[0].repaired) << findings[0].action;
  EXPECT_EQ(claims->resolve("hello.away.v2")->digest,
            claims->resolve("hello.away.v2." + second.id.short_hex())->digest);
  EXPECT_EQ(shop.release("away", build("three"))->entry.number, 3);
}

// The memory is proof only while the file is as it was written.
TEST_F(RemovedEntry, ADamagedMemoryCountsAsNone) {
  remove({3});
  const auto folder = state() / "entries" / io::digest_of(shop.project.ledger.str()).short_hex();
  const std::string text = read_file(real_fs(), folder / "hello.staging").value();
  const std::size_t third = text.find("\"number\":3");
  ASSERT_NE(third, std::string::npos);
  std::string changed = text;
  changed[third + 9] = '7';
  const std::string half = text.substr(0, text.size() / 2);
  for (const std::string& damaged : {changed, std::string("\n"), std::string(), text.substr(text.find('\n') + 1)}) {
    ASSERT_TRUE(write_file_atomically(real_fs(), folder / "hello.staging", damaged));
    ASSERT_TRUE(read_status(shop.project, shop.services));
    EXPECT_THAT(warnings, IsEmpty()) << damaged;
  }
  EXPECT_EQ(release_next().error().code, Errc::conflict) << "the moving tag still tells";
}

// Edition 1 wrote no digest line.
TEST_F(RemovedEntry, AMemoryOfAnEarlierVersionCounts) {
  remove({3});
  const auto file = state() / "entries" / io::digest_of(shop.project.ledger.str()).short_hex() / "hello.staging";
  const std::string text = read_file(real_fs(), file).value();
  ASSERT_TRUE(write_file_atomically(real_fs(), file, text.substr(0, text.find("sha256:", text.rfind("}")))));
  expect_refused(release_next());
}

// An eventually consistent list: the entry is asked for by its tag before anybody says that it was removed.
TEST_F(RemovedEntry, AListThatLagsIsNoRemoval) {
  ledger->unlisted = {tag_of(3), tag_of(2)};
  ASSERT_EQ(shop.services.ledger(shop.project.ledger).head("hello", "staging").value()->id, entries[2].id);
  EXPECT_EQ(read_status(shop.project, shop.services)->front().active->id, entries[2].id);
  EXPECT_EQ(release_next()->entry.number, 4);
  EXPECT_EQ(shop.services.ledger(shop.project.ledger).read("hello", "staging")->entries.size(), 4u);
  EXPECT_THAT(check_environment(shop.project, shop.environment("staging"), shop.services).value(), IsEmpty());
  EXPECT_TRUE(verify()) << verify().error().describe();
  EXPECT_THAT(warnings, IsEmpty());
}

// So it is for what people said: a hold counts before the list shows it, and not any more when its tag is gone.
TEST_F(RemovedEntry, AHoldThatIsNotListedYetCounts) {
  Ledger view = shop.services.ledger(shop.project.ledger);
  Event hold{.app = "hello", .environment = "staging", .kind = EventKind::hold};
  hold.actor = "ann";
  hold.tool = "test";
  const auto put = EventLog(view).append(std::move(hold)).value();
  const std::string tag = event_tag(put, io::digest_of(put.canonical().value()));
  ledger->unlisted = {tag};
  EXPECT_EQ(release_next().error().code, Errc::policy_denied);
  EXPECT_TRUE(read_status(shop.project, shop.services)->front().hold.has_value());
  ASSERT_TRUE(ledger->delete_tag(tag));
  EXPECT_FALSE(read_status(shop.project, shop.services)->front().hold.has_value());
  shop.world.requests();
  ASSERT_TRUE(read_status(shop.project, shop.services));
  const int forgotten = shop.world.requests();
  shop.services.seen_folder = shop.folder.path() / "another";
  ASSERT_TRUE(read_status(shop.project, shop.services));
  shop.world.requests();
  ASSERT_TRUE(read_status(shop.project, shop.services));
  EXPECT_EQ(shop.world.requests(), forgotten) << "what is gone is asked for once";
  EXPECT_EQ(release_next()->entry.number, 4);
}

// An entry that may not be read is not an entry that is gone.
TEST_F(RemovedEntry, ARegistryThatRefusesAbsentTagsIsNotBelieved) {
  remove({3});
  ledger->faults[tag_of(3)] = {Errc::unauthorized, -1, false};
  EXPECT_EQ(release_next().error().code, Errc::unauthorized);
  EXPECT_EQ(read_status(shop.project, shop.services).error().code, Errc::unauthorized);
  EXPECT_EQ(check_environment(shop.project, shop.environment("staging"), shop.services).error().code,
            Errc::unauthorized);
  // A machine that never saw it asks for nothing that the list does not have.
  shop.services.seen_folder = shop.folder.path() / "another";
  EXPECT_TRUE(read_status(shop.project, shop.services));
}

TEST_F(RemovedEntry, ARelocatedEnvironmentKeepsItsMemory) {
  std::string yaml = kRegistryYaml;
  yaml.replace(yaml.find("reg.example/staging/hello"), 25, "other.example/staging/hi");
  shop.configure(yaml);
  ASSERT_TRUE(shop.release("staging", std::nullopt, {.relocate = true}));
  const auto moved = *shop.chain("staging").head();
  ASSERT_TRUE(ledger->delete_tag(fmt::format("hello.staging.v4.{}", moved.id.short_hex())));
  expect_refused(release_next());
  const auto findings = repair();
  ASSERT_THAT(findings, Not(IsEmpty()));
  EXPECT_TRUE(findings[0].repaired) << findings[0].action;
  EXPECT_EQ(shop.chain("staging").head()->id, moved.id);
}

/// A registry that was emptied: nothing of images and ledgers is left.
class Emptied : public RemovedEntry {
 protected:
  void SetUp() override {
    RemovedEntry::SetUp();
    empty(*staging);
    empty(*ledger);
  }
};

TEST_F(Emptied, OneCommandMakesThisMachineForget) {
  expect_refused(release_next());
  EXPECT_THAT(release_next().error().hint, HasSubstr("slipway doctor staging --forget"));
  for (const Finding& finding : repair()) {
    EXPECT_EQ(finding.check, "removed-entry");
    EXPECT_FALSE(finding.repaired) << "its images may be gone as well";
    EXPECT_THAT(finding.action, HasSubstr("slipway doctor staging --forget"));
  }
  const auto shown = forget_removed(shop.project, shop.environment("staging"), true, shop.services).value();
  ASSERT_THAT(shown, SizeIs(3));
  EXPECT_FALSE(shown[0].repaired);
  expect_refused(release_next());
  const auto forgotten = forget_removed(shop.project, shop.environment("staging"), false, shop.services).value();
  ASSERT_THAT(forgotten, SizeIs(3));
  EXPECT_TRUE(forgotten[0].repaired);
  EXPECT_THAT(forget_removed(shop.project, shop.environment("staging"), false, shop.services).value(), IsEmpty());
  EXPECT_EQ(release_next()->entry.number, 1);
  EXPECT_TRUE(verify()) << verify().error().describe();
}

TEST_F(Emptied, AnotherMachineBeganAgain) {
  shop.services.seen_folder = shop.folder.path() / "another";
  ASSERT_EQ(release_next()->entry.number, 1);
  shop.services.seen_folder = state();
  expect_refused(shop.release("staging", build("five")));
  EXPECT_FALSE(verify());
  EXPECT_THAT(forget_removed(shop.project, shop.environment("staging"), false, shop.services).value(), SizeIs(3));
  EXPECT_EQ(shop.release("staging", build("five"))->entry.number, 2);
  EXPECT_TRUE(verify()) << verify().error().describe();
}

// The images are there, the ledger is not: --adopt begins behind every number that was seen.
TEST_F(RemovedEntry, AdoptingBeginsBehindTheNumbersThatWereSeen) {
  empty(*ledger);
  expect_refused(release_next());
  const auto adopted = shop.release("staging", std::nullopt, {.adopt = true});
  ASSERT_TRUE(adopted) << adopted.error().describe();
  EXPECT_EQ(adopted->entry.number, 4);
  EXPECT_TRUE(verify()) << verify().error().describe();
  EXPECT_EQ(release_next()->entry.number, 5);
  // So it is for a machine that saw the old entries and not the new ones.
  shop.services.seen_folder = shop.folder.path() / "another";
  ASSERT_TRUE(shop.release("staging", build("six")));
  shop.services.seen_folder = state();
  EXPECT_TRUE(verify()) << verify().error().describe();
  EXPECT_EQ(shop.release("staging", build("seven"))->entry.number, 7);
}

}  // namespace
}  // namespace slipway::release
