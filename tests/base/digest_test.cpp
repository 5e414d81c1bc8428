#include "slipway/base/digest.h"

#include <gtest/gtest.h>

#include <unordered_set>

namespace slipway {
namespace {

const std::string kHex(64, 'a');

TEST(Digest, ParsesAndPrintsBack) {
  const auto digest = Digest::parse("sha256:" + kHex);
  ASSERT_TRUE(digest.has_value());
  EXPECT_EQ(digest->algorithm(), "sha256");
  EXPECT_EQ(digest->hex(), kHex);
  EXPECT_EQ(digest->short_hex(), "aaaaaaaaaaaa");
  EXPECT_EQ(digest->str(), "sha256:" + kHex);
  EXPECT_TRUE(Digest::parse("sha512:" + std::string(128, '0')).has_value());
}

TEST(Digest, RefusesEverythingElse) {
  const std::vector<std::string> bad{"",
                                     "sha256",
                                     "sha256:",
                                     ":" + kHex,
                                     "SHA256:" + kHex,
                                     "sha256:" + std::string(64, 'A'),
                                     "sha256:" + std::string(63, 'a'),
                                     "sha256:" + std::string(65, 'a'),
                                     "sha256:../../etc/passwd",
                                     "md5:" + std::string(32, 'a'),
                                     "sha1:" + std::string(40, 'a'),
                                     "sha512:" + kHex,
                                     "sha256:" + std::string(63, 'a') + "\n",
                                     "multihash+base58:QmRZxt2b1FVZPNqd8hsiykDL3TdBDeTSPX9Kv46HmX4Gx8"};
  for (const std::string& text : bad) {
    const auto digest = Digest::parse(text);
    ASSERT_FALSE(digest.has_value()) << text;
    EXPECT_EQ(digest.error().code, Errc::invalid_argument);
  }
}

TEST(Digest, FromBytesIsLowerHex) {
  EXPECT_EQ(Digest::from_bytes("sha256", std::string(32, '\xAF')).hex(),
            std::string("af").append(std::string(62, ' ')).replace(2, 62, [] {
              std::string rest;
              for (int i = 0; i < 31; ++i)
                rest += "af";
              return rest;
            }()));
}

TEST(Digest, ComparesAndHashes) {
  const Digest a = Digest::parse("sha256:" + kHex).value();
  const Digest b = Digest::parse("sha256:" + std::string(64, 'b')).value();
  EXPECT_LT(a, b);
  EXPECT_EQ((std::unordered_set<Digest>{a, b, a}.size()), 2u);
}

}  // namespace
}  // namespace slipway
