#include "slipway/release/verify.h"

#include "release/world.h"
#include "slipway/release/checks.h"
#include "slipway/release/views.h"

namespace slipway::release {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr const char* kLedger = "reg.example/team/hello-releases";

/// Three releases of staging, the last one promoted to production.
class Verify : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const char* content : {"one", "two", "three"}) {
      const auto released = shop.release("staging", build(content));
      ASSERT_TRUE(released) << released.error().describe();
      entries.push_back(*released);
    }
    ASSERT_TRUE(shop.promote("staging", "production"));
  }
  oci::Location build(const std::string& content) {
    const auto target = shop.open(*shop.project.image_repository);
    return shop.project.image_repository->with_digest(put_image(*target, content).digest);
  }
  Proof verify(const std::string& name, std::optional<Digest> head = std::nullopt) {
    auto proof = verify_environment(shop.project, shop.environment(name), head, shop.services);
    EXPECT_TRUE(proof) << proof.error().describe();
    return *std::move(proof);
  }
  std::vector<std::string> problems(const std::string& name, std::optional<Digest> head = std::nullopt) {
    std::vector<std::string> out;
    for (const Error& error : verify(name, std::move(head)).problems) {
      EXPECT_EQ(error.code, Errc::verification_failed);
      out.push_back(error.message);
    }
    return out;
  }
  std::string tag_of(std::size_t i) const {
    return fmt::format("hello.staging.v{}.{}", entries[i].entry.number, entries[i].id.short_hex());
  }
  void remove_entry(std::size_t i) { ASSERT_TRUE(ledger->delete_tag(tag_of(i))); }

  Shop shop{kRegistryYaml};
  std::vector<Recorded> entries;
  std::shared_ptr<FakeRepository> ledger = shop.world.repository(kLedger);
  std::shared_ptr<FakeRepository> staging = shop.world.repository("reg.example/staging/hello");
};

TEST_F(Verify, WhatWasReleasedHolds) {
  const Proof proof = verify("staging");
  EXPECT_THAT(proof.problems, IsEmpty());
  EXPECT_THAT(proof.notes, IsEmpty());
  EXPECT_EQ(proof.entries, 3);
  EXPECT_EQ(proof.active->id, entries[2].id);
  EXPECT_EQ(proof.location.str(), "reg.example/staging/hello:staging");
  EXPECT_TRUE(proof.status());
  EXPECT_THAT(problems("production"), IsEmpty());
  EXPECT_THAT(problems("away"), IsEmpty()) << "nothing was released there, and nothing is there";
  EXPECT_THAT(problems("staging", entries[1].id), IsEmpty());
}

TEST_F(Verify, WritesNothing) {
  staging->tagged.clear();
  ledger->tagged.clear();
  verify("staging");
  EXPECT_THAT(staging->tagged, IsEmpty());
  EXPECT_THAT(ledger->tagged, IsEmpty());
}

TEST_F(Verify, AnInnerEntryThatIsGoneIsNamed) {
  remove_entry(1);
  EXPECT_THAT(problems("staging"), ElementsAre(HasSubstr("no release v2 of staging")));
  EXPECT_EQ(verify("staging").status().error().code, Errc::verification_failed);
}

TEST_F(Verify, AnEditedEntryIsNamed) {
  remove_entry(1);
  Entry forged = entries[1].entry;
  forged.reason = "as if";
  ASSERT_TRUE(shop.ledger().append(forged));
  EXPECT_THAT(problems("staging"), ElementsAre(HasSubstr("v3 of staging does not follow from v2")));
}

TEST_F(Verify, AForkIsNamed) {
  Entry rival = entries[2].entry;
  rival.actor = "bob";
  ASSERT_TRUE(shop.ledger().append(rival));
  EXPECT_THAT(problems("staging"), Contains(HasSubstr("two writers at once")));
}

// The newest entry leaves no gap: the evidence beside its image gives it away.
TEST_F(Verify, ARemovedNewestEntryIsFoundThroughItsEvidence) {
  remove_entry(2);
  const auto found = problems("staging");
  ASSERT_FALSE(found.empty());
  EXPECT_THAT(found[0], HasSubstr("evidence of release v3"));
  EXPECT_THAT(found[0], HasSubstr("entry was removed"));
}

TEST_F(Verify, ManyRemovedEntriesAreFoundThroughKeepTags) {
  for (std::size_t i : {2u, 1u})
    remove_entry(i);
  EXPECT_THAT(problems("staging"), testing::Contains(HasSubstr("hello.staging-v3")));
}

TEST_F(Verify, ARemovedNewestEntryIsFoundThroughWhatThisMachineSaw) {
  shop.services.seen_folder = shop.folder.path() / "state";
  ASSERT_TRUE(read_status(shop.project, shop.services));
  remove_entry(2);
  for (const char* tag : {"hello.staging-v3", "staging"})
    ASSERT_TRUE(staging->delete_tag(tag));
  ASSERT_TRUE(staging->tag(staging->resolve("hello.staging-v2").value(), "staging"));
  EXPECT_THAT(problems("staging"), ElementsAre(HasSubstr("v3 of staging, which this machine saw, was removed")));
}

TEST_F(Verify, ARemovedNewestEntryIsFoundThroughAHeadKeptElsewhere) {
  remove_entry(2);
  for (const char* tag : {"hello.staging-v3", "staging"})
    ASSERT_TRUE(staging->delete_tag(tag));
  ASSERT_TRUE(staging->tag(staging->resolve("hello.staging-v2").value(), "staging"));
  EXPECT_THAT(problems("staging"), IsEmpty()) << "consistently removed everywhere";
  EXPECT_THAT(problems("staging", entries[2].id), ElementsAre(HasSubstr(entries[2].id.str())));
}

TEST_F(Verify, AKeepTagOfAReleaseThatNeverWasCommittedIsNoProblem) {
  ASSERT_TRUE(staging->tag(put_image(*staging, "interrupted"), "hello.staging-v4"));
  const Proof proof = verify("staging");
  EXPECT_THAT(proof.problems, IsEmpty());
  EXPECT_THAT(proof.notes, ElementsAre(HasSubstr("hello.staging-v4")));
}

TEST_F(Verify, ATagThatSomebodyMovedIsAProblem) {
  ASSERT_TRUE(staging->tag(put_image(*staging, "foreign"), "staging"));
  EXPECT_THAT(problems("staging"), ElementsAre(HasSubstr("v3 is active")));
}

TEST_F(Verify, ALaggingTagIsANote) {
  ASSERT_TRUE(staging->tag(staging->resolve("hello.staging-v2").value(), "staging"));
  const Proof proof = verify("staging");
  EXPECT_THAT(proof.problems, IsEmpty());
  EXPECT_THAT(proof.notes, ElementsAre(HasSubstr("points to v2, though v3 is active")));
}

// Released with another slipway.yaml, without `after`: nothing failed then, and nothing fails now.
TEST_F(Verify, ARuleThatWasLeftOutIsANote) {
  std::string yaml = kRegistryYaml;
  yaml.replace(yaml.find("    after: [staging]\n"), 21, "");
  shop.configure(yaml);
  ASSERT_TRUE(shop.release("production", build("four")));
  EXPECT_THAT(verify("production").notes, IsEmpty());
  shop.configure(kRegistryYaml);
  const Proof proof = verify("production");
  EXPECT_TRUE(proof.status());
  EXPECT_THAT(proof.notes, ElementsAre("v2 was released under other rules than slipway.yaml has now: its build was "
                                       "never released to staging"));
  const auto rows = read_status(shop.project, shop.services).value();
  EXPECT_EQ(rows[1].other_rules, proof.notes[0]);
  EXPECT_EQ(*status_row(rows[1]).find("rulesChanged")->boolean(), true);
  EXPECT_EQ(rows[0].other_rules, "");
  EXPECT_EQ(*status_row(rows[0]).find("rulesChanged")->boolean(), false);
  // A build that went its way, and rules that changed since.
  ASSERT_TRUE(shop.promote("staging", "production"));
  EXPECT_THAT(verify("production").notes, IsEmpty());
  yaml = kRegistryYaml;
  yaml.replace(yaml.find("after: [staging]"), 16, "after: [staging, away]");
  shop.configure(yaml);
  EXPECT_THAT(verify("production").notes, ElementsAre(HasSubstr("its build was never released to away")));
  yaml.replace(yaml.find("after: [staging, away]"), 22, "after: {any: [staging, away]}");
  shop.configure(yaml);
  EXPECT_THAT(verify("production").notes, ElementsAre("v3 was released under other rules than slipway.yaml has now"));
}

// Entries of edition 1 may record no rules: nothing can be said of them.
TEST_F(Verify, AnEntryWithoutRulesIsNotCompared) {
  Entry entry = entries[2].entry;
  entry.prev = entries[2].id;
  entry.number = 4;
  entry.policy.reset();
  ASSERT_TRUE(shop.ledger().append(entry));
  EXPECT_THAT(verify("staging").notes, IsEmpty());
}

TEST_F(Verify, AnImageThatIsNotItsBuildIsAProblem) {
  Entry forged = entries[2].entry;
  forged.number = 4;
  forged.prev = entries[2].id;
  forged.image.digest = put_image(*staging, "swapped").digest;
  ASSERT_TRUE(shop.ledger().append(forged));
  ASSERT_TRUE(staging->tag(staging->resolve(forged.image.digest).value(), "staging"));
  EXPECT_THAT(problems("staging"), ElementsAre(HasSubstr("which is not its build")));
}

TEST_F(Verify, AConfigThatIsGoneIsNamed) {
  const auto tags = ledger->list_tags().value();
  for (const std::string& tag : tags) {
    if (tag.rfind("hello.staging.c.", 0) != 0) continue;
    ASSERT_TRUE(ledger->delete_tag(tag));
  }
  Entry next = entries[2].entry;
  next.number = 4;
  next.prev = entries[2].id;
  next.config = io::digest_of("nowhere");
  ASSERT_TRUE(shop.ledger().append(next));
  EXPECT_THAT(problems("staging"), testing::Contains(HasSubstr("the config of v4 of staging")));
}

/// On a layout, whose files can be changed.
TEST(VerifyLayout, ALayerThatDiffersByOneByteIsNamed) {
  Shop shop(kLayoutYaml);
  const auto images = shop.open(*shop.project.image_repository);
  const auto image = put_image(*images, "one");
  ASSERT_TRUE(images->keep_untagged(image));
  ASSERT_TRUE(shop.release("staging", shop.project.image_repository->with_digest(image.digest)));
  const std::string layer(io::digest_of("layer of one").hex());
  const auto file = shop.folder.path() / "staging" / "blobs" / "sha256" / layer;
  ASSERT_EQ(read_file(real_fs(), file).value(), "layer of one");
  ASSERT_TRUE(write_file_atomically(real_fs(), file, "layer of onf"));
  const auto proof = verify_environment(shop.project, shop.environment("staging"), std::nullopt, shop.services);
  ASSERT_TRUE(proof) << proof.error().describe();
  ASSERT_EQ(proof->problems.size(), 1u);
  EXPECT_THAT(proof->problems[0].message, HasSubstr("layer 1 of v1 of staging, sha256:" + layer));
  std::filesystem::remove(file);
  const auto gone = verify_environment(shop.project, shop.environment("staging"), std::nullopt, shop.services);
  ASSERT_TRUE(gone) << gone.error().describe();
  EXPECT_FALSE(gone->status());
}

TEST_F(Verify, AnImageIsVerifiedByItsEvidence) {
  const auto place = shop.environment("production").repository.with_tag("production");
  const auto proof = verify_image(place, shop.services);
  ASSERT_TRUE(proof) << proof.error().describe();
  ASSERT_EQ(proof->entries.size(), 1u);
  EXPECT_EQ(proof->entries[0].entry.environment, "production");
  EXPECT_THAT(proof->notes, IsEmpty());
}

TEST_F(Verify, EvidenceAgainstItsLedgerIsRefused) {
  remove_entry(2);
  const auto refused = verify_image(shop.environment("staging").repository.with_tag("staging"), shop.services);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::verification_failed);
  EXPECT_THAT(refused.error().message, HasSubstr("does not have staging v3"));
}

TEST_F(Verify, ALedgerOnAHostThatNobodyNamedIsNotAsked) {
  ASSERT_TRUE(shop.promote("staging", "away"));
  const auto place = shop.environment("away").repository.with_tag("away");
  ASSERT_NE(place.host(), "reg.example");
  shop.world.requests();
  const int before = ledger->requests;
  const auto proof = verify_image(place, shop.services);
  ASSERT_TRUE(proof) << proof.error().describe();
  EXPECT_EQ(ledger->requests, before);
  EXPECT_THAT(proof->notes, ElementsAre(HasSubstr("is on a host that was not named")));
  const auto trusted = verify_image(place, shop.services, {"reg.example"});
  ASSERT_TRUE(trusted) << trusted.error().describe();
  EXPECT_GT(ledger->requests, before) << "slipway.yaml names this host";
  EXPECT_TRUE(trusted->notes.empty());
}

TEST_F(Verify, AnImageWithoutEvidenceIsNotFound) {
  const auto none = verify_image(build("never released"), shop.services);
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, Errc::not_found);
}

TEST(VerifyLayout, ALedgerThatCannotBeAskedMakesItEvidenceOnly) {
  Shop shop(kLayoutYaml);
  const auto images = shop.open(*shop.project.image_repository);
  const auto image = put_image(*images, "one");
  ASSERT_TRUE(images->keep_untagged(image));
  ASSERT_TRUE(shop.release("staging", shop.project.image_repository->with_digest(image.digest)));
  const auto proof = verify_image(shop.environment("staging").repository.with_tag("staging"), shop.services);
  ASSERT_TRUE(proof) << proof.error().describe();
  EXPECT_THAT(proof->notes, ElementsAre(HasSubstr("evidence only")));
}

// Every link fits again: only the memory of this machine knows the old ids.
TEST_F(Verify, ARewrittenChainIsFoundThroughWhatThisMachineSaw) {
  shop.services.seen_folder = shop.folder.path() / "state";
  ASSERT_TRUE(read_status(shop.project, shop.services));
  for (std::size_t i : {0u, 1u, 2u})
    remove_entry(i);
  std::optional<Digest> prev;
  for (Recorded& recorded : entries) {
    recorded.entry.actor = "mallory";
    recorded.entry.prev = prev;
    prev = shop.ledger().append(recorded.entry)->id;
  }
  EXPECT_THAT(problems("staging"), Contains(HasSubstr("v3 of staging is another than this machine saw")));
}

// Deleted by hand, with its tag: the machine that saw it neither overlooks it nor gives its number again.
TEST_F(Verify, ARemovedNewestEntryIsRefusedByWritersAndRestoredByDoctor) {
  shop.services.seen_folder = shop.folder.path() / "state";
  std::vector<std::string> warnings;
  shop.services.warn = [&](const Error& error) { warnings.push_back(error.message); };
  ASSERT_TRUE(read_status(shop.project, shop.services));
  ASSERT_TRUE(shop.services.ledger(shop.project.ledger).read("hello", "staging"));
  EXPECT_THAT(warnings, IsEmpty());
  for (std::size_t i : {2u, 1u}) {
    remove_entry(i);
    ASSERT_TRUE(read_status(shop.project, shop.services));
    EXPECT_THAT(warnings, Contains(HasSubstr("does not have v3 of staging, which this machine saw")));
  }
  for (const auto& refused :
       {shop.release("staging", build("four")), shop.promote("staging", "production"), shop.rollback("staging")}) {
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::verification_failed);
    EXPECT_THAT(refused.error().hint, HasSubstr("slipway doctor staging --repair"));
  }
  EXPECT_THAT(problems("staging"),
              Contains(HasSubstr("releases v2, v3 of staging, which this machine saw, were removed")));
  ASSERT_TRUE(repair_environment(shop.project, shop.environment("staging"), shop.services));
  EXPECT_THAT(problems("staging"), IsEmpty());
  const auto next = shop.release("staging", build("four"));
  ASSERT_TRUE(next) << next.error().describe();
  EXPECT_EQ(next->entry.number, 4);
}

TEST_F(Verify, EvidenceOfAnotherImageIsRefused) {
  const oci::Descriptor other = put_image(*staging, "other");
  ASSERT_TRUE(staging->tag(other, "other"));
  ASSERT_TRUE(push_evidence(entries[2], other, shop.project.ledger, *staging));
  const auto refused = verify_image(shop.environment("staging").repository.with_tag("other"), shop.services);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::verification_failed);
  EXPECT_THAT(refused.error().message, HasSubstr("is of another image, " + entries[2].entry.image.digest.str()));
}

TEST_F(Verify, EvidenceWithAnotherIdThanTheLedgersIsRefused) {
  Recorded forged = entries[2];
  forged.entry.reason = "as if";
  forged.bytes = forged.entry.canonical().value();
  forged.id = io::digest_of(forged.bytes);
  const oci::Descriptor image = staging->resolve(forged.entry.image.digest).value();
  ASSERT_TRUE(push_evidence(forged, image, shop.project.ledger, *staging));
  const auto refused = verify_image(shop.environment("staging").repository.with_tag("staging"), shop.services);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::verification_failed);
  EXPECT_THAT(refused.error().message, HasSubstr("the evidence beside the image says " + forged.id.str()));
}

TEST(VerifyLayout, AnImageWhoseLayerIsDamagedIsRefused) {
  Shop shop(kLayoutYaml);
  const auto images = shop.open(*shop.project.image_repository);
  const auto image = put_image(*images, "one");
  ASSERT_TRUE(images->keep_untagged(image));
  ASSERT_TRUE(shop.release("staging", shop.project.image_repository->with_digest(image.digest)));
  const oci::Location place = shop.environment("staging").repository.with_tag("staging");
  ASSERT_TRUE(verify_image(place, shop.services));
  const std::string layer(io::digest_of("layer of one").hex());
  const auto file = shop.folder.path() / "staging" / "blobs" / "sha256" / layer;
  ASSERT_TRUE(write_file_atomically(real_fs(), file, "layer of onf"));
  const auto refused = verify_image(place, shop.services);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::verification_failed);
  EXPECT_THAT(refused.error().message, HasSubstr(layer));
}

TEST_F(Verify, AKeepTagTwoBeyondTheNewestIsAProblem) {
  ASSERT_TRUE(staging->tag(put_image(*staging, "far"), "hello.staging-v5"));
  EXPECT_THAT(problems("staging"), ElementsAre(HasSubstr("kept for release v5, but the newest in the ledger is v3")));
}

// The environment's repository changed: the release is where it was made, and that is where it is proved.
TEST_F(Verify, AnEnvironmentThatMovedIsProvedWhereItWasReleased) {
  std::string yaml = kRegistryYaml;
  const std::string before = "reg.example/staging/hello";
  yaml.replace(yaml.find(before), before.size(), "reg.example/moved/hello");
  shop.configure(yaml);
  const Proof proof = verify("staging");
  EXPECT_THAT(proof.problems, IsEmpty());
  EXPECT_EQ(proof.location.str(), "reg.example/staging/hello:hello.staging-v3");
  EXPECT_THAT(proof.notes, ElementsAre(HasSubstr("was released to reg.example/staging/hello and is proved there")));
}

}  // namespace
}  // namespace slipway::release
