#include "slipway/run/update_policy.h"

#include <gmock/gmock.h>

namespace slipway::run {
namespace {

using testing::HasSubstr;

struct PolicyCase {
  const char *policy, *current;
  std::vector<std::string> tags;
  const char* newest;
};

TEST(UpdatePolicy, MovesToTheNewestTagThatFits) {
  const std::vector<std::string> tags{"1.27",  "1.27.0",         "1.27.9", "1.27.10", "1.28.0",      "1.28.0-rc.1",
                                      "2.0.0", "1.27.11-alpine", "1.28",   "v1.28.1", "1.27.10.1",   "latest",
                                      "0.3.1", "0.3.9",          "0.4.0",  "1",       "1.27.10-slim"};
  for (const PolicyCase& c : std::vector<PolicyCase>{
           {"same", "1.27", tags, "1.27"},
           {"semver ~1.27", "1.27.0", tags, "1.27.10"},
           {"semver ^1.27", "1.27.0", tags, "1.28.0"},
           {"semver *", "1.27.0", tags, "2.0.0"},
           {"semver 1.x", "1.27", tags, "1.28"},
           {"semver 1.27.x", "1.27.0-alpine", tags, "1.27.11-alpine"},
           {"semver ^0.3.0", "0.3.1", tags, "0.3.9"},
           {"semver >=0.3 <0.4 || 1.27.9", "0.3.1", tags, "1.27.9"},
           {"semver >1.27 <=1.28", "1.27.0", tags, "1.28.0"},
           {"semver 1.x", "v1.0.0", tags, "v1.28.1"},
           {"semver ~1.27", "latest", tags, "1.27.10"},
           {"semver <1.27", "1.27.9", tags, "1.27.9"},
           {"semver 3.x", "1.27.0", tags, "1.27.0"},
           {"regex build-(\\d+)", "build-9", {"build-10", "build-9", "build-8", "xbuild-11", "build-12x"}, "build-10"},
           {"regex \\d+-\\d+", "1-1", {"1-9", "2-1", "1-10"}, "2-1"},
           {"regex main-.*", "v1", {"main-a", "main-b"}, "main-b"},
           {"date .*", "2026-11-01", {"2026-11-28", "2026-02-30", "20261127"}, "2026-11-28"},
           {"date nightly-([0-9T]+)-.*",
            "nightly-20261101-abc",
            {"nightly-20261128T0100-f", "nightly-20261128-e", "x"},
            "nightly-20261128T0100-f"},
           {"date .*", "1.27", {"1.28", "latest"}, "1.27"}}) {
    const auto policy = parse_update_policy(c.policy);
    ASSERT_TRUE(policy) << c.policy << ": " << policy.error().describe();
    EXPECT_EQ(newest_tag(*policy, c.current, c.tags), c.newest) << c.policy << " from " << c.current;
    EXPECT_EQ(policy->str(), c.policy);
  }
}

TEST(UpdatePolicy, WhatIsNoPolicyIsRefused) {
  for (const char* text : {"", "semver", "same 1", "latest", "semver 1.y", "semver 1.2.3.4", "semver ~", "semver || 1",
                           "semver 1.x.2", "semver >>1", "semver =>1", "regex", "regex (", "date [", "Semver 1"}) {
    const auto policy = parse_update_policy(text);
    ASSERT_FALSE(policy) << text;
    EXPECT_EQ(policy.error().code, Errc::invalid_argument) << text;
  }
  EXPECT_FALSE(parse_update_policy("regex " + std::string(300, 'a')));
}

TEST(UpdatePolicy, StandsInACommentBesideTheReference) {
  const std::string_view text =
      "# slipway: same\nimage: a:1 # slipway: semver ~1.27\r\n# slipway: date .*\n  image: b:1\nimage: c:1\n\n"
      "x: y # slipway: same\nimage: d:1\n";
  EXPECT_EQ(policy_beside(text, text.find("a:1")), "semver ~1.27");
  EXPECT_EQ(policy_beside(text, text.find("b:1")), "date .*");
  EXPECT_EQ(policy_beside(text, text.find("c:1")), "");
  EXPECT_EQ(policy_beside(text, text.find("d:1")), "") << "that comment is another value's";
  EXPECT_EQ(policy_beside("a # slipway: same", 0), "same");
}

}  // namespace
}  // namespace slipway::run
