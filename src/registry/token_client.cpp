#include "registry/token_client.h"

#include <algorithm>

#include "slipway/base/json.h"
#include "slipway/base/text.h"
#include "slipway/http/address.h"
#include "slipway/io/filters.h"

namespace slipway::registry {
namespace {

constexpr std::size_t kMaxTokenBody = 128u << 10;
constexpr std::int64_t kDefaultLifetime = 60;
constexpr std::int64_t kLongestLifetime = 12 * 3600;
constexpr std::int64_t kEarly = 5;  // renewed before it expires, in seconds
constexpr int kOk = 200;

/// A token is sent as a header: nothing but visible ASCII may be in it.
bool is_token_text(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7F; });
}

const std::string* parameter(const Challenge& challenge, const std::string& name) {
  const auto at = challenge.params.find(name);
  return at == challenge.params.end() ? nullptr : &at->second;
}

/// Reads the body of a token answer. It holds a secret: its parser's message is not passed on.
Result<Token> read_token(const std::string& body, const http::Url& realm, std::chrono::milliseconds now) {
  const auto json = Json::parse(body, "token", {.max_bytes = kMaxTokenBody});
  const Json answer = json ? *json : Json();
  // Either name is in use; some servers send both, one of them empty or null.
  const std::string& first = answer.text("token");
  const std::string& text = first.empty() ? answer.text("access_token") : first;
  if (!is_token_text(text)) return fail(Errc::network, "{} answered without a usable token", realm.host);
  const Json* lifetime = answer.find("expires_in");
  const bool given = lifetime != nullptr && lifetime->integer() != nullptr;
  const std::int64_t seconds =
      std::clamp(given ? *lifetime->integer() : kDefaultLifetime, kDefaultLifetime, kLongestLifetime);
  return Token{Secret("Bearer " + text), now + std::chrono::seconds(seconds - kEarly)};
}

}  // namespace

Secret basic_authorization(const Credential& login) {
  return Secret("Basic " + base64_encode(login.username + ":" + login.password.reveal()));
}

std::string Scope::str() const {
  if (repository.empty()) return {};
  if (repository == kCatalog) return "registry:catalog:*";
  std::string scopes = "repository:" + repository + ":" + actions;
  if (!mount_from.empty()) scopes += " repository:" + mount_from + ":pull";
  return scopes;
}

Result<http::Url> TokenClient::realm_of(const Challenge& challenge) {
  const std::string* text = parameter(challenge, "realm");
  if (text == nullptr) return fail(Errc::network, "{} asks for a token but names no realm", endpoint_.name());
  SLIPWAY_ASSIGN(const auto home, endpoint_.origin());
  SLIPWAY_ASSIGN(auto realm, http::resolve(home, *text));
  SLIPWAY_TRY(check_realm(realm));
  return realm;
}

Status TokenClient::check_realm(const http::Url& realm) {
  const std::string_view home = http::host_of(endpoint_.authority());
  const bool near = realm.host == home || (endpoint_.is_loopback() && http::is_loopback(realm.host));
  const bool plain_allowed = endpoint_.scheme() == "http" && (near || options_.plain_http || options_.insecure);
  if (realm.scheme != "https" && !plain_allowed) {
    return fail(Errc::unauthorized, "{} sends logins to {} without TLS, which is refused", endpoint_.name(),
                realm.host);
  }
  if (http::is_private(realm.host) && !http::is_private(home)) {
    return fail(Errc::unauthorized, "{} sends logins to the private address {}, which is refused", endpoint_.name(),
                realm.host);
  }
  return {};
}

Result<Token> TokenClient::request(const Challenge& challenge, const Scope& scope,
                                   const std::optional<Credential>& login, std::stop_token stop) {
  SLIPWAY_ASSIGN(const auto realm, realm_of(challenge));
  const std::chrono::milliseconds now = clock_.monotonic();
  if (login && !login->registry_token.empty()) {
    return Token{Secret("Bearer " + login->registry_token.reveal()), now + std::chrono::seconds(kDefaultLifetime)};
  }
  const bool by_identity = login && !login->identity_token.empty();
  SLIPWAY_ASSIGN(auto answer, by_identity ? by_post(realm, challenge, scope, *login, stop)
                                          : by_get(realm, challenge, scope, login, stop));
  const bool no_get = answer.response.status == 404 || answer.response.status == 405;
  if (login && !by_identity && no_get) {
    SLIPWAY_ASSIGN(answer, by_post(realm, challenge, scope, *login, stop));
  }
  if (answer.response.status != kOk) return fail(refused(answer.response.status, realm, scope, login));
  return read_token(answer.body, realm, now);
}

Result<http::TextResponse> TokenClient::by_get(const http::Url& realm, const Challenge& challenge, const Scope& scope,
                                               const std::optional<Credential>& login, std::stop_token stop) {
  http::Request request;
  request.url = realm.str();
  if (const std::string* service = parameter(challenge, "service")) {
    request.url = http::with_query(request.url, "service", *service);
  }
  for (const std::string& one : split(scope.str(), ' ')) {
    if (!one.empty()) request.url = http::with_query(request.url, "scope", one);
  }
  if (login) request.authorization = basic_authorization(*login);
  endpoint_.mark(request);
  return http::perform_text(transport_, request, kMaxTokenBody, std::move(stop));
}

Result<http::TextResponse> TokenClient::by_post(const http::Url& realm, const Challenge& challenge, const Scope& scope,
                                                const Credential& login, std::stop_token stop) {
  const std::string* service = parameter(challenge, "service");
  const bool by_identity = !login.identity_token.empty();
  const std::string proof = by_identity ? "&refresh_token=" + http::percent_encode(login.identity_token.reveal())
                                        : "&username=" + http::percent_encode(login.username) +
                                              "&password=" + http::percent_encode(login.password.reveal());
  const Secret form(fmt::format("grant_type={}&client_id=slipway&service={}&scope={}{}",
                                by_identity ? "refresh_token" : "password",
                                http::percent_encode(service == nullptr ? endpoint_.name() : *service),
                                http::percent_encode(scope.str()), proof));
  io::TextSource body(form.reveal());
  http::Request request;
  request.method = "POST";
  request.url = realm.str();
  request.headers = {{"Content-Type", "application/x-www-form-urlencoded"}};
  request.body = &body;
  request.body_size = static_cast<std::int64_t>(form.reveal().size());
  endpoint_.mark(request);
  return http::perform_text(transport_, request, kMaxTokenBody, std::move(stop));
}

Error TokenClient::refused(int status, const http::Url& realm, const Scope& scope,
                           const std::optional<Credential>& login) const {
  const bool busy = status >= 500 || status == 429;
  const Errc code = busy ? Errc::network : status == 403 ? Errc::forbidden : Errc::unauthorized;
  return error(code, "{} refused to issue a token for {} (HTTP {})", realm.host, scope.what, status)
      .with_hint(login ? fmt::format("renew the refused credentials from {} with: slipway login {}", login->origin,
                                     endpoint_.name())
                       : fmt::format("log in with: slipway login {}", endpoint_.name()));
}

}  // namespace slipway::registry
