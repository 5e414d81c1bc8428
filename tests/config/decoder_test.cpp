#include "slipway/config/decoder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

namespace slipway::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

/// One mapping with a decoder over it.
class DecoderTest : public testing::Test {
 protected:
  Decoder& decode(std::string_view text, std::string what = "image") {
    auto documents = parse_yaml(text, "slipway.yaml");
    EXPECT_TRUE(documents.has_value()) << text;
    root_ = documents.has_value() && !documents->empty() ? documents->front() : Node{};
    diagnostics_ = Diagnostics();
    decoder_.emplace(root_, std::move(what), diagnostics_);
    return *decoder_;
  }

  /// The only problem reported, as "row:col message [hint]".
  std::string problem() const {
    EXPECT_EQ(diagnostics_.errors().size(), 1u);
    if (diagnostics_.errors().empty()) return {};
    const Error& error = diagnostics_.errors().front();
    EXPECT_EQ(error.code, Errc::invalid_argument);
    EXPECT_EQ(error.where->file, "slipway.yaml");
    return fmt::format("{}:{} {}{}", error.where->row, error.where->col, error.message,
                       error.hint.empty() ? "" : fmt::format(" [{}]", error.hint));
  }
  void expect_clean() const {
    for (const Error& error : diagnostics_.errors())
      ADD_FAILURE() << error.describe();
  }

  Node root_;
  Diagnostics diagnostics_;
  std::optional<Decoder> decoder_;
};

TEST_F(DecoderTest, ReadsEveryKind) {
  Decoder& d = decode("s: text\nq: '12'\nb: true\ni: -5\no: gzip\nl: [a, b]\nm: {k: v, n: 1}\nx: {}\ne: []\n");
  EXPECT_EQ(d.string("s"), "text");
  EXPECT_EQ(d.string("q"), "12");
  EXPECT_EQ(d.boolean("b"), true);
  EXPECT_EQ(d.integer("i", -10, 10), -5);
  EXPECT_EQ(d.one_of("o", {"gzip", "zstd"}), "gzip");
  EXPECT_THAT(d.string_list("l"), ElementsAre("a", "b"));
  EXPECT_THAT(d.string_map("m"), ElementsAre(Pair("k", "v"), Pair("n", "1")));
  EXPECT_TRUE(d.require("x")->is_mapping());
  EXPECT_THAT(d.optional_string_list("e").value(), IsEmpty());
  d.finish();
  expect_clean();
}

TEST_F(DecoderTest, AbsentMembersAreNoProblem) {
  Decoder& d = decode("{}");
  EXPECT_EQ(d.get("a"), nullptr);
  EXPECT_EQ(d.string("a"), std::nullopt);
  EXPECT_EQ(d.boolean("a"), std::nullopt);
  EXPECT_EQ(d.integer("a", 0, 1), std::nullopt);
  EXPECT_EQ(d.one_of("a", {"x"}), std::nullopt);
  EXPECT_THAT(d.string_list("a"), IsEmpty());
  EXPECT_EQ(d.optional_string_list("a"), std::nullopt);
  EXPECT_THAT(d.string_map("a"), IsEmpty());
  d.finish();
  expect_clean();
}

TEST_F(DecoderTest, RequireNamesTheMemberAndItsMapping) {
  EXPECT_EQ(decode("a: 1\n").require("base"), nullptr);
  EXPECT_EQ(problem(), "1:1 image.base is missing");
}

TEST_F(DecoderTest, AnEmptyNameMeansTheDocument) {
  decode("a: 1\n", "").require("app");
  EXPECT_EQ(problem(), "1:1 app is missing");
  decode("[a]\n", "");
  EXPECT_EQ(problem(), "1:1 the document must be a mapping, but is a list");
}

TEST_F(DecoderTest, OtherThanMappingsAreReportedOnce) {
  for (const auto& [text, kind] : std::vector<std::pair<std::string, std::string>>{
           {"text\n", "text"}, {"[a]\n", "a list"}, {"---\n", "nothing"}}) {
    Decoder& d = decode(text);
    EXPECT_EQ(d.require("base"), nullptr);
    EXPECT_EQ(d.string("base"), std::nullopt);
    d.finish();
    EXPECT_THAT(problem(), HasSubstr("image must be a mapping, but is " + kind));
  }
}

TEST_F(DecoderTest, StringsMayLookLikeAnything) {
  Decoder& d = decode("a: 0755\nb: no\nc: 1.10\nd: \"\"\n");
  EXPECT_EQ(d.string("a"), "0755");
  EXPECT_EQ(d.string("b"), "no");
  EXPECT_EQ(d.string("c"), "1.10");
  EXPECT_EQ(d.string("d"), "");
  expect_clean();
}

TEST_F(DecoderTest, StringsAreNeitherNothingNorCollections) {
  EXPECT_EQ(decode("a:\n").string("a"), std::nullopt);
  EXPECT_EQ(problem(), "1:1 image.a must be text, but is nothing [write a value, or leave the key out]");
  EXPECT_EQ(decode("a: null\n").string("a"), std::nullopt);
  EXPECT_THAT(problem(), HasSubstr("1:4 image.a must be text, but is nothing"));
  EXPECT_EQ(decode("x: 1\na: [b]\n").string("a"), std::nullopt);
  EXPECT_EQ(problem(), "2:4 image.a must be text, but is a list");
  EXPECT_EQ(decode("a: {b: c}\n").string("a"), std::nullopt);
  EXPECT_EQ(problem(), "1:4 image.a must be text, but is a mapping");
}

TEST_F(DecoderTest, BooleansAreTrueAndFalseOnly) {
  EXPECT_EQ(decode("a: false\n").boolean("a"), false);
  expect_clean();
  const std::vector<std::pair<std::string, std::string>> cases{{"yes", "write true"},
                                                               {"NO", "write false"},
                                                               {"on", "write true"},
                                                               {"'true'", "write true"},
                                                               {"True", "write true"},
                                                               {"1", "write true or false, without quotes"},
                                                               {"maybe", "write true or false, without quotes"}};
  for (const auto& [text, hint] : cases) {
    EXPECT_EQ(decode("a: " + text + "\n").boolean("a"), std::nullopt) << text;
    EXPECT_THAT(problem(), HasSubstr("1:4 image.a must be true or false"));
    EXPECT_THAT(problem(), HasSubstr("[" + hint + "]")) << text;
  }
}

TEST_F(DecoderTest, IntegersAreStrict) {
  constexpr auto kMin = std::numeric_limits<std::int64_t>::min();
  constexpr auto kMax = std::numeric_limits<std::int64_t>::max();
  EXPECT_EQ(decode("a: 0\n").integer("a", kMin, kMax), 0);
  EXPECT_EQ(decode("a: 9223372036854775807\n").integer("a", kMin, kMax), kMax);
  EXPECT_EQ(decode("a: -9223372036854775808\n").integer("a", kMin, kMax), kMin);
  expect_clean();
  for (const char* text :
       {"9223372036854775808", "+1", "01", "0x10", "0o7", "1e3", "1_000", "1.0", "-0", "'5'", "five", "5 5"}) {
    EXPECT_EQ(decode(fmt::format("a: {}\n", text)).integer("a", kMin, kMax), std::nullopt) << text;
    EXPECT_THAT(problem(), HasSubstr("must be a whole number")) << text;
  }
}

TEST_F(DecoderTest, IntegersHaveARange) {
  EXPECT_EQ(decode("a: 1\n").integer("a", 1, 10), 1);
  EXPECT_EQ(decode("a: 10\n").integer("a", 1, 10), 10);
  expect_clean();
  EXPECT_EQ(decode("a: 0\n").integer("a", 1, 10), std::nullopt);
  EXPECT_EQ(problem(), "1:4 image.a must be from 1 to 10, but is \"0\"");
  EXPECT_EQ(decode("a: 11\n").integer("a", 1, 10), std::nullopt);
  EXPECT_THAT(problem(), HasSubstr("from 1 to 10"));
}

TEST_F(DecoderTest, OneOfSuggestsTheNearestWord) {
  EXPECT_EQ(decode("a: gzp\n").one_of("a", {"gzip", "zstd", "none"}), std::nullopt);
  EXPECT_EQ(problem(), "1:4 image.a must be one of gzip, zstd, none, but is \"gzp\" [did you mean gzip?]");
  EXPECT_EQ(decode("a: [gzip]\n").one_of("a", {"gzip"}), std::nullopt);
  EXPECT_THAT(problem(), HasSubstr("but is a list"));
}

TEST_F(DecoderTest, ListsSayWhichItemIsWrong) {
  EXPECT_THAT(decode("a: [x, {y: z}, w]\n").string_list("a"), ElementsAre("x", "w"));
  EXPECT_THAT(problem(), HasSubstr("1:8 image.a[1] must be text, but is a mapping"));
  EXPECT_THAT(decode("a: [null]\n").string_list("a"), IsEmpty());
  EXPECT_THAT(problem(), HasSubstr("image.a[0] must be text, but is nothing [put it in quotes"));
  EXPECT_EQ(decode("a: x\n").optional_string_list("a"), std::nullopt);
  EXPECT_EQ(problem(), "1:4 image.a must be a list, but is \"x\" [write [x]]");
  EXPECT_THAT(decode("a:\n").string_list("a"), IsEmpty());
  EXPECT_THAT(problem(), HasSubstr("[write [] for an empty list]"));
}

TEST_F(DecoderTest, MapsSayWhichMemberIsWrong) {
  EXPECT_THAT(decode("a:\n  k: v\n  bad: [x]\n").string_map("a"), ElementsAre(Pair("k", "v")));
  EXPECT_THAT(problem(), HasSubstr("3:8 image.a.bad must be text, but is a list"));
  EXPECT_THAT(decode("a: {K: }\n").string_map("a"), IsEmpty());
  EXPECT_THAT(problem(), HasSubstr("image.a.K must be text, but is nothing [write \"\" for an empty value]"));
  EXPECT_THAT(decode("a:\n").string_map("a"), IsEmpty());
  EXPECT_THAT(problem(), HasSubstr("[write {} for an empty mapping]"));
  EXPECT_THAT(decode("a: [x]\n").string_map("a"), IsEmpty());
  EXPECT_THAT(problem(), HasSubstr("image.a must be a mapping, but is a list"));
}

TEST_F(DecoderTest, FinishReportsUnknownKeysWithTheNearestKnownOne) {
  Decoder& d = decode("base: scratch\nplatfroms: [x]\nwhatever: 1\n");
  d.string("base");
  d.get("platforms");
  d.finish();
  ASSERT_EQ(diagnostics_.errors().size(), 2u);
  const Error& first = diagnostics_.errors()[0];
  EXPECT_EQ(first.message, "unknown key \"platfroms\" in image");
  EXPECT_EQ(first.hint, "did you mean platforms?");
  EXPECT_EQ(first.where->row, 2);
  EXPECT_EQ(first.where->col, 1) << "the key's place, not its value's";
  EXPECT_EQ(diagnostics_.errors()[1].hint, "known here: base, platforms");
}

TEST_F(DecoderTest, ErrorsOfTheCallerHaveTheMembersPlace) {
  Decoder& d = decode("x: 1\nmode: 9\n");
  d.error("mode", "is not an octal mode", "write for instance \"0755\"");
  EXPECT_EQ(problem(), "2:7 image.mode: is not an octal mode [write for instance \"0755\"]");
  EXPECT_EQ(d.where("absent").row, 1);
}

TEST_F(DecoderTest, MessagesShowNoControlCharacters) {
  decode("a: \"\\e[2J\"\n\"\\e[1m\": 1\n").boolean("a");
  decoder_->finish();
  for (const Error& error : diagnostics_.errors())
    EXPECT_EQ(error.describe().find('\x1b'), std::string::npos);
  EXPECT_EQ(diagnostics_.errors().size(), 2u);
}

}  // namespace
}  // namespace slipway::config
