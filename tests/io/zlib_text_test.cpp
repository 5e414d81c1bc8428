#include "slipway/io/zlib_text.h"

#include <gtest/gtest.h>

namespace slipway::io {
namespace {

/// "hello hello hello" by Python's zlib.compress.
const std::string kHello("\x78\x9c\xcb\x48\xcd\xc9\xc9\x57\xc8\x40\x90\x00\x3a\x2e\x06\x7d", 16);

TEST(ZlibText, UnpacksAWholeStream) {
  const auto text = inflate_zlib(kHello, 100);
  ASSERT_TRUE(text) << text.error().describe();
  EXPECT_EQ(*text, "hello hello hello");
  EXPECT_TRUE(inflate_zlib(kHello, 17));
}

TEST(ZlibText, RefusesEverythingElse) {
  for (const std::string& bad : {std::string(), std::string("plain text"), kHello.substr(0, 12)}) {
    const auto text = inflate_zlib(bad, 100);
    ASSERT_FALSE(text) << bad;
    EXPECT_EQ(text.error().code, Errc::malformed);
  }
  const auto large = inflate_zlib(kHello, 16);
  ASSERT_FALSE(large);
  EXPECT_EQ(large.error().code, Errc::too_large);
}

}  // namespace
}  // namespace slipway::io
