#include "slipway/oci/descriptor.h"

#include <gmock/gmock.h>

#include "slipway/base/text.h"

namespace slipway::oci {
namespace {

using testing::HasSubstr;

const std::string kHex(64, 'b');

Result<Descriptor> from(std::string_view json) {
  return Descriptor::from_json(Json::parse(json, "test").value(), "layers[0]");
}

/// The three required members, then `more`.
std::string with(const std::string& more) {
  return R"({"mediaType":"a/b","digest":"sha256:)" + kHex + R"(","size":3)" + more + "}";
}

TEST(Descriptor, ReadsTheRequiredMembers) {
  const auto d = from(with(""));
  ASSERT_TRUE(d.has_value());
  EXPECT_EQ(d->media_type, "a/b");
  EXPECT_EQ(d->digest.hex(), kHex);
  EXPECT_EQ(d->size, 3);
  EXPECT_EQ(*d, Descriptor("a/b", Digest::parse("sha256:" + kHex).value(), 3));
}

TEST(Descriptor, PrintsBackEveryMemberInFixedOrder) {
  const std::string text =
      with(R"(,"urls":["https://x/y"],"annotations":{"a":"1","b":"2"},"data":"YWJj",)"
           R"("platform":{"architecture":"amd64","os":"linux"},"artifactType":"c/d","x-new":{"k":[1,null]},"1":2.5)");
  const auto d = from(text);
  ASSERT_TRUE(d.has_value()) << d.error().describe();
  EXPECT_EQ(*d->data, "abc");
  EXPECT_EQ(d->platform->str(), "linux/amd64");
  EXPECT_EQ(d->annotations.at("b"), "2");
  EXPECT_EQ(d->to_json().compact(), text);
}

TEST(Descriptor, OrderOfWritingDoesNotDependOnReading) {
  const auto d =
      from(R"({"zz":1,"annotations":{"b":"2","a":"1"},"size":3,"digest":"sha256:)" + kHex + R"(","mediaType":"a/b"})");
  EXPECT_EQ(d->to_json().compact(), with(R"(,"annotations":{"a":"1","b":"2"},"zz":1)"));
}

TEST(Descriptor, NullIsAbsent) {
  const auto d = from(with(R"(,"urls":null,"annotations":null,"data":null,"platform":null,"artifactType":null)"));
  ASSERT_TRUE(d.has_value());
  EXPECT_EQ(d->to_json().compact(), with(""));
}

TEST(Descriptor, SizesReachInt64) {
  const std::string head = R"({"mediaType":"a/b","digest":"sha256:)" + kHex + R"(","size":)";
  EXPECT_EQ(from(head + "0}")->size, 0);
  EXPECT_EQ(from(head + "9223372036854775807}")->size, INT64_MAX);
  for (const char* size : {"-1", "9223372036854775808", "1e3", "1.5", "\"3\"", "null", "true", "[]", "-0.0"}) {
    const auto d = from(head + size + "}");
    ASSERT_FALSE(d.has_value()) << size;
    EXPECT_EQ(d.error().code, Errc::malformed);
    EXPECT_THAT(d.error().message, HasSubstr("\"size\""));
  }
}

TEST(Descriptor, RefusesEveryDigestThatCannotBeVerified) {
  for (const std::string& digest :
       {std::string("sha256:../../etc/passwd"), std::string("sha256:"), std::string(), "SHA256:" + kHex,
        "md5:" + std::string(32, 'a'), std::string("multihash+base58:QmX"), "sha256:" + std::string(64, 'B'),
        "sha256:" + kHex + "\\n", "sha512:" + kHex, " sha256:" + kHex}) {
    const auto d = from(R"({"mediaType":"a/b","size":3,"digest":")" + digest + "\"}");
    ASSERT_FALSE(d.has_value()) << digest;
    EXPECT_EQ(d.error().code, Errc::malformed);
    EXPECT_THAT(d.error().message, HasSubstr("layers[0]: \"digest\""));
  }
  EXPECT_TRUE(from(R"({"mediaType":"a/b","size":3,"digest":"sha512:)" + std::string(128, '1') + "\"}").has_value());
}

struct Bad {
  const char* name;
  std::string text;
  std::string part;
};

class DescriptorRefuses : public testing::TestWithParam<Bad> {};

TEST_P(DescriptorRefuses, NamingTheMember) {
  const auto d = from(GetParam().text);
  ASSERT_FALSE(d.has_value());
  EXPECT_EQ(d.error().code, Errc::malformed);
  EXPECT_THAT(d.error().message, HasSubstr("layers[0]"));
  EXPECT_THAT(d.error().message, HasSubstr(GetParam().part));
}

INSTANTIATE_TEST_SUITE_P(
    Table, DescriptorRefuses,
    testing::Values(
        Bad{"Array", "[]", "not a JSON object"}, Bad{"String", "\"x\"", "not a JSON object"},
        Bad{"NoType", R"({"size":1,"digest":"sha256:)" + kHex + "\"}", "\"mediaType\" is missing"},
        Bad{"NoDigest", R"({"size":1,"mediaType":"a/b"})", "\"digest\" is missing"},
        Bad{"NoSize", R"({"mediaType":"a/b","digest":"sha256:)" + kHex + "\"}", "\"size\" is missing"},
        Bad{"BadType", R"({"mediaType":"ab","size":1,"digest":"sha256:)" + kHex + "\"}", "not a media type"},
        Bad{"CaseVariant", with(R"(,"MediaType":"x/y")"), "only in case"},
        Bad{"CaseVariantOfAnAbsentOne", with(R"(,"Data":"YWJj")"), "only in case"},
        Bad{"UrlsNoList", with(R"(,"urls":"x")"), "\"urls\""}, Bad{"UrlsOfNumbers", with(R"(,"urls":[1])"), "\"urls\""},
        Bad{"AnnotationNumber", with(R"(,"annotations":{"a":1})"), "\"annotations\""},
        Bad{"AnnotationsList", with(R"(,"annotations":[])"), "\"annotations\""},
        Bad{"DataNoBase64", with(R"(,"data":"####")"), "not base64"},
        Bad{"DataUnpadded", with(R"(,"data":"YWJ")"), "not base64"},
        Bad{"DataTooShort", with(R"(,"data":"YWI=")"), "holds 2 bytes"},
        Bad{"DataTooLong", with(R"(,"data":"YWJjZA==")"), "holds 4 bytes"},
        Bad{"PlatformText", with(R"(,"platform":"linux/amd64")"), "\"platform\""},
        Bad{"PlatformHalf", with(R"(,"platform":{"os":"linux"})"), "platform: \"architecture\" is missing"}),
    [](const auto& row) { return row.param.name; });

TEST(Descriptor, EmbeddedDataIsCapped) {
  const auto d = from(with(R"(,"data":")" + std::string((1u << 20) + 4, 'A') + "\""));
  ASSERT_FALSE(d.has_value());
  EXPECT_EQ(d.error().code, Errc::too_large);
}

TEST(Descriptor, HostileTextIsEscapedInMessages) {
  const auto d = from(R"({"mediaType":"\u001b[2J","size":1,"digest":"sha256:)" + kHex + "\"}");
  ASSERT_FALSE(d.has_value());
  EXPECT_EQ(d.error().message.find('\x1b'), std::string::npos);
}

TEST(Descriptor, EmptyDataIsKept) {
  const auto d = from(R"({"mediaType":"a/b","digest":"sha256:)" + kHex + R"(","size":0,"data":""})");
  ASSERT_TRUE(d.has_value());
  EXPECT_EQ(d->data, "");
  EXPECT_THAT(d->to_json().compact(), HasSubstr(R"("data":"")"));
}

TEST(Descriptor, ContentIsDigestAndSize) {
  Descriptor a("a/b", Digest::parse("sha256:" + kHex).value(), 3);
  Descriptor b = a;
  b.media_type = "c/d";
  b.annotations["k"] = "v";
  EXPECT_TRUE(a.same_content(b));
  EXPECT_FALSE(a == b);
  b.size = 4;
  EXPECT_FALSE(a.same_content(b));
}

// A member a caller sets by hand must not appear twice: the document would be refused by every strict reader.
TEST(Descriptor, AnUnknownMemberNeverDoublesAKnownOne) {
  Descriptor d("a/b", Digest::parse("sha256:" + kHex).value(), 3);
  d.other.emplace_back("size", 99);
  EXPECT_EQ(d.to_json().compact(), with(""));
}

}  // namespace
}  // namespace slipway::oci
