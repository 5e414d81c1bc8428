#include "slipway/release/policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "slipway/io/hash.h"

namespace slipway::release {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Plan plan_of(Kind kind, const std::string& build, const std::string& bypass = {}) {
  const Digest digest = io::digest_of(build);
  Entry entry{.app = "hello",
              .environment = "production",
              .number = 1,
              .kind = kind,
              .mode = Mode::env_file,
              .build = {"r.example/a", digest},
              .image = {"r.example/a", digest},
              .config = io::digest_of("config")};
  entry.bypass = bypass;
  const auto place = oci::Location::parse("r.example/a").value();
  return {std::move(entry), oci::Descriptor("application/vnd.oci.image.manifest.v1+json", digest, 1), place, place};
}

Policy policy_of(std::vector<std::string> after, bool any = false) {
  Environment environment;
  environment.after = std::move(after);
  environment.after_any = any;
  return Policy(environment);
}

/// Environments and the builds active in them; "" is none.
Facts facts_of(const std::map<std::string, std::string>& active) {
  Facts facts;
  for (const auto& [environment, build] : active) {
    facts.active_builds[environment] = build.empty() ? std::nullopt : std::optional<Digest>(io::digest_of(build));
  }
  return facts;
}

struct Case {
  const char* name;
  std::vector<std::string> after;
  bool any;
  std::map<std::string, std::string> active;
  Kind kind;
  std::size_t reasons;
};

class Judgement : public ::testing::TestWithParam<Case> {};
INSTANTIATE_TEST_SUITE_P(
    Table, Judgement,
    ::testing::Values(Case{"no_rules", {}, false, {}, Kind::release, 0},
                      Case{"active_there", {"a"}, false, {{"a", "x"}}, Kind::promote, 0},
                      Case{"another_there", {"a"}, false, {{"a", "y"}}, Kind::promote, 1},
                      Case{"nothing_there", {"a"}, false, {{"a", ""}}, Kind::release, 1},
                      Case{"fact_missing", {"a"}, false, {}, Kind::release, 1},
                      Case{"all_of_two", {"a", "b"}, false, {{"a", "x"}, {"b", "x"}}, Kind::promote, 0},
                      Case{"one_of_all", {"a", "b"}, false, {{"a", "x"}, {"b", "y"}}, Kind::promote, 1},
                      Case{"none_of_all", {"a", "b"}, false, {{"a", "y"}, {"b", "y"}}, Kind::promote, 2},
                      Case{"one_of_any", {"a", "b"}, true, {{"a", "y"}, {"b", "x"}}, Kind::promote, 0},
                      Case{"none_of_any", {"a", "b"}, true, {{"a", "y"}, {"b", ""}}, Kind::promote, 2},
                      Case{"rollback_does_not_wait", {"a"}, false, {{"a", "y"}}, Kind::rollback, 0},
                      Case{"config_moves_no_build", {"a"}, false, {{"a", "y"}}, Kind::config, 0}),
    [](const auto& judged) { return judged.param.name; });

TEST_P(Judgement, GivesEveryReason) {
  const Policy policy = policy_of(GetParam().after, GetParam().any);
  const auto reasons = policy.judge(plan_of(GetParam().kind, "x"), facts_of(GetParam().active));
  EXPECT_EQ(reasons.size(), GetParam().reasons) << fmt::format("{}", fmt::join(reasons, "\n"));
  const Policy again = Policy::parse(policy.canonical().value()).value();
  EXPECT_EQ(again.judge(plan_of(GetParam().kind, "x"), facts_of(GetParam().active)), reasons);
}

TEST(Policy, ReasonsNameEnvironmentAndBuild) {
  const auto reasons = policy_of({"a"}).judge(plan_of(Kind::promote, "x"), facts_of({{"a", "y"}}));
  ASSERT_EQ(reasons.size(), 1u);
  EXPECT_THAT(reasons[0], HasSubstr("production comes after a"));
  EXPECT_THAT(reasons[0], HasSubstr(io::digest_of("y").str()));
}

TEST(Policy, EnforceRefusesWithAllReasonsUnlessBypassed) {
  const Policy policy = policy_of({"a", "b"});
  const Status refused = enforce(policy, plan_of(Kind::promote, "x"), facts_of({}));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::policy_denied);
  EXPECT_EQ(refused.error().causes.size(), 2u);
  EXPECT_THAT(refused.error().hint, HasSubstr("--bypass"));
  EXPECT_TRUE(enforce(policy, plan_of(Kind::promote, "x", "incident"), facts_of({})));
}

TEST(Policy, CanonicalRules) {
  EXPECT_EQ(policy_of({}).canonical().value(), R"({"schema":"slipway/v1/policy"})");
  EXPECT_EQ(policy_of({"b", "a"}).canonical().value(), R"({"after":{"all":["b","a"]},"schema":"slipway/v1/policy"})");
  EXPECT_EQ(policy_of({"a"}, true).canonical().value(), R"({"after":{"any":["a"]},"schema":"slipway/v1/policy"})");
  EXPECT_THAT(Policy::parse(policy_of({"b", "a"}).canonical().value())->upstreams(), ElementsAre("b", "a"));
}

TEST(Policy, WhatIsNotUnderstoodIsNotKept) {
  struct Bad {
    const char* text;
    Errc code;
  };
  for (const auto& [text, code] : std::initializer_list<Bad>{
           {"", Errc::malformed},
           {"{}", Errc::malformed},
           {R"({"schema":"slipway/v2/policy"})", Errc::invalid_argument},
           {R"({"schema":"slipway/v1/policy","soak":3600})", Errc::invalid_argument},
           {R"({"schema":"slipway/v1/policy","after":["a"]})", Errc::malformed},
           {R"({"schema":"slipway/v1/policy","after":{}})", Errc::malformed},
           {R"({"schema":"slipway/v1/policy","after":{"all":["a"],"any":["a"]}})", Errc::malformed},
           {R"({"schema":"slipway/v1/policy","after":{"all":["a"],"none":["a"]}})", Errc::malformed},
           {R"({"schema":"slipway/v1/policy","after":{"all":[1]}})", Errc::malformed}}) {
    const auto parsed = Policy::parse(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code, code) << text;
  }
}

}  // namespace
}  // namespace slipway::release
