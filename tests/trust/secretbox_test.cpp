#include "trust/secretbox.h"

#include <gtest/gtest.h>

#include "slipway/base/text.h"

using namespace slipway;
using namespace slipway::trust;

namespace {

std::string from_hex(std::string_view hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    bytes += static_cast<char>(*parse_whole<unsigned>(hex.substr(i, 2), 16));
  return bytes;
}

// The vectors of "Cryptography in NaCl" (https://cr.yp.to/highspeed/naclcrypto-20090310.pdf sections 8 to 10).
const std::string kShared = from_hex("4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742");
const std::string kFirstKey = from_hex("1b27556473e985d462cd51197a9a46c76009549eac6474f206c4ee0844f68389");
const std::string kSecondKey = from_hex("dc908dda0b9344a953629b733820778880f3ceb421bb61b91cbd4c3e66256ce4");
const std::string kNonce = from_hex("69696ee955b62b73cd62bda875fc73d68219e0036b7a0b37");
const std::string kPlain = from_hex(
    "be075fc53c81f2d5cf141316ebeb0c7b5228c52a4c62cbd44b66849b64244ffce5ecbaaf33bd751a1ac728d45e6c61296cdc3c01233561f4"
    "1db66cce314adb310e3be8250c46f06dceea3a7fa1348057e2f6556ad6b1318a024a838f21af1fde048977eb48f59ffd4924ca1c60902e52"
    "f0a089bc76897040e082f937763848645e0705");
const std::string kBox = from_hex(
    "f3ffc7703f9400e52a7dfb4b3d3305d98e993b9f48681273c29650ba32fc76ce48332ea7164d96a4476fb8c531a1186ac0dfc17c98dce87b"
    "4da7f011ec48c97271d2c20f9b928fe2270d6fb863d51738b48eeee314a7cc8ab932164548e526ae90224368517acfeabd6bb3732bc0e9da"
    "99832b61ca01b6de56244a9e88d5f9b37973f622a43d14a6599b1f654cb45a74e355a5");

TEST(Secretbox, DerivesTheKeysOfNaclsPaper) {
  EXPECT_EQ(hsalsa20(kShared, std::string(16, '\0')), kFirstKey);
  EXPECT_EQ(hsalsa20(kFirstKey, kNonce.substr(0, 16)), kSecondKey);
}

TEST(Secretbox, StreamsAndTagsAsNaclsPaper) {
  const std::string stream = salsa20_stream(kSecondKey, kNonce.substr(16), 32);
  EXPECT_EQ(stream, from_hex("eea6a7251c1e72916d11c2cb214d3c252539121d8e234e652d651fa4c8cff880"));
  EXPECT_EQ(poly1305(stream, kBox.substr(16)), kBox.substr(0, 16));
}

TEST(Secretbox, SealsAndOpensTheBoxOfNaclsPaper) {
  const Secret key(kFirstKey);
  EXPECT_EQ(seal_box(key, kNonce, Secret(kPlain)), kBox);
  const auto opened = open_box(key, kNonce, kBox);
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->reveal(), kPlain);
}

TEST(Secretbox, RefusesEveryAlteredByte) {
  const Secret key(kFirstKey);
  for (std::size_t i = 0; i < kBox.size(); ++i) {
    std::string altered = kBox;
    altered[i] = static_cast<char>(altered[i] ^ 1);
    EXPECT_FALSE(open_box(key, kNonce, altered)) << i;
  }
  for (std::size_t size : {0u, 15u, 16u, 17u})
    EXPECT_FALSE(open_box(key, kNonce, kBox.substr(0, size))) << size;
  EXPECT_FALSE(open_box(Secret(kSecondKey), kNonce, kBox));
}

TEST(Secretbox, SealsNothing) {
  const Secret key(kFirstKey);
  const std::string box = seal_box(key, kNonce, Secret());
  EXPECT_EQ(box.size(), kBoxTag);
  ASSERT_TRUE(open_box(key, kNonce, box));
}

TEST(Secretbox, StreamsOverBlockBorders) {
  const std::string whole = salsa20_stream(kSecondKey, kNonce.substr(16), 200);
  for (std::size_t size : {0u, 1u, 63u, 64u, 65u, 128u, 199u})
    EXPECT_EQ(salsa20_stream(kSecondKey, kNonce.substr(16), size), whole.substr(0, size)) << size;
}

}  // namespace
