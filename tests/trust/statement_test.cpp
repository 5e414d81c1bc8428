#include "slipway/trust/statement.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace slipway;
using namespace slipway::trust;
using ::testing::HasSubstr;

namespace {

const std::string kHex(64, 'a');
const Digest kDigest = Digest::parse("sha256:" + kHex).value();

std::string text(const std::string& subject, const std::string& rest = "") {
  return R"({"_type":"https://in-toto.io/Statement/v1","subject":[)" + subject +
         R"(],"predicateType":"https://example.com/t","predicate":{"any":[1]})" + rest + "}";
}
const std::string kSubject = R"({"digest":{"sha256":")" + kHex + R"("}})";

TEST(Statement, IsWrittenAsCosignWritesIt) {
  const Statement statement{{{"", {kDigest}, {{"env", "prod"}}}}, std::string(kSignPredicate), Json(Json::Object{})};
  EXPECT_EQ(write_statement(statement),
            R"({"_type":"https://in-toto.io/Statement/v1","subject":[{"digest":{"sha256":")" + kHex +
                R"("},"annotations":{"env":"prod"}}],"predicateType":)"
                R"("https://sigstore.dev/cosign/sign/v1","predicate":{}})");
}

TEST(Statement, ComesBack) {
  const Statement statement{{{"name", {kDigest}, {{"a", "b"}}}}, "https://example.com/t", Json().set("k", 1)};
  const Statement read = parse_statement(write_statement(statement)).value();
  ASSERT_EQ(read.subjects.size(), 1u);
  EXPECT_EQ(read.subjects[0].name, "name");
  EXPECT_EQ(read.subjects[0].digests, std::vector{kDigest});
  EXPECT_EQ(read.subjects[0].annotations.at("a"), "b");
  EXPECT_EQ(read.predicate_type, "https://example.com/t");
  EXPECT_EQ(read.predicate, Json().set("k", 1));
}

TEST(Statement, TakesTheOlderVersionAndTheOtherSpelling) {
  const std::string other =
      R"({"type":"https://in-toto.io/Statement/v0.1","subject":[)" + kSubject + R"(],"predicate_type":"t"})";
  EXPECT_EQ(parse_statement(other).value().predicate_type, "t");
}

TEST(Statement, PassesOverDigestsOfOtherAlgorithms) {
  const auto read = parse_statement(text(R"({"digest":{"gitCommit":"abcdef","sha256":")" + kHex + R"("}})")).value();
  EXPECT_EQ(read.subjects[0].digests, std::vector{kDigest});
}

TEST(Statement, RefusesWhatProtobufsReadersRefuse) {
  EXPECT_TRUE(parse_statement(text(kSubject)));
  const std::vector<std::string> bad{"",
                                     "[]",
                                     "{}",
                                     text(kSubject, R"(,"more":1)"),
                                     text(R"({"digest":{"sha256":"ABC"}})"),
                                     text(R"({"digest":{"sha256":"abc"}})"),
                                     text(R"({"digest":{"md5":"xyz"}})"),
                                     text(R"({"digest":{},"unknown":1})"),
                                     text("1"),
                                     text(kSubject, R"(,"predicate_type":"u")"),
                                     text(kSubject) + "x",
                                     R"({"_type":"https://example.com","subject":[],"predicateType":"t"})",
                                     R"({"_type":"https://in-toto.io/Statement/v1","predicateType":"t"})",
                                     R"({"_type":"https://in-toto.io/Statement/v1","subject":[]})"};
  for (const std::string& one : bad) {
    const auto read = parse_statement(one);
    ASSERT_FALSE(read) << one;
    EXPECT_EQ(read.error().code, Errc::malformed) << one;
  }
}

TEST(Statement, RefusesTooManySubjectsAndDigests) {
  std::string subjects = kSubject;
  for (int i = 1; i < 1024; ++i)
    subjects += "," + kSubject;
  EXPECT_TRUE(parse_statement(text(subjects)));
  EXPECT_EQ(parse_statement(text(subjects + "," + kSubject)).error().code, Errc::too_large);
  std::string digests = R"("a0":"aa")";
  for (int i = 1; i <= 32; ++i)
    digests += fmt::format(R"(,"a{}":"aa")", i);
  EXPECT_EQ(parse_statement(text(R"({"digest":{)" + digests + "}}")).error().code, Errc::too_large);
}

TEST(Statement, KnowsCosignsShortNames) {
  EXPECT_EQ(predicate_type_named("slsaprovenance1"), "https://slsa.dev/provenance/v1");
  EXPECT_EQ(predicate_type_named("spdxjson"), "https://spdx.dev/Document");
  EXPECT_EQ(predicate_type_named("cyclonedx"), "https://cyclonedx.org/bom");
  EXPECT_EQ(predicate_type_named("https://example.com/x"), "https://example.com/x");
}

}  // namespace
