#pragma once

#include <string>
#include <string_view>

#include "slipway/base/result.h"

namespace slipway::http {

/// An absolute http(s) URL, split. No userinfo, no fragment: both are refused.
struct Url {
  std::string scheme;  ///< "http" or "https"
  std::string host;    ///< lower-case, brackets kept for IPv6
  int port = 0;        ///< always set; 80 or 443 by default
  std::string path;    ///< begins with "/"
  std::string query;   ///< without "?", byte for byte

  static Result<Url> parse(std::string_view text);
  std::string str() const;
  /// Scheme, host and port are the same (RFC 6454).
  bool same_origin(const Url& other) const;
};

/// Resolves a Location or Link reference (absolute, absolute path, or relative) against a base URL.
Result<Url> resolve(const Url& base, std::string_view reference);

/// Appends `name=value` (value percent-encoded) with "?" or "&", leaving the query's bytes alone.
std::string with_query(std::string url, std::string_view name, std::string_view value);
std::string percent_encode(std::string_view text);

/// A URL safe to show: userinfo and the values of query members removed.
std::string displayable(std::string_view url);

}  // namespace slipway::http
