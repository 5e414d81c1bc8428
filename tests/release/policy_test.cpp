#include "slipway/release/policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "slipway/base/clock.h"
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
  entry.actor = "ann";
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

std::string texts(const std::vector<Reason>& reasons) {
  std::string text;
  for (const Reason& reason : reasons)
    text += reason.text + "\n";
  return text;
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
  EXPECT_EQ(reasons.size(), GetParam().reasons) << texts(reasons);
  const Policy again = Policy::parse(policy.canonical().value()).value();
  EXPECT_EQ(again.judge(plan_of(GetParam().kind, "x"), facts_of(GetParam().active)), reasons);
}

TEST(Policy, ReasonsNameEnvironmentAndBuild) {
  const auto reasons = policy_of({"a"}).judge(plan_of(Kind::promote, "x"), facts_of({{"a", "y"}}));
  ASSERT_EQ(reasons.size(), 1u);
  EXPECT_THAT(reasons[0].text, HasSubstr("production comes after a"));
  EXPECT_THAT(reasons[0].text, HasSubstr(io::digest_of("y").str()));
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
           {R"({"schema":"slipway/v1/policy","approvals":1})", Errc::malformed},
           {R"({"schema":"slipway/v1/policy","approvals":{"count":0}})", Errc::malformed},
           {R"({"schema":"slipway/v1/policy","approvals":{"count":1,"from":["a"]}})", Errc::invalid_argument},
           {R"({"schema":"slipway/v1/policy","signed-by":["a"]})", Errc::invalid_argument},
           {R"({"schema":"slipway/v1/policy","soak":"1h"})", Errc::malformed},
           {R"({"schema":"slipway/v1/policy","soak":0})", Errc::malformed},
           {R"({"schema":"slipway/v1/policy","rollback":"slow"})", Errc::invalid_argument},
           {R"({"schema":"slipway/v1/policy","freeze":[{"from":"Fri 16:00","to":"x","zone":"UTC"}]})",
            Errc::invalid_argument},
           {R"({"schema":"slipway/v1/policy","freeze":[{"from":"22:00","to":"06:00","zone":"UTC","a":"b"}]})",
            Errc::invalid_argument},
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

// The other rules, each alone; facts say what is asked for unless a case says otherwise.
struct RuleCase {
  const char* name;
  std::function<void(PolicyRules&)> rule;
  std::function<void(Facts&)> fact;
  Kind kind;
  std::vector<std::string> reasons;  ///< a part of each
};

constexpr std::int64_t kNow = 1'700'000'000;  // Tue 2023-11-14 22:13:20 UTC

class RuleCases : public ::testing::TestWithParam<RuleCase> {};
INSTANTIATE_TEST_SUITE_P(
    Table, RuleCases,
    ::testing::Values(
        RuleCase{"soaked",
                 [](auto& r) { r.soak = 3600; },
                 [](auto& f) { f.active_since["a"] = kNow - 3600; },
                 Kind::promote,
                 {}},
        RuleCase{"soaks",
                 [](auto& r) { r.soak = 3600; },
                 [](auto& f) { f.active_since["a"] = kNow - 3000; },
                 Kind::promote,
                 {"active in a for 1h, and this one was for 50m; it is accepted in 10m"}},
        RuleCase{"clock_behind",
                 [](auto& r) { r.soak = 60; },
                 [](auto& f) { f.active_since["a"] = kNow + 500; },
                 Kind::promote,
                 {"it is accepted in 1m"}},
        RuleCase{"soak_unknown",
                 [](auto& r) { r.soak = 60; },
                 [](auto& f) { f.active_since.clear(); },
                 Kind::promote,
                 {"for 0s"}},
        RuleCase{"config_does_not_soak",
                 [](auto& r) { r.soak = 60; },
                 [](auto& f) { f.active_since.clear(); },
                 Kind::config,
                 {}},
        RuleCase{"rollback_does_not_soak",
                 [](auto& r) { r.soak = 60; },
                 [](auto& f) { f.active_since.clear(); },
                 Kind::rollback,
                 {}},
        RuleCase{"strict_rollback_soaks",
                 [](auto& r) {
                   r.soak = 60;
                   r.strict_rollback = true;
                 },
                 [](auto& f) { f.active_since.clear(); },
                 Kind::rollback,
                 {"for 0s"}},
        RuleCase{"denied",
                 [](auto& r) { r.deny = {io::digest_of("x").str()}; },
                 nullptr,
                 Kind::promote,
                 {io::digest_of("x").str() + " is denied"}},
        RuleCase{"denied_for_a_rollback_too",
                 [](auto& r) { r.deny = {io::digest_of("x").str()}; },
                 nullptr,
                 Kind::rollback,
                 {"is denied"}},
        RuleCase{"another_is_denied", [](auto& r) { r.deny = {io::digest_of("y").str()}; }, nullptr, Kind::promote, {}},
        RuleCase{"platforms", [](auto& r) { r.platforms = {"linux/amd64"}; }, nullptr, Kind::promote, {}},
        RuleCase{"platform_missing",
                 [](auto& r) {
                   r.platforms = {"linux/amd64", "linux/s390x"};
                 },
                 nullptr,
                 Kind::rollback,
                 {"needs the platform linux/s390x, the build has linux/amd64"}},
        RuleCase{"annotation",
                 [](auto& r) {
                   r.annotations = {{"team", ""}, {"tier", "1"}};
                 },
                 nullptr,
                 Kind::promote,
                 {}},
        RuleCase{"annotations_wrong",
                 [](auto& r) {
                   r.annotations = {{"owner", ""}, {"tier", "2"}};
                 },
                 nullptr,
                 Kind::release,
                 {"needs the annotation owner, the build has none", "tier to be \"2\", the build has \"1\""}},
        RuleCase{"young", [](auto& r) { r.max_age = 86400; }, nullptr, Kind::promote, {}},
        RuleCase{"old", [](auto& r) { r.max_age = 3600; }, nullptr, Kind::promote, {"at most 1h old"}},
        RuleCase{"age_unknown",
                 [](auto& r) { r.max_age = 86400; },
                 [](auto& f) { f.created.reset(); },
                 Kind::release,
                 {"does not record its time"}},
        RuleCase{"frozen",
                 [](auto& r) {
                   r.freeze = {{"Tue 23:00", "Wed 08:00", "Europe/Berlin"}};
                 },
                 nullptr,
                 Kind::config,
                 {"frozen from Tue 23:00 to Wed 08:00 (Europe/Berlin)"}},
        RuleCase{"not_frozen",
                 [](auto& r) {
                   r.freeze = {{"Tue 23:00", "Wed 08:00", "UTC"}};
                 },
                 nullptr,
                 Kind::promote,
                 {}},
        RuleCase{"held", [](auto&) {}, [](auto& f) { f.hold = Hold{"bob", "incident", kNow - 60}; }, Kind::promote,
                 {"held by bob"}},
        RuleCase{"held_but_back", [](auto&) {}, [](auto& f) { f.hold = Hold{"bob", "", kNow}; }, Kind::rollback, {}},
        RuleCase{"held_config", [](auto&) {}, [](auto& f) { f.hold = Hold{"bob", "", kNow}; }, Kind::config,
                 {"slipway unhold production"}},
        RuleCase{"approvals_not_asked_for_yet", [](auto& r) { r.approvals = 2; }, nullptr, Kind::promote, {}},
        RuleCase{"approved",
                 [](auto& r) { r.approvals = 2; },
                 [](auto& f) { f.approvers = {"bob", "cleo"}; },
                 Kind::promote,
                 {}},
        RuleCase{"approved_by_too_few",
                 [](auto& r) { r.approvals = 2; },
                 [](auto& f) { f.approvers = {"bob"}; },
                 Kind::promote,
                 {"needs 2 approvals of others than ann, this plan has that of bob"}},
        RuleCase{"approved_by_the_author",
                 [](auto& r) { r.approvals = 1; },
                 [](auto& f) { f.approvers = {"ann"}; },
                 Kind::promote,
                 {"needs an approval of others than ann, this plan has none"}},
        RuleCase{"approved_by_others_than_named",
                 [](auto& r) {
                   r.approvals = 1;
                   r.approvers = {"bob", "cleo"};
                 },
                 [](auto& f) { f.approvers = {"dan"}; },
                 Kind::release,
                 {"needs an approval of bob, cleo"}},
        RuleCase{"a_rollback_needs_no_approval",
                 [](auto& r) { r.approvals = 1; },
                 [](auto& f) { f.approvers.emplace(); },
                 Kind::rollback,
                 {}},
        RuleCase{"a_strict_rollback_needs_it",
                 [](auto& r) {
                   r.approvals = 1;
                   r.strict_rollback = true;
                 },
                 [](auto& f) { f.approvers.emplace(); },
                 Kind::rollback,
                 {"needs an approval"}},
        RuleCase{"objections",
                 [](auto& r) { r.exec = {"./check"}; },
                 [](auto& f) { f.objections = {"not on a Friday", "no ticket"}; },
                 Kind::promote,
                 {"./check says: not on a Friday", "./check says: no ticket"}},
        RuleCase{"everything_at_once",
                 [](auto& r) {
                   r.platforms = {"linux/s390x"};
                   r.deny = {io::digest_of("x").str()};
                   r.soak = 86400;
                   r.freeze = {{"22:00", "23:00", "UTC"}};
                 },
                 nullptr,
                 Kind::promote,
                 {"denied", "platform", "frozen", "active in a for 1d"}}),
    [](const auto& judged) { return judged.param.name; });

TEST_P(RuleCases, GivesEveryReason) {
  Environment environment;
  environment.after = {"a"};
  GetParam().rule(environment.rules);
  Facts facts = facts_of({{"a", "x"}});
  facts.now = kNow;
  facts.active_since["a"] = kNow - 7200;
  facts.platforms = {"linux/amd64"};
  facts.annotations = {{"team", "core"}, {"tier", "1"}};
  facts.created = kNow - 7200;
  if (GetParam().fact) GetParam().fact(facts);
  const Policy policy(environment);
  const auto reasons = policy.judge(plan_of(GetParam().kind, "x"), facts);
  ASSERT_EQ(reasons.size(), GetParam().reasons.size()) << texts(reasons);
  for (std::size_t i = 0; i < reasons.size(); ++i) {
    EXPECT_THAT(reasons[i].text, HasSubstr(GetParam().reasons[i]));
  }
  const auto again = Policy::parse(policy.canonical().value());
  ASSERT_TRUE(again) << again.error().describe();
  EXPECT_EQ(again->judge(plan_of(GetParam().kind, "x"), facts), reasons);
  EXPECT_EQ(again->canonical().value(), policy.canonical().value());
}

struct Moment {
  const char* name;
  Freeze freeze;
  const char* time;
  bool frozen;
};

class Freezes : public ::testing::TestWithParam<Moment> {};
INSTANTIATE_TEST_SUITE_P(
    Table, Freezes,
    ::testing::Values(
        Moment{"first_minute", {"Fri 16:00", "Mon 08:00", "UTC"}, "2026-11-20T16:00:00Z", true},
        Moment{"second_before", {"Fri 16:00", "Mon 08:00", "UTC"}, "2026-11-20T15:59:59Z", false},
        Moment{"sunday", {"Fri 16:00", "Mon 08:00", "UTC"}, "2026-11-22T12:00:00Z", true},
        Moment{"last_second", {"Fri 16:00", "Mon 08:00", "UTC"}, "2026-11-23T07:59:59Z", true},
        Moment{"over", {"Fri 16:00", "Mon 08:00", "UTC"}, "2026-11-23T08:00:00Z", false},
        Moment{"inside_one_week", {"Tue 10:00", "Wed 10:00", "UTC"}, "2026-11-24T10:00:00Z", true},
        Moment{"other_days", {"Tue 10:00", "Wed 10:00", "UTC"}, "2026-11-26T10:00:00Z", false},
        Moment{"berlin_winter", {"Fri 16:00", "Mon 08:00", "Europe/Berlin"}, "2026-11-20T15:00:00Z", true},
        Moment{"berlin_winter_before", {"Fri 16:00", "Mon 08:00", "Europe/Berlin"}, "2026-11-20T14:59:59Z", false},
        Moment{"berlin_summer", {"Fri 16:00", "Mon 08:00", "Europe/Berlin"}, "2026-07-17T14:00:00Z", true},
        Moment{"berlin_summer_before", {"Fri 16:00", "Mon 08:00", "Europe/Berlin"}, "2026-07-17T13:59:59Z", false},
        // 2026-10-25: 03:00 becomes 02:00, so 02:30 is there twice.
        Moment{"the_hour_that_is_there_twice", {"02:00", "03:00", "Europe/Berlin"}, "2026-10-25T00:30:00Z", true},
        Moment{"the_same_again", {"02:00", "03:00", "Europe/Berlin"}, "2026-10-25T01:30:00Z", true},
        Moment{"and_over", {"02:00", "03:00", "Europe/Berlin"}, "2026-10-25T02:00:00Z", false},
        Moment{"over_midnight", {"22:00", "06:00", "UTC"}, "2026-11-23T01:00:00Z", true},
        Moment{"at_noon", {"22:00", "06:00", "UTC"}, "2026-11-23T12:00:00Z", false},
        Moment{"once", {"2026-12-20 18:00", "2027-01-04 08:00", "UTC"}, "2027-01-01T00:00:00Z", true},
        Moment{"once_over", {"2026-12-20 18:00", "2027-01-04 08:00", "UTC"}, "2027-01-04T08:00:00Z", false},
        Moment{"before_1970", {"Wed 00:00", "Thu 00:00", "UTC"}, "1970-01-01T00:00:00Z", false},
        Moment{"a_zone_that_is_none_holds", {"22:00", "06:00", "Mars/Base"}, "2026-11-23T12:00:00Z", true}),
    [](const auto& moment) { return moment.param.name; });

TEST_P(Freezes, HoldOnTheClockOfTheirZone) {
  EXPECT_EQ(is_frozen(GetParam().freeze, parse_time(GetParam().time).value()), GetParam().frozen);
}

TEST(FreezeTimes, WhatIsNoneIsRefused) {
  for (const Freeze& bad : std::initializer_list<Freeze>{{"Fri", "Mon 08:00", "UTC"},
                                                         {"Fri 16:00", "Mon", "UTC"},
                                                         {"Fri 24:00", "Mon 08:00", "UTC"},
                                                         {"fri 16:00", "Mon 08:00", "UTC"},
                                                         {"Fri 16:60", "Mon 08:00", "UTC"},
                                                         {"Fri 1600", "Mon 08:00", "UTC"},
                                                         {"Fri 16:00", "08:00", "UTC"},
                                                         {"08:00", "08:00", "UTC"},
                                                         {"2026-02-30 08:00", "2026-03-01 08:00", "UTC"},
                                                         {"2026-03-02 08:00", "2026-03-01 08:00", "UTC"},
                                                         {"22:00", "06:00", "Mars/Base"},
                                                         {"22:00", "06:00", "../../etc/passwd"}}) {
    const Status status = check_freeze(bad);
    ASSERT_FALSE(status) << bad.from << " " << bad.to << " " << bad.zone;
    EXPECT_EQ(status.error().code, Errc::invalid_argument);
  }
  for (const auto& bad : std::initializer_list<Freeze>{{"soon", "Mon 08:00", "UTC"}, {"Mon 08:00", "soon", "UTC"}}) {
    EXPECT_EQ(check_freeze(bad).error().message, "\"soon\" is not a time");
    EXPECT_TRUE(is_frozen(bad, 0)) << "nothing is released in a time that nobody can read";
  }
}

TEST(Durations, HaveOneUnit) {
  for (const auto& [text, seconds] : std::initializer_list<std::pair<const char*, std::int64_t>>{
           {"90s", 90}, {"15m", 900}, {"1h", 3600}, {"7d", 604800}, {"2w", 1209600}}) {
    EXPECT_EQ(parse_duration(text).value(), seconds) << text;
  }
  for (const char* text : {"", "1", "h", "0h", "-1h", "1.5h", "1h30m", "1 h", "1y", "99999999999999999999s", "600w"}) {
    EXPECT_FALSE(parse_duration(text)) << text;
  }
  EXPECT_EQ(format_duration(5400), "1h 30m");
  EXPECT_EQ(format_duration(0), "0s");
  EXPECT_EQ(format_duration(8 * 86400 + 1), "8d 1s");
}

// In layer mode image and build have digests of their own: either can be denied.
TEST(Policy, DeniesTheImageAsWellAsTheBuild) {
  Plan plan = plan_of(Kind::release, "build");
  plan.entry.image.digest = io::digest_of("derived");
  for (const char* denied : {"build", "derived", "other"}) {
    Environment environment;
    environment.rules.deny = {io::digest_of(denied).str()};
    const auto reasons = Policy(environment).judge(plan, {});
    EXPECT_EQ(reasons.size(), std::string(denied) == "other" ? 0u : 1u) << denied;
  }
}

TEST(Policy, ABypassCoversTheRulesThatItNames) {
  struct Bypass {
    const char* text;
    std::vector<std::string> covered;
  };
  for (const Bypass& bypass :
       {Bypass{"", {}}, Bypass{"soak", {"soak"}}, Bypass{"platforms,max-age", {"platforms", "max-age"}},
        Bypass{"hotfix", {"soak", "freeze", "after", "approvals", "hold"}}, Bypass{"deny", {}},
        Bypass{"deny,exec", {"exec"}}, Bypass{"soak, freeze", {"soak", "freeze", "after", "approvals", "hold"}}}) {
    std::vector<std::string> names;
    for (const auto rule : bypassed_rules(bypass.text))
      names.emplace_back(name_of(rule));
    EXPECT_EQ(names, bypass.covered) << bypass.text;
  }
  EXPECT_TRUE(names_rules("soak,freeze"));
  EXPECT_FALSE(names_rules("prod is down"));
  EXPECT_FALSE(names_rules(""));
}

TEST(Policy, ADeniedDigestIsNeverBypassed) {
  Environment environment;
  environment.rules.deny = {io::digest_of("x").str()};
  for (const char* bypass : {"incident", "deny"}) {
    const Status refused = enforce(Policy(environment), plan_of(Kind::promote, "x", bypass), {});
    ASSERT_FALSE(refused) << bypass;
    EXPECT_EQ(refused.error().code, Errc::policy_denied);
    EXPECT_THAT(refused.error().hint, HasSubstr("cannot be bypassed"));
  }
}

TEST(Policy, ARefusalTellsLaterFromNever) {
  Environment environment;
  environment.after = {"a"};
  environment.rules.soak = 3600;
  Facts facts = facts_of({{"a", "x"}});
  facts.now = kNow;
  facts.active_since["a"] = kNow - 600;
  const auto soaking = Policy(environment).judge(plan_of(Kind::promote, "x"), facts);
  ASSERT_EQ(soaking.size(), 1u);
  EXPECT_EQ(soaking[0].until, kNow + 3000);
  const Status later = refuse(soaking);
  EXPECT_THAT(later.error().describe(), HasSubstr("not yet, at the earliest " + format_time(kNow + 3000)));
  EXPECT_THAT(later.error().hint, HasSubstr("run it again after " + format_time(kNow + 3000)));
  facts.active_builds["a"] = io::digest_of("y");
  const auto never = Policy(environment).judge(plan_of(Kind::promote, "x"), facts);
  ASSERT_EQ(never.size(), 1u);
  EXPECT_EQ(never[0].until, std::nullopt);
  EXPECT_THAT(refuse(never).error().describe(), HasSubstr("refused: production comes after a"));
}

TEST(Policy, AFreezeKnowsItsEnd) {
  struct End {
    Freeze freeze;
    const char* now;
    const char* end;
  };
  for (const End& e :
       {End{{"22:00", "06:00", "UTC"}, "2026-03-02T23:10:00Z", "2026-03-03T06:00:00Z"},
        End{{"22:00", "06:00", "UTC"}, "2026-03-02T05:59:30Z", "2026-03-02T06:00:00Z"},
        End{{"Fri 16:00", "Mon 08:00", "Europe/Berlin"}, "2026-03-07T12:00:00Z", "2026-03-09T07:00:00Z"},
        End{{"Fri 16:00", "Mon 08:00", "Europe/Berlin"}, "2026-03-28T12:00:00Z", "2026-03-30T06:00:00Z"},  // summer
        End{{"2026-12-20 18:00", "2027-01-02 00:00", "UTC"}, "2026-12-24T00:00:00Z", "2027-01-02T00:00:00Z"}}) {
    const std::int64_t now = parse_time(e.now).value();
    ASSERT_TRUE(is_frozen(e.freeze, now)) << e.now;
    const auto end = freeze_end(e.freeze, now);
    ASSERT_TRUE(end);
    EXPECT_EQ(format_time(*end), e.end) << e.now;
  }
}

}  // namespace
}  // namespace slipway::release
