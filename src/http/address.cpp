#include "slipway/http/address.h"

#include <array>
#include <charconv>
#include <optional>
#include <string>

#include "slipway/base/text.h"

namespace slipway::http {
namespace {

using Quad = std::array<unsigned char, 4>;

/// A canonical IPv4 address: four decimal numbers without leading zeros.
std::optional<Quad> quad_of(std::string_view host) {
  const std::vector<std::string> parts = split(host, '.');
  if (parts.size() != 4) return std::nullopt;
  Quad quad{};
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const std::string& part = parts[i];
    if (part.empty() || (part.size() > 1 && part[0] == '0')) return std::nullopt;
    const auto [end, problem] = std::from_chars(part.data(), part.data() + part.size(), quad[i]);
    if (problem != std::errc() || end != part.data() + part.size()) return std::nullopt;
  }
  return quad;
}

/// Texts that inet_aton takes for an address: the last label is a number, decimal, octal or hexadecimal.
bool looks_numeric(std::string_view host) {
  while (!host.empty() && host.back() == '.')
    host.remove_suffix(1);
  const std::size_t dot = host.rfind('.');
  const std::string_view last = dot == std::string_view::npos ? host : host.substr(dot + 1);
  if (last.empty()) return true;
  if (last.rfind("0x", 0) == 0 || last.rfind("0X", 0) == 0) return true;
  return last.find_first_not_of("0123456789") == std::string_view::npos;
}

bool is_private_quad(const Quad& q) {
  return q[0] == 0 || q[0] == 10 || q[0] == 127 || q[0] >= 224 || (q[0] == 100 && q[1] >= 64 && q[1] < 128) ||
         (q[0] == 169 && q[1] == 254) || (q[0] == 172 && q[1] >= 16 && q[1] < 32) || (q[0] == 192 && q[1] == 168);
}

}  // namespace

std::string_view host_of(std::string_view authority) {
  if (!authority.empty() && authority[0] == '[') return authority.substr(0, authority.find(']') + 1);
  return authority.substr(0, authority.find(':'));
}

bool is_loopback(std::string_view host) {
  constexpr std::string_view kSuffix = ".localhost";
  if (host == "localhost" || host == "[::1]") return true;
  if (host.size() > kSuffix.size() && host.substr(host.size() - kSuffix.size()) == kSuffix) return true;
  const auto quad = quad_of(host);
  return quad && (*quad)[0] == 127;
}

bool is_private(std::string_view host) {
  if (is_loopback(host)) return true;
  // fc00::/7, fe80::/10, ff00::/8; everything below "::" holds IPv4, and so does NAT64's prefix.
  if (!host.empty() && host[0] == '[') {
    const std::string lower = to_lower(host);
    return lower.rfind("[f", 0) == 0 || lower.rfind("[::", 0) == 0 || lower.rfind("[0", 0) == 0 ||
           lower.rfind("[64:ff9b:", 0) == 0;
  }
  if (const auto quad = quad_of(host)) return is_private_quad(*quad);
  return looks_numeric(host);
}

}  // namespace slipway::http
