#include "slipway/http/address.h"

#include <gtest/gtest.h>

namespace slipway::http {
namespace {

TEST(Address, HostsAreCutFromAuthorities) {
  EXPECT_EQ(host_of("h.example:5000"), "h.example");
  EXPECT_EQ(host_of("h.example"), "h.example");
  EXPECT_EQ(host_of("[::1]:5000"), "[::1]");
  EXPECT_EQ(host_of("[::1]"), "[::1]");
  EXPECT_EQ(host_of(""), "");
}

TEST(Address, OnlyCanonicalFormsAreLoopback) {
  for (const char* host : {"localhost", "a.localhost", "127.0.0.1", "127.255.1.2", "[::1]"}) {
    EXPECT_TRUE(is_loopback(host)) << host;
  }
  for (const char* host :
       {"", "127.1", "0x7f.0.0.1", "0177.0.0.1", "2130706433", "127.0.0.1.example", "localhost.example", "notlocalhost",
        ".localhost", "127.0.0.256", "127.0.0", "127.0.0.", "128.0.0.1", "[::2]", "127.0.0.01"}) {
    EXPECT_FALSE(is_loopback(host)) << host;
  }
}

TEST(Address, PrivateLiteralsOfEverySpelling) {
  for (const char* host : {"localhost",
                           "10.0.0.1",
                           "10.255.255.255",
                           "172.16.0.1",
                           "172.31.9.9",
                           "192.168.1.1",
                           "169.254.169.254",
                           "100.64.0.1",
                           "0.0.0.0",
                           "224.0.0.1",
                           "255.255.255.255",
                           "[::1]",
                           "[::]",
                           "[::ffff:10.0.0.1]",
                           "[fd00::1]",
                           "[fe80::1]",
                           "[FC00::1]",
                           "[0:0:0:0:0:ffff:a00:1]",
                           "[64:ff9b::a00:1]",
                           "127.1",
                           "0x7f000001",
                           "2130706433",
                           "0177.0.0.1",
                           "10.0.0.1.",
                           "0xA.1"}) {
    EXPECT_TRUE(is_private(host)) << host;
  }
  for (const char* host :
       {"h.example", "8.8.8.8", "172.15.0.1", "172.32.0.1", "192.167.1.1", "169.253.1.1", "100.63.0.1", "100.128.0.1",
        "11.0.0.1", "[2001:db8::1]", "10.example", "1.2.3.4.example", "x0.y1"}) {
    EXPECT_FALSE(is_private(host)) << host;
  }
}

}  // namespace
}  // namespace slipway::http
