#include "registry/authenticator.h"

#include <algorithm>

#include "slipway/base/text.h"
#include "slipway/http/holding.h"

namespace slipway::registry {
namespace {

constexpr int kUnauthorized = 401;

/// Returns true if a token for some scopes serves a request that needs others.
bool covers(const std::string& granted, const std::string& wanted) {
  const std::vector<std::string> have = split(granted, ' ');
  for (const std::string& scope : split(wanted, ' ')) {
    const bool found = std::any_of(have.begin(), have.end(), [&](const std::string& one) {
      return one == scope || (one.starts_with(scope) && one[scope.size()] == ',');
    });
    if (!found) return false;
  }
  return true;
}

/// Returns the challenge to answer: Bearer before Basic; nullopt when neither is offered.
Result<std::optional<Challenge>> choose(const http::Response& refusal) {
  std::vector<Challenge> offered;
  for (const std::string& header : refusal.all("www-authenticate")) {
    SLIPWAY_ASSIGN(const auto some, parse_challenges(header));
    offered.insert(offered.end(), some.begin(), some.end());
  }
  for (const char* scheme : {"bearer", "basic"}) {
    const auto at = std::find_if(offered.begin(), offered.end(), [&](const auto& c) { return c.scheme == scheme; });
    if (at != offered.end()) return std::optional(*at);
  }
  return std::optional<Challenge>();
}

}  // namespace

std::optional<Challenge> Authenticator::challenge() {
  const std::scoped_lock lock(mutex_);
  return challenge_;
}

Result<Secret> Authenticator::authorization_for(const Scope& scope, std::stop_token stop) {
  const std::optional<Challenge> asked = challenge();
  if (!asked) return Secret();
  if (asked->scheme != "basic") return bearer(*asked, scope, std::move(stop));
  SLIPWAY_ASSIGN(const auto login, credentials_.find(endpoint_.name(), scope.repository));
  return login ? basic_authorization(*login) : Secret();
}

Result<Secret> Authenticator::bearer(const Challenge& asked, const Scope& scope, std::stop_token stop) {
  const std::string scopes = scope.str();
  {
    std::unique_lock lock(mutex_);
    if (!changed_.wait(lock, stop, [&] { return known(scopes) || !is_asked_for(scopes); })) {
      return fail(Errc::cancelled, "interrupted");
    }
    if (auto value = known(scopes)) return *std::move(value);
    asked_for_.insert(scopes);
  }
  auto token = request_token(asked, scope, std::move(stop));
  const std::scoped_lock lock(mutex_);
  asked_for_.erase(scopes);
  changed_.notify_all();
  SLIPWAY_TRY(token);
  return tokens_.insert_or_assign(scopes, *std::move(token)).first->second.value;
}

std::optional<Secret> Authenticator::known(const std::string& scopes) {
  for (const auto& [granted, token] : tokens_) {
    if (covers(granted, scopes) && token.expires > clock_.monotonic()) return token.value;
  }
  return std::nullopt;
}

bool Authenticator::is_asked_for(const std::string& scopes) const {
  return std::any_of(asked_for_.begin(), asked_for_.end(), [&](const auto& asked) { return covers(asked, scopes); });
}

Result<Token> Authenticator::request_token(const Challenge& asked, const Scope& scope, std::stop_token stop) {
  SLIPWAY_ASSIGN(const auto login, credentials_.find(endpoint_.name(), scope.repository));
  return tokens_from_.request(asked, scope, login, std::move(stop));
}

Result<bool> Authenticator::learn(const http::Response& refusal, const Scope& scope, bool sent) {
  SLIPWAY_ASSIGN(auto chosen, choose(refusal));
  if (!chosen) return false;
  if (chosen->scheme == "basic") {
    if (sent) return false;  // the same password again would not help, and locks accounts
    SLIPWAY_ASSIGN(const bool can, can_send_password(scope));
    if (!can) return false;
  }
  const std::scoped_lock lock(mutex_);
  challenge_ = *std::move(chosen);
  if (sent) std::erase_if(tokens_, [&](const auto& token) { return covers(token.first, scope.str()); });
  return true;
}

Result<bool> Authenticator::can_send_password(const Scope& scope) {
  const bool plain_to_others =
      endpoint_.scheme() == "http" && !endpoint_.is_loopback() && !options_.plain_http && !options_.insecure;
  if (plain_to_others) return false;
  SLIPWAY_ASSIGN(const auto login, credentials_.find(endpoint_.name(), scope.repository));
  return login.has_value();
}

std::string Authenticator::login_wanted() {
  const std::optional<Challenge> asked = challenge();
  if (!asked) return "none for this";
  if (asked->scheme == "basic") return "user name and password";
  const auto realm = tokens_from_.realm_of(*asked);
  return realm ? "tokens from " + realm->host : "tokens, but: " + realm.error().message;
}

Result<http::Response> AuthenticatedTransport::perform(const http::Request& request, http::ResponseHandler& handler,
                                                       std::stop_token stop) {
  http::Request authorized = request;
  SLIPWAY_ASSIGN(authorized.authorization, authenticator_.authorization_for(scope_, stop));
  http::HoldingHandler attempt(handler, [](const auto& response) { return response.status == kUnauthorized; });
  auto response = next_.perform(authorized, attempt, stop);
  if (!response || attempt.held() == nullptr) return attempt.result(std::move(response));
  SLIPWAY_TRY(require_home(*response));
  SLIPWAY_ASSIGN(const bool again, authenticator_.learn(*response, scope_, !authorized.authorization.empty()));
  if (!again) return attempt.release();
  if (request.body != nullptr) SLIPWAY_TRY(request.body->restart());
  SLIPWAY_ASSIGN(authorized.authorization, authenticator_.authorization_for(scope_, stop));
  return next_.perform(authorized, handler, std::move(stop));
}

Status AuthenticatedTransport::require_home(const http::Response& refusal) const {
  SLIPWAY_ASSIGN(const auto answered, http::Url::parse(refusal.url));
  SLIPWAY_ASSIGN(const auto home, endpoint_.origin());
  if (answered.same_origin(home)) return {};
  return fail(Errc::unauthorized, "{} redirects {} to {}, which asks for credentials of its own: none are sent to it",
              endpoint_.name(), scope_.what, answered.host);
}

}  // namespace slipway::registry
