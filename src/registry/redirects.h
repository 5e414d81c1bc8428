#pragma once

#include <string>
#include <string_view>

#include "registry/endpoint.h"

namespace slipway::registry {

/// The hint for a registry that takes its https for http.
inline constexpr std::string_view kForwardedHint =
    "let the proxy in front of the registry pass on the header X-Forwarded-Proto: https";

/// Refuses places that a registry must not hand a request over to: http after https, and private addresses unless it
/// has one itself. `who` begins the message: "NAME redirects". Errc::network.
Status check_handover(std::string_view who, const http::Url& from, const http::Url& to);

/// Follows redirects: all of GET and HEAD, 307 and 308 of requests with a body, at most ten. Credentials stay with
/// their origin. Refusals are Breakdown::forbidden: the same again would not help.
class RedirectTransport final : public http::HttpTransport {
 public:
  RedirectTransport(Endpoint& endpoint, http::HttpTransport& next) : endpoint_(endpoint), next_(next) {}
  Result<http::Response> perform(const http::Request& request, http::ResponseHandler& handler,
                                 std::stop_token stop) override;

 private:
  /// Turns a request into the one that a redirect asks for.
  Status redirect(http::Request& request, const http::Response& response) const;

  Endpoint& endpoint_;
  http::HttpTransport& next_;
};

}  // namespace slipway::registry
