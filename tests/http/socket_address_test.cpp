#include "http/socket_address.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>

#include "slipway/http/address.h"

namespace slipway::http {
namespace {

std::string six(const char* text) {
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  EXPECT_EQ(::inet_pton(AF_INET6, text, &address.sin6_addr), 1) << text;
  return literal_of(reinterpret_cast<const sockaddr&>(address), sizeof address);
}

TEST(SocketAddress, IsSpelledAsInAUrl) {
  sockaddr_in four{};
  four.sin_family = AF_INET;
  four.sin_addr.s_addr = htonl(0x0A000001);
  EXPECT_EQ(literal_of(reinterpret_cast<const sockaddr&>(four), sizeof four), "10.0.0.1");
  EXPECT_EQ(literal_of(reinterpret_cast<const sockaddr&>(four), 4), "") << "cut off";
  EXPECT_EQ(six("2001:db8::1"), "[2001:db8::1]");
  EXPECT_EQ(six("fd00::1"), "[fd00::1]");
  sockaddr other{};
  other.sa_family = AF_UNIX;
  EXPECT_EQ(literal_of(other, sizeof other), "");
}

TEST(SocketAddress, AWrappedAddressIsTheOneInside) {
  EXPECT_EQ(six("::ffff:10.0.0.1"), "10.0.0.1");
  EXPECT_EQ(six("64:ff9b::a00:1"), "10.0.0.1");
  EXPECT_EQ(six("::ffff:8.8.8.8"), "8.8.8.8");
  EXPECT_EQ(six("64:ff9b::808:808"), "8.8.8.8");
  EXPECT_TRUE(is_private(six("::ffff:10.0.0.1")));
  EXPECT_TRUE(is_private(six("64:ff9b::a9fe:a9fe"))) << "169.254.169.254";
  EXPECT_FALSE(is_private(six("64:ff9b::808:808"))) << "a public server seen through NAT64";
}

}  // namespace
}  // namespace slipway::http
