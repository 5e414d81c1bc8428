#include "cli/registry_checks.h"

#include <gtest/gtest.h>

namespace slipway::cli {
namespace {

using Answers = std::map<std::string, std::string>;

std::vector<std::string> checks_of(const Answers& answers) {
  std::vector<std::string> names;
  for (const release::Finding& finding : findings_of(oci::Location::parse("reg.example/team/app").value(), answers)) {
    names.push_back(finding.check);
    EXPECT_FALSE(finding.meaning.empty() || finding.action.empty()) << finding.check;
  }
  return names;
}

TEST(RegistryChecks, EachAnswerThatMattersIsAFinding) {
  using Names = std::vector<std::string>;
  const Answers good{{"API", "HTTP 200"},
                     {"tags", "3"},
                     {"clock", "yes: that of the registry"},
                     {"deletes", "yes"},
                     {"referrers API", "yes"}};
  EXPECT_EQ(checks_of(good), Names());
  const auto with = [&](const std::string& name, const std::string& answer) {
    Answers answers = good;
    answers[name] = answer;
    return checks_of(answers);
  };
  EXPECT_EQ(with("API", "no: no connection"), Names{"registry"});
  EXPECT_EQ(with("tags", "no: refused (HTTP 401)"), Names{"login"});
  EXPECT_EQ(with("tags", "no: refused (HTTP 403)"), Names{"login"});
  EXPECT_EQ(with("tags", "no: is not there (HTTP 404)"), Names()) << "before the first push";
  EXPECT_EQ(with("tags", "no: broken (HTTP 500)"), Names{"registry"});
  EXPECT_EQ(with("clock", "no: the registry's is 90 s ahead"), Names{"clock"});
  EXPECT_EQ(with("deletes", "no: its configuration forbids it"), Names{"deletes"});
  EXPECT_EQ(with("referrers API", "no: a tag lists them instead"), Names{"collection"});
}

TEST(RegistryChecks, LimitsOfARegistryAreNotes) {
  for (const release::Finding& finding :
       findings_of(oci::Location::parse("reg.example/a").value(), {{"deletes", "no"}, {"referrers API", "no"}}))
    EXPECT_EQ(finding.remedy, release::Finding::Remedy::none) << finding.check;
}

}  // namespace
}  // namespace slipway::cli
