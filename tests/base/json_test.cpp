#include "slipway/base/json.h"

#include <gtest/gtest.h>

#include "slipway/base/json_reader.h"

namespace slipway {
namespace {

TEST(Json, KeepsOrderAndPrintsBack) {
  const std::string text = R"({"b":1,"a":[true,null,"x\n\u00e9"],"c":{"d":-5}})";
  const auto json = Json::parse(text, "test");
  ASSERT_TRUE(json.has_value());
  EXPECT_EQ(json->compact(), "{\"b\":1,\"a\":[true,null,\"x\\n\xC3\xA9\"],\"c\":{\"d\":-5}}");
  EXPECT_EQ(*json->find("b")->integer(), 1);
  EXPECT_EQ(json->find("none"), nullptr);
}

TEST(Json, PrettyIndentsByTwo) {
  EXPECT_EQ(Json::parse(R"({"a":[1,2],"b":{}})", "t")->pretty(), "{\n  \"a\": [\n    1,\n    2\n  ],\n  \"b\": {}\n}");
}

struct Refused {
  const char* name;
  std::string text;
  Errc code;
  const char* part;
};

class JsonRefuses : public testing::TestWithParam<Refused> {};

TEST_P(JsonRefuses, WithTheReason) {
  const auto json = Json::parse(GetParam().text, "doc", {.max_bytes = 4096, .max_depth = 64});
  ASSERT_FALSE(json.has_value());
  EXPECT_EQ(json.error().code, GetParam().code);
  EXPECT_NE(json.error().message.find(GetParam().part), std::string::npos) << json.error().message;
  EXPECT_EQ(json.error().message.rfind("doc: ", 0), 0u) << json.error().message;
}

INSTANTIATE_TEST_SUITE_P(
    Table, JsonRefuses,
    testing::Values(Refused{"DuplicateName", R"({"config":1,"config":2})", Errc::malformed,
                            "duplicate name \"config\""},
                    Refused{"NestedDuplicate", R"({"a":[{"x":1,"x":1}]})", Errc::malformed, "duplicate name \"x\""},
                    Refused{"EscapedDuplicate", R"({"a":1,"\u0061":2})", Errc::malformed, "duplicate name"},
                    Refused{"Trailing", "{} x", Errc::malformed, "not valid JSON"},
                    Refused{"TwoValues", "{}{}", Errc::malformed, "not valid JSON"},
                    Refused{"Empty", "", Errc::malformed, "not valid JSON"},
                    Refused{"Bom", "\xEF\xBB\xBF{}", Errc::malformed, "byte order mark"},
                    Refused{"BadUtf8", "{\"a\":\"\xff\"}", Errc::malformed, "UTF-8"},
                    Refused{"LoneSurrogate", R"({"a":"\ud800"})", Errc::malformed, "surrogate"},
                    Refused{"NaN", "[NaN]", Errc::malformed, "not valid JSON"},
                    Refused{"Comment", "{} // hi", Errc::malformed, "not valid JSON"},
                    Refused{"RawControl", "[\"a\nb\"]", Errc::malformed, "control"},
                    Refused{"Deep", std::string(65, '[') + std::string(65, ']'), Errc::too_large, "deeper than 64"},
                    Refused{"Long", "\"" + std::string(5000, 'x') + "\"", Errc::too_large, "limit"}),
    [](const auto& param) { return param.param.name; });

TEST(Json, DepthAtTheLimitIsRead) {
  EXPECT_TRUE(Json::parse(std::string(64, '[') + std::string(64, ']'), "t").has_value());
}

TEST(Json, HugeIntegersAndFractionsKeepTheirTextAndAreNoIntegers) {
  const auto json = Json::parse("[9223372036854775807,9223372036854775808,1.5,1e3]", "t");
  ASSERT_TRUE(json.has_value());
  const Json::Array& items = *json->array();
  EXPECT_EQ(*items[0].integer(), 9223372036854775807);
  EXPECT_EQ(items[1].integer(), nullptr);
  EXPECT_EQ(items[2].number()->text, "1.5");
  EXPECT_EQ(items[3].integer(), nullptr);
  EXPECT_EQ(json->compact(), "[9223372036854775807,9223372036854775808,1.5,1e3]");
}

TEST(Json, CanonicalSortsByUtf16AndEscapesAsRfc8785) {
  Json json;
  json.set("\xF0\x9F\x98\x80", 1);  // U+1F600: surrogates sort before U+FB33
  json.set("\xEF\xAC\xB3", 2);
  json.set("a", "\x01\"\\/\b");
  EXPECT_EQ(json.canonical().value(), "{\"a\":\"\\u0001\\\"\\\\/\\b\",\"\xF0\x9F\x98\x80\":1,\"\xEF\xAC\xB3\":2}");
}

TEST(Json, CanonicalRefusesWhatHasNoOneForm) {
  EXPECT_FALSE(Json(Json::Number{"1.5"}).canonical().has_value());
  EXPECT_FALSE(Json((std::int64_t{1} << 53) + 1).canonical().has_value());
  EXPECT_TRUE(Json(std::int64_t{1} << 53).canonical().has_value());
  EXPECT_FALSE(Json("\xff").canonical().has_value());
}

TEST(Json, SetReplacesInPlace) {
  Json json;
  json.set("a", 1).set("b", 2).set("a", 3);
  EXPECT_EQ(json.compact(), R"({"a":3,"b":2})");
}

TEST(JsonReader, ReadsTypesAndReturnsUnknownMembers) {
  const Json json = Json::parse(R"({"s":"x","n":7,"l":["a"],"m":{"k":"v"},"z":null,"more":1})", "t").value();
  auto reader = JsonReader::of(json, "thing").value();
  EXPECT_EQ(reader.required_string("s").value(), "x");
  EXPECT_EQ(reader.required_integer("n", 0, 10).value(), 7);
  EXPECT_EQ(reader.string_list("l").value()->front(), "a");
  EXPECT_EQ(reader.string_map("m").value().front().second, "v");
  EXPECT_FALSE(reader.string("z").value().has_value());
  const auto unknown = reader.finish();
  ASSERT_TRUE(unknown.has_value());
  ASSERT_EQ(unknown->size(), 1u);
  EXPECT_EQ(unknown->front().first, "more");
}

TEST(JsonReader, RefusesWrongTypesAndRanges) {
  const Json json = Json::parse(R"({"s":1,"n":-1,"big":1e3,"l":[1],"d":"sha256:x"})", "t").value();
  auto reader = JsonReader::of(json, "thing").value();
  EXPECT_EQ(reader.string("s").error().message, "thing: \"s\" is not a string");
  EXPECT_EQ(reader.integer("n", 0, 5).error().message, "thing: \"n\" is not an integer from 0 to 5");
  EXPECT_FALSE(reader.integer("big", 0, 5000).has_value());
  EXPECT_FALSE(reader.string_list("l").has_value());
  EXPECT_FALSE(reader.required_digest("d").has_value());
  EXPECT_EQ(reader.required_string("gone").error().message, "thing: \"gone\" is missing");
  EXPECT_FALSE(JsonReader::of(Json(1), "thing").has_value());
}

TEST(JsonReader, RefusesCaseVariantsOfKnownNames) {
  const Json json = Json::parse(R"({"mediaType":"a","MediaType":"b"})", "t").value();
  auto reader = JsonReader::of(json, "thing").value();
  EXPECT_TRUE(reader.string("mediaType").has_value());
  const auto end = reader.finish();
  ASSERT_FALSE(end.has_value());
  EXPECT_NE(end.error().message.find("only in case"), std::string::npos);
}

TEST(Json, LenientMembersAreEmptyWhereTheyAreAbsentOrOfAnotherType) {
  const Json json = Json::parse(R"({"a":"x","b":["y",1],"c":3,"d":null})", "test").value();
  EXPECT_EQ(json.text("a"), "x");
  for (const char* key : {"b", "c", "d", "none"})
    EXPECT_EQ(json.text(key), "") << key;
  ASSERT_EQ(json.items("b").size(), 2u);
  EXPECT_EQ(json.items("b")[0], Json("y"));
  for (const char* key : {"a", "c", "d", "none"})
    EXPECT_TRUE(json.items(key).empty()) << key;
  EXPECT_EQ(Json("text").text("a"), "");
  EXPECT_TRUE(Json().items("a").empty());
}

TEST(JsonReader, IntegersStayWithinTheirRange) {
  const Json json = Json::parse(R"({"low":-1,"least":0,"most":9,"high":10})", "test").value();
  JsonReader reader = JsonReader::of(json, "test").value();
  EXPECT_EQ(reader.integer("least", 0, 9).value(), 0);
  EXPECT_EQ(reader.integer("most", 0, 9).value(), 9);
  for (const char* key : {"low", "high"})
    EXPECT_EQ(reader.integer(key, 0, 9).error().describe(),
              fmt::format("test: \"{}\" is not an integer from 0 to 9", key));
}

}  // namespace
}  // namespace slipway
