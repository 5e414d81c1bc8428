#include "http/socket_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "slipway/base/result.h"

namespace slipway::http {
namespace {

std::string text_of(int family, const void* bytes) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  return ::inet_ntop(family, bytes, text.data(), text.size()) == nullptr ? std::string() : std::string(text.data());
}

bool wraps_ipv4(const unsigned char* raw) {
  constexpr std::array<unsigned char, 12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
  constexpr std::array<unsigned char, 12> kNat64{0, 0x64, 0xFF, 0x9B};
  return std::equal(kMapped.begin(), kMapped.end(), raw) || std::equal(kNat64.begin(), kNat64.end(), raw);
}

}  // namespace

std::string literal_of(const sockaddr& address, std::size_t size) {
  constexpr std::size_t kPrefix = 12;
  if (address.sa_family == AF_INET && size >= sizeof(sockaddr_in)) {
    sockaddr_in four{};
    std::memcpy(&four, &address, sizeof four);
    return text_of(AF_INET, &four.sin_addr);
  }
  if (address.sa_family != AF_INET6 || size < sizeof(sockaddr_in6)) return {};
  sockaddr_in6 six{};
  std::memcpy(&six, &address, sizeof six);
  const unsigned char* raw = six.sin6_addr.s6_addr;
  if (wraps_ipv4(raw)) return text_of(AF_INET, raw + kPrefix);
  return fmt::format("[{}]", text_of(AF_INET6, raw));
}

}  // namespace slipway::http
