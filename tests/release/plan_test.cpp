#include "slipway/release/plan.h"

#include "release/world.h"
#include "slipway/base/text.h"
#include "slipway/io/hash.h"
#include "slipway/release/plan_checks.h"
#include "slipway/release/policy.h"

namespace slipway::release {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string golden(const std::string& name) {
  const char* folder = std::getenv("SLIPWAY_TESTDATA");
  auto text = read_file(real_fs(), stdfs::path(folder != nullptr ? folder : "testdata") / "release" / name);
  EXPECT_TRUE(text) << text.error().describe();
  return text ? *text : "";
}

/// The plan with the decision that it makes now.
Plan decided(Plan plan) {
  plan.entry.decision = plan.digest().value();
  return plan;
}

Plan sample() {
  const ConfigValues values{{{"PORT", "443"}}, {{"PASSWORD", "env://PASSWORD"}}};
  const Digest build = io::digest_of("build");
  Entry entry{.app = "hello",
              .environment = "production",
              .number = 3,
              .kind = Kind::promote,
              .mode = Mode::env_file,
              .build = {"registry.example.com/team/hello", build},
              .image = {"registry.example.com/prod/hello", build},
              .config = make_config_artifact(values)->manifest.digest};
  Environment environment;
  environment.after = {"staging"};
  const std::string rules = Policy(environment).canonical().value();
  entry.prev = io::digest_of("prev");
  entry.from = Origin{"staging", 12, io::digest_of("from")};
  entry.ledger = "registry.example.com/team/hello-releases";
  entry.policy = io::digest_of(rules);
  entry.actor = "ann";
  entry.time = 1'700'000'000;
  Plan plan(std::move(entry), oci::Descriptor(std::string(oci::kIndexType), build, 1234),
            oci::Location::parse("registry.example.com/prod/hello").value(),
            oci::Location::parse("registry.example.com/team/hello-releases").value());
  plan.ledger_text = plan.entry.ledger;
  plan.rules = rules;
  plan.config = values;
  plan.sources = {oci::Location::parse("registry.example.com/staging/hello").value()};
  plan.moving = {"production", io::digest_of("active")};
  plan.fixed_tags = {"1.2.3"};
  plan.first = io::digest_of("first");
  plan.expires = 1'700'086'400;
  return decided(std::move(plan));
}

TEST(Plan, BytesNeverChange) { EXPECT_EQ(sample().canonical().value(), golden("plan.json")); }

TEST(Plan, ParsesBack) {
  const auto parsed = Plan::parse(golden("plan.json"));
  ASSERT_TRUE(parsed) << parsed.error().describe();
  const Plan expected = sample();
  EXPECT_EQ(*parsed, expected);
  EXPECT_EQ(parsed->digest().value(), expected.digest().value());
}

TEST(Plan, OptionalPartsComeBackToo) {
  Plan plan = sample();
  plan.changed = false;
  plan.finish_active = true;
  plan.config = std::nullopt;
  plan.moving.expected = std::nullopt;
  plan.fixed_tags.clear();
  plan.sources.clear();
  plan = decided(std::move(plan));
  const auto parsed = Plan::parse(plan.canonical().value());
  ASSERT_TRUE(parsed) << parsed.error().describe();
  EXPECT_EQ(*parsed, plan);
}

TEST(Plan, CarriesTheFilesOfItsConfig) {
  Plan plan = sample();
  const std::string content("\0binary\xff", 8);
  plan.config->path = "/etc/hello";
  plan.config->files.emplace(
      "a/b", FileValue{io::digest_of(content), content.size(), 0755, std::make_shared<const std::string>(content)});
  plan.entry.config = make_config_artifact(*plan.config)->manifest.digest;
  plan = decided(std::move(plan));
  const std::string text = plan.canonical().value();
  const auto parsed = Plan::parse(text);
  ASSERT_TRUE(parsed) << parsed.error().describe();
  EXPECT_EQ(*parsed->config->files.at("a/b").content, content);
  const std::string encoded = base64_encode(content);
  for (const std::string& other : {base64_encode("other"), std::string("?")}) {
    std::string changed = text;
    changed.replace(changed.find(encoded), encoded.size(), other);
    EXPECT_EQ(Plan::parse(changed).error().code, Errc::malformed) << other;
  }
}

TEST(Plan, PrintsWhatItWillDo) {
  Plan plan = sample();
  const std::string text = plan.describe();
  for (const char* part : {"release v3 of hello to production (promote)", "registry.example.com/staging/hello",
                           "registry.example.com/prod/hello", "1.2.3 (written once)", "production (now sha256:"}) {
    EXPECT_THAT(text, HasSubstr(part));
  }
  EXPECT_THAT(text, HasSubstr(plan.entry.image.digest.str()));
  plan.changed = false;
  EXPECT_THAT(plan.describe(), HasSubstr("nothing to do"));
  plan.finish_active = true;
  EXPECT_THAT(plan.describe(), HasSubstr("interrupted"));
}

TEST(Plan, NeverHoldsASecret) { EXPECT_THAT(sample().describe(), Not(HasSubstr("env://"))); }

TEST(Plan, LocationIsWhatTheCommandPrints) {
  EXPECT_EQ(sample().location().str(), "registry.example.com/prod/hello:production@" + io::digest_of("build").str());
}

struct Bad {
  const char* name;
  std::string from;
  std::string to;
  Errc code = Errc::malformed;
};

class BadPlan : public ::testing::TestWithParam<Bad> {};
INSTANTIATE_TEST_SUITE_P(
    Table, BadPlan,
    ::testing::Values(
        Bad{"schema", "slipway/v2/plan", "slipway/v3/plan", Errc::invalid_argument},
        Bad{"edition_1", "slipway/v2/plan", "slipway/v1/plan", Errc::conflict},
        Bad{"edited_tags", "\"tags\":[\"1.2.3\"]", "\"tags\":[\"evil\"]", Errc::verification_failed},
        Bad{"edited_kind", "\"kind\":\"promote\"", "\"kind\":\"release\"", Errc::verification_failed},
        Bad{"edited_origin", "\"environment\":\"staging\",\"number\":12", "\"environment\":\"staging\",\"number\":11",
            Errc::verification_failed},
        Bad{"edited_number", "\"number\":3,", "\"number\":7,", Errc::verification_failed},
        Bad{"edited_source", "\"sources\":[\"registry.example.com/staging/hello\"]",
            "\"sources\":[\"registry.example.com/evil/hello\"]", Errc::verification_failed},
        Bad{"unknown_member", "\"changed\":true", "\"changed\":true,\"chmod\":true", Errc::invalid_argument},
        Bad{"other_image", "\"image\":{\"digest\":\"" + io::digest_of("build").str() + "\",\"mediaType\"",
            "\"image\":{\"digest\":\"" + io::digest_of("evil").str() + "\",\"mediaType\""},
        Bad{"longer_life", "\"expires\":1700086400", "\"expires\":1800000000"},
        Bad{"endless_life", "\"expires\":1700086400,", ""}, Bad{"softer_policy", "\"all\":[\"staging\"]", "\"all\":[]"},
        Bad{"other_config", "\"PORT\":\"443\"", "\"PORT\":\"444\""},
        Bad{"moving_tag", "\"tag\":\"production\"", "\"tag\":\"not a tag\""},
        Bad{"fixed_tag", "[\"1.2.3\"]", "[\"1/2\"]"},
        Bad{"no_repository", "\"repository\":\"registry.example.com/prod/hello\",\"schema\":\"slipway/v2/plan\"",
            "\"schema\":\"slipway/v2/plan\""},
        Bad{"bad_source", "\"sources\":[\"registry.example.com/staging/hello\"]", "\"sources\":[\"?\"]",
            Errc::invalid_argument},
        Bad{"changed_text", "\"changed\":true", "\"changed\":\"yes\""},
        Bad{"trailing", "\"tags\":[\"1.2.3\"]}", "\"tags\":[]}]"}),
    [](const auto& bad) { return bad.param.name; });

TEST_P(BadPlan, IsRefused) {
  std::string text = golden("plan.json");
  const std::size_t at = text.find(GetParam().from);
  ASSERT_NE(at, std::string::npos) << text;
  text.replace(at, GetParam().from.size(), GetParam().to);
  const auto parsed = Plan::parse(text);
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().code, GetParam().code) << parsed.error().describe();
}

TEST(Plan, ALayerModePlanWhoseBuildWasSwappedIsRefused) {
  Plan plan = sample();
  plan.entry.mode = Mode::layer;
  plan.image.digest = plan.entry.image.digest = io::digest_of("derived");
  plan = decided(std::move(plan));
  ASSERT_TRUE(Plan::parse(plan.canonical().value()));
  plan.build.digest = io::digest_of("swapped");
  const auto refused = Plan::parse(plan.canonical().value());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::malformed);
  EXPECT_THAT(refused.error().message, HasSubstr("build and entry name different digests"));
}

TEST(Plan, IsStaleOnceSlipwayYamlNamesAnotherPlace) {
  const Plan plan = sample();
  Project project;
  project.app = "hello";
  project.ledger = plan.ledger;
  Environment production;
  production.name = "production";
  production.repository = plan.repository;
  production.tag = "production";
  production.after = {"staging"};
  project.environments = {production};
  ASSERT_TRUE(require_current(plan, project));
  const auto expect_stale = [&](const Project& changed, const char* why) {
    const Status status = require_current(plan, changed);
    ASSERT_FALSE(status) << why;
    EXPECT_EQ(status.error().code, Errc::conflict) << why;
    EXPECT_THAT(status.error().message, HasSubstr(why));
  };
  Project changed = project;
  changed.ledger = oci::Location::parse("registry.example.com/team/other").value();
  expect_stale(changed, "names another ledger now");
  changed = project;
  changed.environments[0].repository = oci::Location::parse("registry.example.com/new/hello").value();
  expect_stale(changed, "has it at registry.example.com/new/hello:production now");
  changed = project;
  changed.environments[0].tag = "live";
  expect_stale(changed, "has it at registry.example.com/prod/hello:live now");
  changed = project;
  changed.environments[0].after.clear();
  expect_stale(changed, "its policy changed");
  changed = project;
  changed.environments.clear();
  expect_stale(changed, "has no such environment");
  changed = project;
  changed.app = "other";
  EXPECT_EQ(require_current(plan, changed).error().code, Errc::invalid_argument);
}

}  // namespace
}  // namespace slipway::release
