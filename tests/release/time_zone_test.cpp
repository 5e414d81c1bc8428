#include "release/time_zone.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>

#include "support/temp_dir.h"

namespace slipway::release {
namespace {

constexpr std::int64_t kYear = 31556952;
const std::string kZones = "/usr/share/zoneinfo";

/// The C library's answer for the zone that TZ names.
std::int64_t offset_by_libc(std::int64_t unix_seconds) {
  const auto at = static_cast<std::time_t>(unix_seconds);
  std::tm broken{};
  ::localtime_r(&at, &broken);
  return broken.tm_gmtoff;
}

class TimeZones : public ::testing::Test {
 protected:
  void TearDown() override {
    ::unsetenv("TZ");
    ::tzset();
  }
  static void choose(const std::string& name) {
    ::setenv("TZ", (":" + name).c_str(), 1);
    ::tzset();
  }
};

TEST_F(TimeZones, AgreeWithTheCLibraryInEveryZone) {
  std::size_t zones = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(kZones)) {
    const std::string name = entry.path().lexically_relative(kZones);
    if (!entry.is_regular_file() || name.starts_with("right/") || name.starts_with("posix/")) continue;
    if (name.find('.') != std::string::npos || name == "leapseconds") continue;
    const auto zone = TimeZone::find(name);
    ASSERT_TRUE(zone) << name;
    choose(name);
    ++zones;
    for (std::int64_t at = -40 * kYear; at < 120 * kYear; at += 71 * 86400 + 4567)
      ASSERT_EQ(zone->offset_at(at), offset_by_libc(at)) << name << " at " << at;
  }
  EXPECT_GT(zones, 300u);
}

// Summer time behind the table's end: both hemispheres, half an hour, negative, and at hours outside the day.
TEST_F(TimeZones, ChangeToTheSecondByTheirRule) {
  for (const char* name : {"Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Europe/Dublin", "Asia/Gaza",
                           "America/Nuuk", "Africa/Casablanca", "Pacific/Chatham", "America/Santiago"}) {
    const auto zone = TimeZone::find(name);
    ASSERT_TRUE(zone) << name;
    choose(name);
    for (std::int64_t at = 2208988800; at < 2208988800 + kYear; at += 1800) {
      ASSERT_EQ(zone->offset_at(at), offset_by_libc(at)) << name << " at " << at;
      ASSERT_EQ(zone->offset_at(at - 1), offset_by_libc(at - 1)) << name << " before " << at;
    }
  }
}

TEST(ZoneRules, DaysOfTheYearWithAndWithoutTheLeapDay) {
  const auto with = ZoneRule::parse("AAA0BBB,59/0,300/0");
  const auto without = ZoneRule::parse("AAA0BBB,J60/0,J300/0");
  ASSERT_TRUE(with && without);
  constexpr std::int64_t kFeb29 = 1709164800, kDay = 86400;  // 2024
  EXPECT_EQ(with->offset_at(kFeb29 - 1), 0);
  EXPECT_EQ(with->offset_at(kFeb29), 3600);
  EXPECT_EQ(without->offset_at(kFeb29 + kDay - 1), 0);
  EXPECT_EQ(without->offset_at(kFeb29 + kDay), 3600);
}

TEST(ZoneRules, MalformedOnesAreRefused) {
  for (const char* text : {"", "CET", "CE-1", "CET-1CEST", "CET-1CEST,M3.5.0", "CET-1CEST,M13.5.0,M10.5.0/3",
                           "CET-1CEST,M3.6.0,M10.5.0", "CET-1CEST,M3.5.7,M10.5.0", "CET-1CEST,J0,J365",
                           "CET-1CEST,M3.5.0,M10.5.0/3x", "<+03-3", "CET-1CEST,M3.5.0,M10.5.0/168", "CET-1:60"}) {
    EXPECT_FALSE(ZoneRule::parse(text)) << text;
  }
}

TEST(ZoneFiles, AreFoundInTheBundledFolderLastAndDamagedOnesNever) {
  const test::TempDir dir;
  std::filesystem::copy_file(kZones + "/Asia/Kolkata", dir.path() / "Bundled");
  std::ofstream(dir.path() / "Short") << "TZif2";
  std::ofstream(dir.path() / "Text") << "not a zone";
  ASSERT_FALSE(TimeZone::find("Bundled"));
  ::setenv("SLIPWAY_ZONES", dir.path().c_str(), 1);
  const auto bundled = TimeZone::find("Bundled");
  for (const char* name : {"Short", "Text", "None", "../Bundled", "", "/", "."})
    EXPECT_FALSE(TimeZone::find(name)) << name;
  ::unsetenv("SLIPWAY_ZONES");
  ASSERT_TRUE(bundled);
  EXPECT_EQ(bundled->offset_at(0), 19800);
  std::ifstream file(kZones + "/Europe/Berlin", std::ios::binary);
  const std::string whole{std::istreambuf_iterator<char>(file), {}};
  ASSERT_TRUE(TimeZone::parse(whole));
  for (std::size_t size = 0; size + 64 < whole.size(); size += 7)
    EXPECT_FALSE(TimeZone::parse(whole.substr(0, size))) << size;
}

TEST(ZoneFiles, UtcNeedsNone) { EXPECT_EQ(TimeZone::find("UTC")->offset_at(1750000000), 0); }

}  // namespace
}  // namespace slipway::release
