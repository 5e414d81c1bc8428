#pragma once

#include <string_view>

namespace slipway::http {

/// Returns the host of "host[:port]"; the brackets of IPv6 are kept. A view of `authority`.
std::string_view host_of(std::string_view authority);

/// Returns true for localhost, *.localhost, 127/8 and [::1] in their canonical forms; false for "127.1" or "0x7f.1",
/// which a person does not read as local.
bool is_loopback(std::string_view host);

/// Returns true for an address that a public server must not refer to: loopback, private, link-local, shared,
/// multicast, unspecified, such IPv4 inside IPv6, and numbers that are not a canonical dotted quad but that a resolver
/// would read as an address. Judges the text: names are not looked up.
bool is_private(std::string_view host);

}  // namespace slipway::http
