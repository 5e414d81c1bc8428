#include "slipway/image/lock.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "slipway/io/hash.h"
#include "support/temp_dir.h"

namespace slipway::image {
namespace {

const Digest kOne = io::digest_of("one");
const Digest kTwo = io::digest_of("two");

TEST(Lock, MissingFileIsEmptyAndRoundTrips) {
  test::TempDir dir;
  const auto file = dir.path() / "slipway.lock";
  auto lock = Lock::read(real_fs(), file);
  ASSERT_TRUE(lock);
  EXPECT_TRUE(lock->images().empty());
  EXPECT_TRUE(lock->set("b.example/x:1", kOne));
  EXPECT_TRUE(lock->set("a.example/y:2", kTwo));
  EXPECT_FALSE(lock->set("a.example/y:2", kTwo));
  EXPECT_TRUE(lock->set("a.example/y:2", kOne));
  ASSERT_TRUE(lock->write(real_fs(), file));
  const auto again = Lock::read(real_fs(), file);
  ASSERT_TRUE(again) << again.error().describe();
  EXPECT_EQ(again->images(), lock->images());
  EXPECT_EQ(again->find("a.example/y:2"), kOne);
  EXPECT_EQ(again->find("c"), std::nullopt);
}

TEST(Lock, CodecsAreKeptAndLeftOutWhereTheyAreImplied) {
  Lock lock;
  EXPECT_EQ(lock.codec("zstd"), "");
  EXPECT_FALSE(lock.set_codec("zstd", ""));
  EXPECT_TRUE(lock.set_codec("zstd", "zstd-1.5.7"));
  EXPECT_FALSE(lock.set_codec("zstd", "zstd-1.5.7"));
  const std::string text = lock.serialize();
  EXPECT_EQ(text,
            "{\n  \"schema\": \"slipway/v1/lock\",\n  \"images\": {},\n  \"codecs\": {\n    \"zstd\": "
            "\"zstd-1.5.7\"\n  }\n}\n");
  auto again = Lock::parse(text, "lock");
  ASSERT_TRUE(again) << again.error().describe();
  EXPECT_EQ(again->codec("zstd"), "zstd-1.5.7");
  EXPECT_TRUE(again->set_codec("zstd", ""));
  EXPECT_EQ(again->serialize().find("codecs"), std::string::npos);
}

TEST(Lock, BytesAreSortedAndIndented) {
  Lock lock;
  lock.set("b/x:1", kTwo);
  lock.set("a/x:1", kOne);
  EXPECT_EQ(lock.serialize(), "{\n  \"schema\": \"slipway/v1/lock\",\n  \"images\": {\n    \"a/x:1\": \"" + kOne.str() +
                                  "\",\n    \"b/x:1\": \"" + kTwo.str() + "\"\n  }\n}\n");
}

TEST(Lock, UnknownMembersAreKept) {
  const auto lock = Lock::parse(R"({"schema": "slipway/v1/lock", "images": {}, "later": {"x": [1, 2]}})", "the lock");
  ASSERT_TRUE(lock);
  EXPECT_THAT(lock->serialize(), ::testing::HasSubstr("\"later\""));
}

TEST(Lock, WhatIsBrokenIsConfiguration) {
  for (const char* bad :
       {"", "[]", "{}", R"({"schema": "slipway/v2/lock", "images": {}})",
        R"({"schema": "slipway/v1/lock", "images": {"a": "sha256:12"}})",
        R"({"schema": "slipway/v1/lock", "images": {"a": 1}})", R"({"schema": "slipway/v1/lock", "images": []})",
        R"({"schema": "slipway/v1/lock", "Images": {}})"}) {
    const auto lock = Lock::parse(bad, "the lock");
    ASSERT_FALSE(lock) << bad;
    EXPECT_EQ(lock.error().code, Errc::invalid_argument) << bad;
    EXPECT_FALSE(lock.error().hint.empty());
  }
}

}  // namespace
}  // namespace slipway::image
