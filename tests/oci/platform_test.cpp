#include "slipway/oci/platform.h"

#include <gmock/gmock.h>

namespace slipway::oci {
namespace {

using testing::HasSubstr;

Platform platform(std::string_view text) { return Platform::parse(text).value(); }

Result<Platform> from(std::string_view json) { return Platform::from_json(Json::parse(json, "test").value()); }

TEST(Platform, ParsesAndPrints) {
  for (const char* text : {"linux/amd64", "linux/arm/v7", "linux/arm64", "windows/amd64", "linux/amd64/v3",
                           "linux/riscv64", "linux/arm64/v9", "freebsd/386", "linux/arm/v6", "linux/arm"}) {
    EXPECT_EQ(platform(text).str(), text);
  }
  const Platform arm = platform("linux/arm/v7");
  EXPECT_EQ(arm.os, "linux");
  EXPECT_EQ(arm.architecture, "arm");
  EXPECT_EQ(arm.variant, "v7");
}

TEST(Platform, DefaultVariantsAreLeftOut) {
  EXPECT_EQ(platform("linux/arm64/v8").str(), "linux/arm64");
  EXPECT_EQ(platform("linux/amd64/v1").str(), "linux/amd64");
  EXPECT_EQ(platform("linux/arm/v7").str(), "linux/arm/v7") << "arm is always written with its variant";
}

TEST(Platform, RefusesWhatIsNone) {
  for (const char* text :
       {"", "linux", "linux/", "/amd64", "linux/amd64/", "linux/amd64/v1/x", "Linux/amd64", "linux/AMD64",
        "linux /amd64", "linux/amd64\n", "linux//v7", "linux/\xC3\xA4", "linux,amd64"}) {
    const auto parsed = Platform::parse(text);
    ASSERT_FALSE(parsed.has_value()) << text;
    EXPECT_EQ(parsed.error().code, Errc::invalid_argument);
    EXPECT_THAT(parsed.error().hint, HasSubstr("linux/amd64"));
  }
  EXPECT_FALSE(Platform::parse("linux/" + std::string(65, 'a')).has_value());
}

TEST(Platform, TheKernelsNamesHintAtTheImagesNames) {
  const auto hint = [](const char* text) { return Platform::parse(text).error().hint; };
  EXPECT_EQ(hint("linux/x86_64"), "write linux/amd64");
  EXPECT_EQ(hint("linux/aarch64"), "write linux/arm64");
  EXPECT_EQ(hint("linux/armhf"), "write linux/arm/v7");
  EXPECT_EQ(hint("linux/armv6l"), "write linux/arm/v6");
  EXPECT_EQ(hint("linux/i686"), "write linux/386");
}

struct Match {
  const char* wanted;
  const char* offered;
  bool runs;
};

class PlatformMatch : public testing::TestWithParam<Match> {};

TEST_P(PlatformMatch, Accepts) {
  const Match& row = GetParam();
  EXPECT_EQ(platform(row.wanted).accepts(platform(row.offered)), row.runs) << row.wanted << " <- " << row.offered;
}

INSTANTIATE_TEST_SUITE_P(
    Table, PlatformMatch,
    testing::Values(Match{"linux/amd64", "linux/amd64", true}, Match{"linux/amd64", "linux/arm64", false},
                    Match{"linux/amd64", "windows/amd64", false}, Match{"linux/amd64", "linux/amd64/v1", true},
                    Match{"linux/amd64", "linux/amd64/v2", false}, Match{"linux/amd64/v3", "linux/amd64", true},
                    Match{"linux/amd64/v3", "linux/amd64/v2", true}, Match{"linux/amd64/v3", "linux/amd64/v4", false},
                    Match{"linux/arm64", "linux/arm64/v8", true}, Match{"linux/arm64/v8", "linux/arm64", true},
                    Match{"linux/arm64", "linux/arm64/v9", false}, Match{"linux/arm64/v9", "linux/arm64", true},
                    Match{"linux/arm64/v8.2", "linux/arm64", true}, Match{"linux/arm64", "linux/arm64/v8.2", false},
                    Match{"linux/arm/v7", "linux/arm/v6", true}, Match{"linux/arm/v6", "linux/arm/v7", false},
                    Match{"linux/arm", "linux/arm/v7", true}, Match{"linux/arm", "linux/arm/v5", true},
                    Match{"linux/arm/v6", "linux/arm", false}, Match{"linux/arm64", "linux/arm/v7", false},
                    Match{"linux/amd64", "linux/amd64/vx", false}, Match{"linux/amd64", "linux/amd64/v1.9", false},
                    Match{"linux/amd64/x", "linux/amd64", false}, Match{"linux/amd64/x", "linux/amd64/x", true},
                    Match{"linux/amd64/v4", "linux/amd64/v999999999999", false},
                    Match{"linux/mips", "linux/mips/hardfloat", true},
                    Match{"linux/mips/softfloat", "linux/mips/hardfloat", false}));

// A stored variant "v8" and a missing one are the same: the commonest selection mistake.
TEST(Platform, WrittenAndMissingDefaultsAreOne) {
  const Platform written = from(R"({"os":"linux","architecture":"arm64","variant":"v8"})").value();
  EXPECT_EQ(written.str(), "linux/arm64/v8") << "read as it stands";
  EXPECT_EQ(written.match(platform("linux/arm64")), platform("linux/arm64").match(written));
  EXPECT_TRUE(written.accepts(written));
}

TEST(Platform, TheSameVariantBeatsALowerOne) {
  const Platform wanted = platform("linux/arm/v7");
  EXPECT_GT(wanted.match(platform("linux/arm/v7")), wanted.match(platform("linux/arm/v6")));
  EXPECT_GT(wanted.match(platform("linux/arm/v6")), wanted.match(platform("linux/arm/v5")));
}

TEST(Platform, AnOsVersionAskedForMustBeThere) {
  Platform wanted = platform("windows/amd64");
  Platform offered = wanted;
  offered.os_version = "10.0.17763.1";
  EXPECT_TRUE(wanted.accepts(offered));
  wanted.os_version = "10.0.20348.1";
  EXPECT_FALSE(wanted.accepts(offered));
  wanted.os_version = offered.os_version;
  EXPECT_TRUE(wanted.accepts(offered));
}

TEST(Platform, JsonKeepsEverything) {
  const std::string text = R"({"architecture":"amd64","os":"windows","os.version":"10","os.features":["win32k"],)"
                           R"("variant":"v2","features":["sse4"]})";
  const auto read = from(text);
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->os_version, "10");
  EXPECT_EQ(read->os_features, std::vector<std::string>{"win32k"});
  EXPECT_EQ(read->to_json().compact(), text);
}

TEST(Platform, JsonOrderIsFixedAndEmptyMembersAreLeftOut) {
  EXPECT_EQ(platform("linux/arm/v7").to_json().compact(), R"({"architecture":"arm","os":"linux","variant":"v7"})");
  EXPECT_EQ(platform("linux/amd64").to_json().compact(), R"({"architecture":"amd64","os":"linux"})");
}

TEST(Platform, JsonIsStrict) {
  for (const char* text :
       {R"([])", R"({})", R"({"os":"linux"})", R"({"architecture":"amd64"})", R"({"os":1,"architecture":"a"})",
        R"({"os":null,"architecture":"a"})", R"({"os":"linux","architecture":"a","OS":"windows"})",
        R"({"os":"linux","architecture":"a","variant":7})", R"({"os":"linux","architecture":"a","os.features":"x"})",
        R"({"os":"linux","architecture":"a","Os.Version":"1"})"}) {
    const auto read = from(text);
    ASSERT_FALSE(read.has_value()) << text;
    EXPECT_EQ(read.error().code, Errc::malformed) << text;
  }
  EXPECT_TRUE(from(R"({"os":"linux","architecture":"a","variant":null,"os.features":null})").has_value());
}

TEST(Platform, TheHostIsAPlatform) {
  const Platform host = host_platform();
  EXPECT_EQ(host.os, "linux");
  EXPECT_EQ(Platform::parse(host.str()).value(), host) << host.str();
}

}  // namespace
}  // namespace slipway::oci
