#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "registry/endpoint.h"
#include "slipway/registry/challenge.h"

namespace slipway::registry {

/// Stands for the list of a registry's repositories in Scope::repository; no repository has such a name.
inline constexpr std::string_view kCatalog = "_catalog";

/// The rights that a request needs.
struct Scope {
  std::string repository;  ///< empty: nothing in particular
  std::string actions;     ///< "pull", "pull,push", "delete"
  std::string mount_from;  ///< another repository to be read; empty for none
  std::string what;        ///< the object in messages

  /// The token scopes, separated by blanks: "repository:NAME:ACTIONS". The one to write comes first: some token servers
  /// look at the first one only.
  std::string str() const;
};

/// The Authorization value that a request carries, and when it expires.
struct Token {
  Secret value;
  std::chrono::milliseconds expires{0};  ///< on Clock::monotonic()
};

/// Requests tokens as a Bearer challenge asks for them (distribution's token and oauth specifications): by GET with the
/// login as Basic credentials; by POST with an identity token, and where the GET is missing. Realms that would put a
/// login at risk are refused: without TLS, or in a private network that the registry is not in. Messages never quote
/// what a token server answered. Thread-safe.
class TokenClient {
 public:
  TokenClient(Endpoint& endpoint, const RegistryOptions& options, http::HttpTransport& transport, Clock& clock)
      : endpoint_(endpoint), options_(options), transport_(transport), clock_(clock) {}

  /// One or two requests. Errc::unauthorized, forbidden, network.
  Result<Token> request(const Challenge& challenge, const Scope& scope, const std::optional<Credential>& login,
                        std::stop_token stop);
  /// Returns where a challenge sends logins. Errc::network, unauthorized when that is refused.
  Result<http::Url> realm_of(const Challenge& challenge);

 private:
  Status check_realm(const http::Url& realm);
  Result<http::TextResponse> by_get(const http::Url& realm, const Challenge& challenge, const Scope& scope,
                                    const std::optional<Credential>& login, std::stop_token stop);
  Result<http::TextResponse> by_post(const http::Url& realm, const Challenge& challenge, const Scope& scope,
                                     const Credential& login, std::stop_token stop);
  Error refused(int status, const http::Url& realm, const Scope& scope, const std::optional<Credential>& login) const;

  Endpoint& endpoint_;
  const RegistryOptions& options_;
  http::HttpTransport& transport_;
  Clock& clock_;
};

/// Returns the Authorization value of a login: Basic.
Secret basic_authorization(const Credential& login);

}  // namespace slipway::registry
