#include "slipway/release/views.h"

#include "release/standing.h"
#include "release/tag_template.h"
#include "release/tags.h"
#include "release/world.h"

namespace slipway::release {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<std::string> keys_of(const Json& json) {
  std::vector<std::string> keys;
  for (const auto& [key, value] : *json.object())
    keys.push_back(key);
  return keys;
}

class Views : public ::testing::Test {
 protected:
  oci::Location build(const std::string& content) {
    return shop.project.image_repository->with_digest(
        put_image(*shop.open(*shop.project.image_repository), content).digest);
  }
  Shop shop{kRegistryYaml};
};

TEST_F(Views, AHistoryRowHasTheFieldsOfTheContract) {
  const auto first = shop.release("staging", build("one"), {.reason = "why", .bypass = ""}).value();
  const auto row = history_row(first, true);
  EXPECT_THAT(keys_of(row), ElementsAre("number", "kind", "digest", "build", "config", "entry", "from", "actor",
                                        "reason", "bypass", "time", "active"));
  EXPECT_EQ(*row.find("number")->integer(), 1);
  EXPECT_EQ(*row.find("kind")->string(), "release");
  EXPECT_EQ(*row.find("digest")->string(), first.entry.image.digest.str());
  EXPECT_EQ(*row.find("entry")->string(), first.id.str());
  EXPECT_EQ(*row.find("reason")->string(), "why");
  EXPECT_EQ(*row.find("time")->string(), "2023-11-14T22:13:20Z");
  EXPECT_TRUE(*row.find("active")->boolean());
  EXPECT_TRUE(row.find("bypass")->is_null());
  EXPECT_TRUE(row.find("from")->is_null());
}

TEST_F(Views, AHistoryRowSaysWhereAPromotionCameFrom) {
  const auto staged = shop.release("staging", build("one")).value();
  const auto row = history_row(shop.promote("staging", "production").value(), false);
  const Json* from = row.find("from");
  ASSERT_NE(from->object(), nullptr);
  EXPECT_EQ(*from->find("environment")->string(), "staging");
  EXPECT_EQ(*from->find("number")->integer(), 1);
  EXPECT_EQ(*from->find("entry")->string(), staged.id.str());
  EXPECT_FALSE(*row.find("active")->boolean());
}

TEST_F(Views, StatusHasEveryEnvironmentInOrder) {
  const auto first = shop.release("staging", build("one")).value();
  const auto rows = read_status(shop.project, shop.services).value();
  ASSERT_EQ(rows.size(), 3u);
  const Json staging = status_row(rows[0]);
  EXPECT_THAT(keys_of(staging),
              ElementsAre("environment", "location", "number", "digest", "build", "config", "time", "pending", "drift",
                          "behind", "hold", "forks", "configChanged", "rulesChanged"));
  EXPECT_EQ(*staging.find("environment")->string(), "staging");
  EXPECT_EQ(*staging.find("location")->string(), "reg.example/staging/hello:staging");
  EXPECT_EQ(*staging.find("number")->integer(), 1);
  EXPECT_EQ(*staging.find("config")->string(), first.entry.config.str());
  EXPECT_FALSE(*staging.find("pending")->boolean());
  EXPECT_FALSE(*staging.find("drift")->boolean());
  const Json production = status_row(rows[1]);
  EXPECT_EQ(keys_of(production), keys_of(staging));
  EXPECT_TRUE(production.find("number")->is_null());
  EXPECT_FALSE(*production.find("drift")->boolean());
}

TEST_F(Views, StatusSaysHowFarAnEnvironmentIsBehind) {
  ASSERT_TRUE(shop.release("staging", build("one")));
  ASSERT_TRUE(shop.promote("staging", "production"));
  EXPECT_EQ(read_status(shop.project, shop.services).value()[1].behind.at("staging"), 0);
  ASSERT_TRUE(shop.release("staging", build("two")));
  ASSERT_TRUE(shop.release("staging", build("three")));
  const auto rows = read_status(shop.project, shop.services).value();
  EXPECT_EQ(rows[1].behind.at("staging"), 2);
  EXPECT_TRUE(rows[0].behind.empty());
  EXPECT_EQ(*status_row(rows[1]).find("behind")->find("staging")->integer(), 2);
}

TEST_F(Views, StatusShowsDrift) {
  ASSERT_TRUE(shop.release("staging", build("one")));
  const auto target = shop.target("staging");
  const auto foreign = put_image(*target, "foreign");
  ASSERT_TRUE(target->tag(foreign, "staging"));
  ASSERT_TRUE(shop.target("production")->tag(put_image(*shop.target("production"), "foreign"), "production"));
  const auto rows = read_status(shop.project, shop.services).value();
  EXPECT_THAT(rows[0].drift, HasSubstr(foreign.digest.str()));
  EXPECT_THAT(rows[1].drift, HasSubstr("nothing was ever released"));
  EXPECT_EQ(rows[2].drift, "");
}

TEST_F(Views, StatusSaysThatTheConfigChanged) {
  ASSERT_TRUE(shop.release("staging", build("one")));
  EXPECT_FALSE(read_status(shop.project, shop.services).value()[0].config_changed);
  shop.write("staging.env", "PORT=81\n");
  const StatusRow row = read_status(shop.project, shop.services).value()[0];
  EXPECT_TRUE(row.config_changed);
  EXPECT_TRUE(*status_row(row).find("configChanged")->boolean());
  shop.write("staging.env", "not a line of an env file");
  EXPECT_FALSE(read_status(shop.project, shop.services).value()[0].config_changed) << "unreadable files say nothing";
  shop.write("staging.env", "PORT=82\n");
  shop.services.fs = nullptr;
  EXPECT_FALSE(read_status(shop.project, shop.services).value()[0].config_changed) << "nor does a place without files";
}

TEST_F(Views, StatusShowsADeletedTag) {
  ASSERT_TRUE(shop.release("staging", build("one")));
  ASSERT_TRUE(shop.release("staging", build("two")));
  ASSERT_TRUE(shop.world.repository("reg.example/staging/hello")->delete_tag("staging"));
  EXPECT_THAT(read_status(shop.project, shop.services).value()[0].drift, HasSubstr("is gone"));
}

TEST_F(Views, AForkInOneEnvironmentHidesNoOther) {
  const auto first = shop.release("staging", build("one")).value();
  ASSERT_TRUE(shop.promote("staging", "away"));
  Entry rival = first.entry;
  rival.actor = "bob";
  ASSERT_TRUE(shop.ledger().append(rival));
  const auto rows = read_status(shop.project, shop.services).value();
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[0].forks.size(), 2u);
  EXPECT_EQ(rows[0].drift, "");
  EXPECT_TRUE(rows[2].active);
  EXPECT_EQ(rows[2].drift, "");
}

TEST_F(Views, GuaranteeDependsOnTheLedger) {
  EXPECT_EQ(guarantee_of(shop.project), "detected");
  EXPECT_EQ(guarantee_of(Shop(kLayoutYaml).project), "exclusive");
}

TEST_F(Views, ConfigThatIsGoneNamesTheRelease) {
  Entry entry = shop.release("staging", build("one"))->entry;
  entry.config = io::digest_of("gone");
  const auto config = config_of(shop.project, entry, shop.services);
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().code, Errc::not_found);
  EXPECT_THAT(config.error().describe(), HasSubstr("staging v1"));
}

/// Builds and repositories by letter; '-' is none.
struct StandingCase {
  char now;
  const char* head;    ///< image and repository, "" for no release
  const char* before;  ///< the same
  Standing standing;
};

Recorded recorded_of(const char* text) {
  const Digest digest = io::digest_of(std::string(1, text[0]));
  Entry entry{.app = "hello",
              .environment = "staging",
              .number = 1,
              .kind = Kind::release,
              .mode = Mode::env_file,
              .build = {"x", digest},
              .image = {std::string(1, text[1]), digest},
              .config = digest};
  return {std::move(entry), digest, ""};
}

TEST(StandingOfATag, Table) {
  // The environment is in repository r.
  for (const auto& [now, head, before, standing] :
       std::initializer_list<StandingCase>{{'-', "", "", Standing::settled},
                                           {'a', "", "", Standing::drift},
                                           {'a', "ar", "", Standing::settled},
                                           {'-', "ar", "", Standing::pending},
                                           {'x', "ar", "", Standing::drift},
                                           {'b', "br", "ar", Standing::settled},
                                           {'a', "br", "ar", Standing::pending},
                                           {'-', "br", "ar", Standing::drift},
                                           {'x', "br", "ar", Standing::drift},
                                           {'a', "ar", "ar", Standing::settled},
                                           {'-', "br", "aq", Standing::pending},
                                           {'a', "br", "aq", Standing::drift},
                                           {'-', "aq", "", Standing::elsewhere},
                                           {'a', "aq", "", Standing::settled},
                                           {'x', "aq", "", Standing::drift}}) {
    const auto tag = now == '-' ? std::nullopt : std::optional<Digest>(io::digest_of(std::string(1, now)));
    Chain chain;
    for (const char* text : {before, head}) {
      if (*text == '\0') continue;
      chain.entries.push_back(recorded_of(text));
      chain.entries.back().entry.number = static_cast<std::int64_t>(chain.entries.size());
    }
    EXPECT_EQ(judge_tag(tag, chain, "r"), standing) << now << " " << head << " " << before;
  }
}

TEST(StandingOfATag, ThatAForkLeftBehindIsPending) {
  Chain chain;
  chain.entries.push_back(recorded_of("ar"));
  chain.forks.push_back(recorded_of("br"));
  EXPECT_EQ(judge_tag(io::digest_of("b"), chain, "r"), Standing::pending);
  EXPECT_EQ(judge_tag(io::digest_of("c"), chain, "r"), Standing::drift);
}

TEST(StandingOfATag, ALagSaysWhereTheTagIs) {
  Chain chain;
  for (const char* text : {"ar", "br"}) {
    chain.entries.push_back(recorded_of(text));
    chain.entries.back().entry.number = static_cast<std::int64_t>(chain.entries.size());
  }
  const auto digest = [](std::string_view content) { return io::digest_of(content); };
  EXPECT_EQ(lag_of(digest("a"), chain),
            "the tag points to v1, though v2 is active: it was not moved yet, or somebody moved it back");
  EXPECT_EQ(lag_of(std::nullopt, chain), "the tag is not there, though v2 is active");
  EXPECT_EQ(lag_of(unreadable_tag(), chain), "the tag cannot be read, though v2 is active");
  EXPECT_EQ(lag_of(digest("c"), chain), "the tag points to a release that lost to v2 in a race");
}

TEST_F(Views, ATagThatWasMovedToAnEarlierReleaseNamesIt) {
  const auto first = shop.release("staging", build("one")).value();
  for (const char* content : {"two", "three"})
    ASSERT_TRUE(shop.release("staging", build(content)));
  const auto target = shop.target("staging");
  ASSERT_TRUE(target->tag(target->resolve(first.entry.image.digest).value(), "staging"));
  const auto row = read_status(shop.project, shop.services).value()[0];
  EXPECT_FALSE(row.pending);
  EXPECT_THAT(row.drift, HasSubstr("reg.example/staging/hello:staging was moved to v1, sha256:"));
  EXPECT_THAT(row.drift, HasSubstr("but v3 is active"));
  const auto refused = shop.release("staging", build("four"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::conflict);
  EXPECT_THAT(refused.error().hint, HasSubstr("to go back to v1, then: slipway rollback staging v1"));
  // To the release before: it may have been moved back, or not be moved yet.
  ASSERT_TRUE(target->tag(target->resolve("hello.staging-v2").value(), "staging"));
  const auto behind = read_status(shop.project, shop.services).value()[0];
  EXPECT_TRUE(behind.pending);
  EXPECT_THAT(behind.lag, HasSubstr("points to v2, though v3 is active"));
}

TEST(TagTemplate, Expands) {
  const TagWords words{.number = "7", .version = "1.2", .revision = "abc"};
  EXPECT_EQ(expand_tag_template("{version}", words).value(), "1.2");
  EXPECT_EQ(expand_tag_template("v{version}-{revision}.{number}.{number}", words).value(), "v1.2-abc.7.7");
  EXPECT_EQ(expand_tag_template("plain", words).value(), "plain");
  EXPECT_EQ(expand_tag_template("{version}", {.number = "1", .version = "{version}", .revision = ""}).error().code,
            Errc::invalid_argument);
  for (const char* bad : {"", "{date}", "a b", "-x", "{version", "x/y"}) {
    EXPECT_EQ(expand_tag_template(bad, words).error().code, Errc::invalid_argument) << bad;
    EXPECT_FALSE(check_tag_template(bad)) << bad;
  }
  EXPECT_FALSE(expand_tag_template("{revision}", {.number = "1", .version = "1", .revision = ""}));
  EXPECT_FALSE(expand_tag_template("{version}", {.number = "1", .version = "1 beta/2", .revision = ""}));
  EXPECT_TRUE(check_tag_template("{revision}-{number}"));
}

}  // namespace
}  // namespace slipway::release
