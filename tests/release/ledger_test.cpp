#include "slipway/release/ledger.h"

#include "release/world.h"

namespace slipway::release {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

constexpr const char* kPlace = "reg.example/hello-releases";

Entry entry_of(std::int64_t number, std::optional<Digest> prev, const std::string& environment = "staging") {
  Entry entry{.app = "hello",
              .environment = environment,
              .number = number,
              .kind = Kind::release,
              .mode = Mode::env_file,
              .build = {"reg.example/hello", io::digest_of(fmt::format("build {}", number))},
              .image = {"reg.example/hello", io::digest_of(fmt::format("build {}", number))},
              .config = io::digest_of("config")};
  entry.prev = std::move(prev);
  entry.ledger = kPlace;
  entry.actor = "ann";
  entry.time = 1000 + number;
  return entry;
}

class LedgerTest : public ::testing::Test {
 protected:
  /// Appends entries 1..n; their ids.
  std::vector<Recorded> fill(std::int64_t n) {
    std::vector<Recorded> out;
    for (std::int64_t i = 1; i <= n; ++i) {
      auto recorded = ledger.append(entry_of(i, out.empty() ? std::nullopt : std::optional<Digest>(out.back().id)));
      EXPECT_TRUE(recorded) << recorded.error().describe();
      out.push_back(*std::move(recorded));
    }
    return out;
  }
  std::string tag_of(const Recorded& recorded) {
    return fmt::format("hello.staging.v{}.{}", recorded.entry.number, recorded.id.short_hex());
  }
  /// Puts a manifest that carries `bytes` the way an entry is carried.
  void put(const std::string& tag, const std::string& bytes, const std::string& type = std::string(kEntryType)) {
    put_blob(*target, type, bytes);
    oci::Descriptor config(type, io::digest_of(bytes), static_cast<std::int64_t>(bytes.size()));
    config.data = bytes;
    put_blob(*target, std::string(oci::kEmptyType), std::string(oci::kEmptyJson));
    const oci::Manifest manifest{.raw = {},
                                 .media_type = std::string(oci::kManifestType),
                                 .artifact_type = type,
                                 .config = config,
                                 .layers = {oci::empty_descriptor()},
                                 .subject = {},
                                 .annotations = {}};
    ASSERT_TRUE(target->tag(put_blob(*target, std::string(oci::kManifestType), oci::write_manifest(manifest)), tag));
  }

  World world;
  std::shared_ptr<FakeRepository> target = world.repository(kPlace);
  oci::Location location = oci::Location::parse(kPlace).value();
  Ledger ledger{world, location};
};

TEST_F(LedgerTest, EmptyIsEmpty) {
  EXPECT_THAT(ledger.read("hello", "staging")->entries, IsEmpty());
  EXPECT_EQ(ledger.head("hello", "staging").value(), std::nullopt);
  EXPECT_EQ(ledger.number("hello", "staging", 1).value(), std::nullopt);
}

TEST_F(LedgerTest, ALayoutThatIsNotThereIsEmpty) {
  test::TempDir folder;
  Ledger absent(world, oci::Location::layout((folder.path() / "none").string()));
  EXPECT_THAT(absent.read("hello", "staging")->entries, IsEmpty());
  EXPECT_EQ(absent.head("hello", "staging").value(), std::nullopt);
}

TEST_F(LedgerTest, ReadsBackWhatWasAppended) {
  const auto written = fill(12);
  const auto chain = ledger.read("hello", "staging");
  ASSERT_TRUE(chain) << chain.error().describe();
  ASSERT_EQ(chain->entries.size(), 12u);
  for (std::size_t i = 0; i < 12; ++i) {
    EXPECT_EQ(chain->entries[i].id, written[i].id);
    EXPECT_EQ(chain->entries[i].entry, written[i].entry);
    EXPECT_EQ(io::digest_of(chain->entries[i].bytes), written[i].id);
  }
  EXPECT_EQ(chain->head()->entry.number, 12);
  EXPECT_EQ(chain->number(3)->id, written[2].id);
  EXPECT_EQ(chain->number(13), nullptr);
  EXPECT_EQ(ledger.head("hello", "staging").value()->id, written[11].id);
  EXPECT_EQ(ledger.number("hello", "staging", 9).value()->id, written[8].id);
}

TEST_F(LedgerTest, AppendingTheSameTwiceIsOnce) {
  const auto first = fill(1);
  EXPECT_EQ(ledger.append(first[0].entry)->id, first[0].id);
  EXPECT_EQ(ledger.read("hello", "staging")->entries.size(), 1u);
}

TEST_F(LedgerTest, OneGetReadsAnEntry) {
  const auto first = fill(1);
  const auto fetched = target->fetch_document(tag_of(first[0])).value();
  const auto manifest = oci::parse_manifest(fetched.bytes, "").value();
  EXPECT_EQ(manifest.config.data, first[0].bytes);
  EXPECT_EQ(manifest.artifact_type, kEntryType);
  EXPECT_FALSE(manifest.subject);
}

TEST_F(LedgerTest, OtherAppsEnvironmentsAndTagsAreNotMixedIn) {
  fill(2);
  ASSERT_TRUE(ledger.append(entry_of(1, std::nullopt, "production")));
  for (const char* tag : {"latest", "hello.staging-v1", "hello.staging.c.0123456789ab", "hello.staging.vx.1",
                          "hello.staging.v", "hello.staging.v3", "hello.staging.v0.0123456789ab",
                          "hello.staging.v99999999999999999999.0123456789ab", "hell.staging.v7.0123456789ab"}) {
    ASSERT_TRUE(target->tag(put_image(*target, "x"), tag));
  }
  const auto chain = ledger.read("hello", "staging");
  ASSERT_TRUE(chain) << chain.error().describe();
  EXPECT_EQ(chain->entries.size(), 2u);
  EXPECT_EQ(ledger.read("hello", "production")->entries.size(), 1u);
}

TEST_F(LedgerTest, OfTwoWithOneNumberAllReadersTakeTheSame) {
  const auto entries = fill(2);
  EXPECT_THAT(ledger.forked("hello", "staging").value(), IsEmpty());
  Entry rival = entry_of(2, entries[0].id);
  rival.actor = "bob";
  const auto other = ledger.append(rival).value();
  const Recorded& winner = other.id < entries[1].id ? other : entries[1];
  const Recorded& loser = other.id < entries[1].id ? entries[1] : other;
  const auto chain = ledger.read("hello", "staging").value();
  EXPECT_EQ(chain.head()->id, winner.id);
  ASSERT_EQ(chain.forks.size(), 1u);
  EXPECT_EQ(chain.forks[0].id, loser.id);
  EXPECT_TRUE(chain.lost(loser.entry.image.digest));
  EXPECT_EQ(ledger.head("hello", "staging").value()->id, winner.id);
  EXPECT_EQ(ledger.number("hello", "staging", 2).value()->id, winner.id);
  EXPECT_THAT(ledger.forked("hello", "staging").value(), UnorderedElementsAre(tag_of(winner), tag_of(loser)));
  // Once the chain goes on, what it goes on from holds.
  const auto next = ledger.append(entry_of(3, loser.id)).value();
  const auto longer = ledger.read("hello", "staging").value();
  EXPECT_EQ(longer.head()->id, next.id);
  EXPECT_EQ(longer.number(2)->id, loser.id);
  EXPECT_EQ(longer.forks[0].id, winner.id);
}

TEST_F(LedgerTest, AClaimIsTheEntryUntilItsWriterComesFurther) {
  const auto entries = fill(1);
  const Entry mine = entry_of(2, entries[0].id);
  ASSERT_TRUE(ledger.claim(mine));
  EXPECT_TRUE(ledger.claim(mine)) << "again";
  EXPECT_EQ(ledger.head("hello", "staging").value()->entry, mine);
  Entry rival = mine;
  rival.actor = "bob";
  EXPECT_EQ(ledger.claim(rival).error().code, Errc::conflict);
  const auto settled = ledger.append(mine).value();
  const auto chain = ledger.read("hello", "staging").value();
  EXPECT_EQ(chain.entries.size(), 2u);
  EXPECT_EQ(chain.head()->id, settled.id);
  EXPECT_THAT(chain.forks, IsEmpty());
}

TEST_F(LedgerTest, AnAdoptedImageMayBeginAChainAnew) {
  Entry first = entry_of(5, std::nullopt);
  ASSERT_TRUE(ledger.append(first));
  EXPECT_EQ(ledger.read("hello", "staging").error().code, Errc::verification_failed);
  World other;
  Ledger anew(other, oci::Location::parse(kPlace).value());
  first.kind = Kind::adopt;
  ASSERT_TRUE(anew.append(first));
  EXPECT_EQ(anew.read("hello", "staging").value().head()->entry.number, 5);
}

TEST_F(LedgerTest, ARemovedEntryBreaksTheChain) {
  for (const std::size_t gone : {0u, 1u}) {
    World other;
    const auto place = other.repository(kPlace);
    Ledger broken(other, oci::Location::parse(kPlace).value());
    std::vector<Recorded> entries;
    for (std::int64_t i = 1; i <= 3; ++i) {
      entries.push_back(
          broken.append(entry_of(i, entries.empty() ? std::nullopt : std::optional<Digest>(entries.back().id)))
              .value());
    }
    ASSERT_TRUE(place->delete_tag(tag_of(entries[gone])));
    const auto read = broken.read("hello", "staging");
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code, Errc::verification_failed) << read.error().describe();
  }
}

TEST_F(LedgerTest, AReplacedEntryBreaksTheChain) {
  const auto entries = fill(3);
  ASSERT_TRUE(target->delete_tag(tag_of(entries[1])));
  Entry forged = entries[1].entry;
  forged.actor = "mallory";
  ASSERT_TRUE(ledger.append(forged));
  const auto read = ledger.read("hello", "staging");
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, Errc::verification_failed);
  EXPECT_THAT(read.error().message, HasSubstr("v3"));
}

TEST_F(LedgerTest, AnEntryUnderAnotherTagIsRefused) {
  const auto entries = fill(1);
  const auto manifest = target->resolve(tag_of(entries[0])).value();
  for (const std::string& tag :
       {"hello.staging.v2." + entries[0].id.short_hex(), "hello.production.v1." + entries[0].id.short_hex(),
        std::string("hello.qa.v1.0123456789ab")}) {
    ASSERT_TRUE(target->tag(manifest, tag));
  }
  for (const char* environment : {"staging", "production", "qa"}) {
    const auto head = ledger.head("hello", environment);
    ASSERT_FALSE(head) << environment;
    EXPECT_EQ(head.error().code, Errc::verification_failed);
  }
}

TEST_F(LedgerTest, OnlyCanonicalBytesCount) {
  const std::string bytes = entry_of(1, std::nullopt).canonical().value();
  const std::string spaced = "{ " + bytes.substr(1);
  put("hello.staging.v1." + io::digest_of(spaced).short_hex(), spaced);
  const auto head = ledger.head("hello", "staging");
  ASSERT_FALSE(head);
  EXPECT_EQ(head.error().code, Errc::verification_failed);
  EXPECT_THAT(head.error().message, HasSubstr("canonical"));
}

TEST_F(LedgerTest, UnknownMembersOfANewerWriterDoNotDisturb) {
  std::string bytes = entry_of(1, std::nullopt).canonical().value();
  bytes.insert(bytes.size() - 1, ",\"zz\":1");
  put("hello.staging.v1." + io::digest_of(bytes).short_hex(), bytes);
  const auto head = ledger.head("hello", "staging");
  ASSERT_TRUE(head) << head.error().describe();
  EXPECT_EQ((*head)->bytes, bytes);
  // And the evidence carries the very same bytes.
  const auto image = put_image(*target, "image");
  ASSERT_TRUE(push_evidence(**head, image, location, *target));
  const auto evidence = target->referrers(image.digest, std::string(kEntryType)).value();
  ASSERT_EQ(evidence.size(), 1u);
  const auto manifest = oci::parse_manifest(target->fetch_document(evidence[0].digest)->bytes, "").value();
  EXPECT_EQ(manifest.config.data, bytes);
}

TEST_F(LedgerTest, OtherArtifactsAreNoEntries) {
  put("hello.staging.v1." + io::digest_of("{}").short_hex(), "{}", "application/vnd.example");
  EXPECT_EQ(ledger.head("hello", "staging").error().code, Errc::verification_failed);
}

TEST_F(LedgerTest, EvidenceIsIdempotent) {
  const auto first = fill(1);
  const auto image = put_image(*target, "image");
  for (int run = 0; run < 3; ++run)
    ASSERT_TRUE(push_evidence(first[0], image, location, *target));
  EXPECT_EQ(target->referrers(image.digest, std::string(kEntryType))->size(), 1u);
}

// The list in every 64th entry spares reading those before it one by one.
TEST_F(LedgerTest, AThousandReleasesAreReadWithFewRequests) {
  const auto entries = fill(1000);
  world.requests();
  Ledger cold(world, location);
  const auto chain = cold.read("hello", "staging");
  ASSERT_TRUE(chain) << chain.error().describe();
  ASSERT_EQ(chain->entries.size(), 1000u);
  for (std::size_t i = 0; i < entries.size(); ++i)
    ASSERT_EQ(chain->entries[i].bytes, entries[i].bytes);
  EXPECT_EQ(world.requests(), 1 + 15 + 40);
}

TEST_F(LedgerTest, AnEntryThatCarriesOthersIsStillReadWithOneGet) {
  const auto entries = fill(64);
  world.requests();
  Ledger cold(world, location);
  EXPECT_EQ(cold.head("hello", "staging").value()->id, entries.back().id);
  EXPECT_EQ(world.requests(), 2);
}

TEST_F(LedgerTest, EntriesAreCachedForEver) {
  test::TempDir folder;
  const auto entries = fill(70);
  const LedgerCache cache{&real_fs(), folder.path()};
  const auto size = [&] {
    Ledger again(world, location, cache);
    return again.read("hello", "staging")->entries.size();
  };
  EXPECT_EQ(size(), 70u);
  world.requests();
  EXPECT_EQ(size(), 70u);
  EXPECT_EQ(world.requests(), 1);
  ASSERT_TRUE(ledger.append(entry_of(71, entries.back().id)));
  world.requests();
  EXPECT_EQ(size(), 71u);
  EXPECT_EQ(world.requests(), 2);
}

// Neither a damaged cache nor a cache of another history is believed.
TEST_F(LedgerTest, ACacheIsNoAuthority) {
  test::TempDir folder;
  const auto entries = fill(3);
  const LedgerCache cache{&real_fs(), folder.path()};
  { EXPECT_TRUE(Ledger(world, location, cache).read("hello", "staging")); }
  const auto file = folder.path() / "entries" / io::digest_of(location.str()).short_hex() / "hello.staging";
  std::string text = read_file(real_fs(), file).value();
  text.replace(text.find("ann"), 3, "eve");
  ASSERT_TRUE(write_file_atomically(real_fs(), file, text + "not json\n{}\n"));
  const auto chain = Ledger(world, location, cache).read("hello", "staging");
  ASSERT_TRUE(chain) << chain.error().describe();
  for (const Recorded& recorded : chain->entries)
    EXPECT_EQ(recorded.entry.actor, "ann");
  ASSERT_TRUE(target->delete_tag(tag_of(entries[1])));
  const auto gap = Ledger(world, location, cache).read("hello", "staging");
  ASSERT_FALSE(gap);
  EXPECT_EQ(gap.error().code, Errc::verification_failed);
}

// Carried entries are believed by their digests only, and only where the ledger has them under their tags.
TEST_F(LedgerTest, CarriedEntriesAreNoAuthority) {
  const auto entries = fill(64);
  ASSERT_TRUE(target->delete_tag(tag_of(entries[9])));
  const auto read = Ledger(world, location).read("hello", "staging");
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, Errc::verification_failed);
  EXPECT_THAT(read.error().message, HasSubstr("no release v10"));
}

TEST_F(LedgerTest, AnEntryThatIsListedBeforeItIsThereIsAskedForAgain) {
  const auto written = fill(2);
  for (int times : {1, 3}) {
    target->faults = {{tag_of(written[1]), {Errc::not_found, times}}};
    Ledger fresh(world, location);
    const auto head = fresh.head("hello", "staging");
    ASSERT_TRUE(head) << head.error().describe();
    EXPECT_EQ((*head)->id, written[1].id) << times;
  }
}

TEST_F(LedgerTest, ASecondClaimThatWinsIsToldToTheFirst) {
  const Entry ours = entry_of(1, std::nullopt);
  Entry theirs = ours;
  theirs.actor = "bob";
  target->after_tag = [&](const std::string&) {
    Ledger rival(world, oci::Location::parse("reg.example/elsewhere").value());
    ASSERT_TRUE(rival.claim(theirs));
    put_blob(*target, std::string(kEntryType), theirs.canonical().value());
    const auto elsewhere = world.repository("reg.example/elsewhere");
    const auto claim = elsewhere->fetch_document("hello.staging.v1").value();
    ASSERT_TRUE(target->push_tagged(claim.descriptor, claim.bytes, "hello.staging.v1"));
  };
  const Status lost = ledger.claim(ours);
  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error().code, Errc::conflict);
  EXPECT_THAT(lost.error().message, HasSubstr("v1 of staging was claimed by somebody else"));
}

/// A tag of an entry that the registry lists and cannot hand out.
class Unreadable : public LedgerTest, public ::testing::WithParamInterface<Errc> {
 protected:
  void SetUp() override {
    written = fill(2);
    lost = "hello.staging.v3.0123456789ab";
    target->faults[lost] = {GetParam()};
  }
  Ledger view() {
    return {world, location, {}, clock, [&](const Error& warning) { warnings.push_back(warning.message); }};
  }

  std::vector<Recorded> written;
  std::string lost;
  test::FakeClock clock;
  std::vector<std::string> warnings;
};
INSTANTIATE_TEST_SUITE_P(Answers, Unreadable, ::testing::Values(Errc::not_found, Errc::network),
                         [](const auto& code) { return std::string(name_of(code.param)); });

TEST_P(Unreadable, BlocksNothingAndIsWarnedOfOnce) {
  Ledger fresh = view();
  const auto head = fresh.head("hello", "staging");
  ASSERT_TRUE(head) << head.error().describe();
  EXPECT_EQ((*head)->id, written[1].id);
  const auto chain = fresh.read("hello", "staging");
  ASSERT_TRUE(chain) << chain.error().describe();
  EXPECT_EQ(chain->entries.size(), 2u);
  ASSERT_EQ(chain->unreadable.size(), 1u);
  EXPECT_EQ(chain->unreadable[0].tag, lost);
  EXPECT_EQ(chain->unreadable[0].number, 3);
  EXPECT_EQ(fresh.number("hello", "staging", 3).value(), std::nullopt);
  fresh.refresh();
  EXPECT_TRUE(fresh.head("hello", "staging"));
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_THAT(warnings[0], HasSubstr(lost));
}

TEST_P(Unreadable, ItsNumberIsUsedAgainAndItLosesShouldItReappear) {
  Entry next = entry_of(3, written[1].id);
  Entry reappears = next;
  reappears.actor = "the dead writer";
  std::string tag;
  for (int i = 0; i == 0 || io::digest_of(reappears.canonical().value()) > io::digest_of(next.canonical().value());
       ++i) {
    reappears.reason = fmt::format("try {}", i);  // until it would win by its id
    const Digest id = io::digest_of(reappears.canonical().value());
    tag = fmt::format("hello.staging.v3.{}", id.short_hex());
    next.abandoned = {tag};
  }
  const Recorded third = view().append(next).value();
  ASSERT_TRUE(view().append(reappears));
  EXPECT_EQ(view().head("hello", "staging").value()->id, third.id);
  const auto chain = view().read("hello", "staging").value();
  EXPECT_EQ(chain.head()->id, third.id);
  ASSERT_EQ(chain.forks.size(), 1u);
  EXPECT_EQ(chain.forks[0].entry.actor, "the dead writer");
  EXPECT_EQ(Entry::parse(third.bytes)->abandoned, std::vector<std::string>{tag});
}

TEST_P(Unreadable, AnEntryThatALaterOneFollowsWasCommitted) {
  target->faults = {{tag_of(written[0]), {GetParam()}}};
  const auto chain = view().read("hello", "staging");
  ASSERT_FALSE(chain);
  EXPECT_EQ(chain.error().code, Errc::verification_failed);
  EXPECT_THAT(chain.error().message, HasSubstr(tag_of(written[0])));
  EXPECT_THAT(chain.error().hint, HasSubstr("slipway doctor staging --repair"));
}

TEST_P(Unreadable, ARegistryThatIsDownIsNotALostEntry) {
  target->faults[lost] = {Errc::rate_limited};
  EXPECT_EQ(view().head("hello", "staging").error().code, Errc::rate_limited);
}

TEST_F(LedgerTest, AnEntryThatIsTakenAndNotHandedOutIsNotCommitted) {
  const Entry first = entry_of(1, std::nullopt);
  const std::string tag = fmt::format("hello.staging.v1.{}", io::digest_of(first.canonical().value()).short_hex());
  target->faults[tag] = {Errc::not_found, -1, false};
  EXPECT_EQ(ledger.append(first).error().code, Errc::verification_failed);
  target->faults[tag] = {Errc::not_found, 1, false};
  EXPECT_TRUE(ledger.append(first)) << "a moment later it is there";
}

TEST_F(LedgerTest, AnEntryThatTheRegistryLostIsRestoredFromMemory) {
  const auto written = fill(1);
  ASSERT_TRUE(target->delete_tag(tag_of(written[0])));
  ASSERT_TRUE(ledger.restore(written[0]));
  EXPECT_EQ(Ledger(world, location).head("hello", "staging").value()->bytes, written[0].bytes);
  target->tagged.clear();
  ASSERT_TRUE(ledger.restore(written[0]));
  EXPECT_THAT(target->tagged, IsEmpty()) << "it is there";
}

}  // namespace
}  // namespace slipway::release
