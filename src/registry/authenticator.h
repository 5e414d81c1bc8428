#pragma once

#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>

#include "registry/token_client.h"

namespace slipway::registry {

/// How one registry is logged in to: learns its challenge from the first 401, then knows the Authorization value of
/// each request, requesting tokens as needed and keeping them until they expire or are refused.
///
/// Thread-safe. Lanes that need the same token share one request for it, and no lock is held while it is under way.
class Authenticator {
 public:
  Authenticator(Endpoint& endpoint, const RegistryOptions& options, CredentialStore& credentials,
                http::HttpTransport& transport, Clock& clock)
      : endpoint_(endpoint),
        options_(options),
        credentials_(credentials),
        clock_(clock),
        tokens_from_(endpoint, options, transport, clock) {}

  /// Returns the Authorization value for a request; empty where nothing was asked for so far.
  Result<Secret> authorization_for(const Scope& scope, std::stop_token stop);
  /// Learns from a 401 of the registry itself; returns true if another try may succeed. `sent` says whether the request
  /// had an Authorization header: a refused password is not sent twice, a refused token is replaced once.
  Result<bool> learn(const http::Response& refusal, const Scope& scope, bool sent);
  /// The login that the registry asks for, in words, as far as it said.
  std::string login_wanted();

 private:
  Result<Secret> bearer(const Challenge& challenge, const Scope& scope, std::stop_token stop);
  std::optional<Secret> known(const std::string& scopes);
  bool is_asked_for(const std::string& scopes) const;
  Result<Token> request_token(const Challenge& challenge, const Scope& scope, std::stop_token stop);
  Result<bool> can_send_password(const Scope& scope);
  std::optional<Challenge> challenge();

  Endpoint& endpoint_;
  const RegistryOptions& options_;
  CredentialStore& credentials_;
  Clock& clock_;
  TokenClient tokens_from_;

  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::optional<Challenge> challenge_;
  std::map<std::string, Token> tokens_;  // by scopes
  std::set<std::string> asked_for_;      // scopes of token requests under way
};

/// Adds the Authorization header for one scope, and repeats a request once that was answered 401. Only the registry
/// itself may ask for a login, never a place that it hands a request over to.
class AuthenticatedTransport final : public http::HttpTransport {
 public:
  AuthenticatedTransport(Authenticator& authenticator, Endpoint& endpoint, Scope scope, http::HttpTransport& next)
      : authenticator_(authenticator), endpoint_(endpoint), scope_(std::move(scope)), next_(next) {}
  Result<http::Response> perform(const http::Request& request, http::ResponseHandler& handler,
                                 std::stop_token stop) override;

 private:
  Status require_home(const http::Response& refusal) const;

  Authenticator& authenticator_;
  Endpoint& endpoint_;
  const Scope scope_;
  http::HttpTransport& next_;
};

}  // namespace slipway::registry
