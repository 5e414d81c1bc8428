#pragma once

#include <sys/socket.h>

#include <string>

namespace slipway::http {

/// Returns an address as a URL spells it: "1.2.3.4" or "[2001:db8::1]". An IPv6 address that only wraps an IPv4 one
/// (mapped, RFC 4291 section 2.5.5.2; NAT64, RFC 6052) gives the latter: it is where the packets go. Empty for other
/// families.
std::string literal_of(const sockaddr& address, std::size_t size);

}  // namespace slipway::http
