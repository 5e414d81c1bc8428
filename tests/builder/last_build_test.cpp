#include "slipway/builder/last_build.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "slipway/io/hash.h"
#include "slipway/oci/media_type.h"
#include "support/temp_dir.h"

namespace slipway::builder {
namespace {

using ::testing::ElementsAre;

TEST(LastBuild, IsRememberedForEachApp) {
  test::TempDir dir;
  const auto folder = dir.path() / ".slipway";
  const Digest digest = io::digest_of("x");
  const auto location = oci::Location::parse("r.example/app:v1")->with_digest(digest);
  EXPECT_EQ(read_last_build(real_fs(), folder, "a").error().code, Errc::not_found);
  ASSERT_TRUE(write_last_build(real_fs(), folder, {"a", {location}, digest, std::string(oci::kManifestType), 5}));
  ASSERT_TRUE(write_last_build(real_fs(), folder, {"b", {}, io::digest_of("y"), "t/x", 6}));
  ASSERT_TRUE(write_last_build(real_fs(), folder, {"a", {location}, digest, std::string(oci::kManifestType), 7}));
  const auto a = read_last_build(real_fs(), folder, "a");
  ASSERT_TRUE(a) << a.error().describe();
  EXPECT_EQ(a->time, 7);
  EXPECT_THAT(a->locations, ElementsAre(location));
  EXPECT_EQ(read_last_build(real_fs(), folder, "b")->time, 6);
  EXPECT_EQ(read_last_build(real_fs(), folder, "c").error().code, Errc::not_found);
  ASSERT_TRUE(write_file_atomically(real_fs(), folder / "last-build.json",
                                    R"({"schema": "slipway/v2/last-build", "builds": []})"));
  EXPECT_EQ(read_last_build(real_fs(), folder, "a").error().code, Errc::invalid_argument);
}

}  // namespace
}  // namespace slipway::builder
