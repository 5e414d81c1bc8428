#pragma once

#include <string>
#include <string_view>

#include "slipway/base/result.h"

namespace slipway::http {

/// An absolute http(s) URL, split. User information is refused, a fragment is dropped.
struct Url {
  std::string scheme;  ///< "http" or "https"
  std::string host;    ///< lower-case, brackets kept for IPv6
  int port = 0;        ///< always set; 80 or 443 by default
  std::string path;    ///< begins with "/"
  std::string query;   ///< without "?", byte for byte

  /// Errc::malformed for anything else.
  static Result<Url> parse(std::string_view text);
  /// Returns the URL as text, without a default port.
  std::string str() const;
  /// Scheme, host and port are the same (RFC 6454).
  bool same_origin(const Url& other) const;
};

/// Resolves a reference from a Location or Link header (absolute, absolute path, or relative) against a base URL (RFC
/// 3986 section 5). Errors of Url::parse().
Result<Url> resolve(const Url& base, std::string_view reference);

/// Returns a URL with `name=value` appended by "?" or "&", the value percent-encoded; its other bytes do not change.
std::string with_query(std::string url, std::string_view name, std::string_view value);
/// Returns text with everything but unreserved characters as %XX (RFC 3986 section 2.3).
std::string percent_encode(std::string_view text);

/// Returns a URL that is safe to show: user information and the values of query parameters removed.
std::string displayable(std::string_view url);

}  // namespace slipway::http
