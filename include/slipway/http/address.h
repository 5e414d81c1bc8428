#pragma once

#include <string_view>

namespace slipway::http {

/// The host of "host[:port]"; brackets of IPv6 are kept.
std::string_view host_of(std::string_view authority);

/// localhost, *.localhost, 127/8 and ::1 in their canonical forms: "127.1" or
/// "0x7f.1" are not local to anybody who reads them.
bool is_loopback(std::string_view host);

/// An address that a public server must not point at: loopback, private,
/// link-local, shared, unspecified, IPv4 inside IPv6, and every number that is not a
/// canonical dotted quad (the resolver would read it as one). Literals only, no DNS.
bool is_private(std::string_view host);

}  // namespace slipway::http
