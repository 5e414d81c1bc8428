#include "slipway/release/entry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "slipway/base/fs.h"
#include "slipway/io/hash.h"

namespace slipway::release {
namespace {

using ::testing::HasSubstr;

std::string golden(const std::string& name) {
  const char* folder = std::getenv("SLIPWAY_TESTDATA");
  auto text = read_file(real_fs(), stdfs::path(folder != nullptr ? folder : "testdata") / "release" / name);
  EXPECT_TRUE(text) << text.error().describe();
  return text ? *text : "";
}

Digest digest(const std::string& text) { return io::digest_of(text); }

Entry full_entry() {
  Entry entry{.app = "hello",
              .environment = "production",
              .number = 7,
              .kind = Kind::promote,
              .mode = Mode::env_file,
              .build = {"registry.example.com/team/hello", digest("build")},
              .revision = "0123abcd",
              .image = {"registry.example.com/prod/hello", digest("build")},
              .config = digest("config")};
  entry.prev = digest("prev");
  entry.from = Origin{"staging", 12, digest("from")};
  entry.ledger = "registry.example.com/team/hello-releases";
  entry.policy = digest("policy");
  entry.actor = "ann@build-1";
  entry.reason = "Über \"7\"";
  entry.bypass = "incident 42";
  entry.time = 1'700'000'000;
  entry.tool = "slipway 0.1.0";
  return entry;
}

Entry first_entry() {
  Entry entry{.app = "hello",
              .environment = "staging",
              .number = 1,
              .kind = Kind::release,
              .mode = Mode::env_file,
              .build = {"oci:images", digest("build")},
              .image = {"oci:images", digest("build")},
              .config = digest("config")};
  entry.ledger = "oci:images-releases";
  entry.actor = "ann";
  entry.time = 0;
  return entry;
}

struct Golden {
  const char* file;
  Entry (*make)();
};

class GoldenEntry : public ::testing::TestWithParam<Golden> {};
INSTANTIATE_TEST_SUITE_P(Files, GoldenEntry,
                         ::testing::Values(Golden{"entry-full.json", full_entry},
                                           Golden{"entry-first.json", first_entry}));

TEST_P(GoldenEntry, BytesNeverChange) { EXPECT_EQ(GetParam().make().canonical().value(), golden(GetParam().file)); }

TEST_P(GoldenEntry, ParsesBack) {
  const auto parsed = Entry::parse(golden(GetParam().file));
  ASSERT_TRUE(parsed) << parsed.error().describe();
  EXPECT_EQ(*parsed, GetParam().make());
}

TEST(Entry, UnknownMembersAreKeptAtEveryDepth) {
  std::string text = golden("entry-full.json");
  for (const char* object : {"\"build\":{", "\"from\":{", "\"image\":{"}) {
    text.insert(text.find(object) + std::string_view(object).size(), "\"aa-later\":[1,\"x\"],");
  }
  text.insert(1, "\"aa-later\":{\"deep\":true},");
  const auto parsed = Entry::parse(text);
  ASSERT_TRUE(parsed) << parsed.error().describe();
  EXPECT_EQ(parsed->canonical().value(), text);
}

struct Bad {
  const char* name;
  const char* from;
  const char* to;
  const char* says;
  Errc code = Errc::malformed;
};

class BadEntry : public ::testing::TestWithParam<Bad> {};
INSTANTIATE_TEST_SUITE_P(
    Table, BadEntry,
    ::testing::Values(Bad{"schema", "slipway/v1/entry", "slipway/v2/entry", "newer slipway", Errc::invalid_argument},
                      Bad{"no_app", "\"app\":\"hello\",", "", "app"},
                      Bad{"number_zero", "\"number\":7", "\"number\":0", "number"},
                      Bad{"number_text", "\"number\":7", "\"number\":\"7\"", "number"},
                      Bad{"number_fraction", "\"number\":7", "\"number\":7.5", "number"},
                      Bad{"kind", "\"kind\":\"promote\"", "\"kind\":\"deploy\"", "deploy"},
                      Bad{"mode", "\"mode\":\"env-file\"", "\"mode\":\"magic\"", "magic"},
                      Bad{"digest", "\"config\":\"sha256:", "\"config\":\"sha256:zz", "config"},
                      Bad{"build", "\"build\":{", "\"built\":{", "\"build\" is missing"},
                      Bad{"image", "\"image\":{", "\"imago\":{", "\"image\" is missing"},
                      Bad{"case_variant", "\"actor\":", "\"Actor\":", "ctor"},
                      Bad{"duplicate", "\"actor\":", "\"actor\":\"bob\",\"actor\":", "actor"},
                      Bad{"time", "2023-11-14T22:13:20Z", "yesterday", "yesterday"},
                      Bad{"from", "\"from\":{\"entry\"", "\"from\":{\"entri\"", "entry"},
                      Bad{"trailing", "\"tool\":\"slipway 0.1.0\"}", "\"tool\":\"x\"} {}", "release entry"}),
    [](const auto& bad) { return bad.param.name; });

TEST_P(BadEntry, IsRefused) {
  std::string text = golden("entry-full.json");
  const std::string_view from = GetParam().from;
  const std::size_t at = text.find(from);
  ASSERT_NE(at, std::string::npos) << from;
  text.replace(at, from.size(), GetParam().to);
  const auto parsed = Entry::parse(text);
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().code, GetParam().code) << parsed.error().describe();
  EXPECT_THAT(parsed.error().describe(), HasSubstr(GetParam().says));
}

TEST(Entry, KindsHaveTheNamesOfTheFormat) {
  EXPECT_EQ(name_of(Kind::release), "release");
  EXPECT_EQ(name_of(Kind::promote), "promote");
  EXPECT_EQ(name_of(Kind::config), "config");
  EXPECT_EQ(name_of(Kind::rollback), "rollback");
  EXPECT_EQ(name_of(Kind::adopt), "adopt");
}

TEST(Entry, SameReleaseLooksAtBuildConfigAndModeOnly) {
  const Entry one = full_entry();
  Entry other = one;
  other.number = 8;
  other.actor = "bob";
  EXPECT_TRUE(one.same_release(other));
  other.config = digest("other");
  EXPECT_FALSE(one.same_release(other));
  other = one;
  other.build.digest = digest("other");
  EXPECT_FALSE(one.same_release(other));
  other = one;
  other.mode = Mode::layer;
  EXPECT_FALSE(one.same_release(other));
}

TEST(Entry, KeepTag) { EXPECT_EQ(keep_tag("hello", "production", 12), "hello.production-v12"); }

}  // namespace
}  // namespace slipway::release
