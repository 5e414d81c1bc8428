#include <algorithm>

#include "registry/host.h"
#include "slipway/base/json_reader.h"
#include "slipway/base/text.h"
#include "slipway/io/filters.h"

namespace slipway::registry {
namespace {

constexpr std::size_t kMaxTokenBody = 128u << 10;
constexpr std::int64_t kDefaultLifetime = 60;
constexpr std::int64_t kLongestLifetime = 12 * 3600;

Secret basic(const Credential& credential) {
  return Secret("Basic " + base64_encode(credential.username + ":" + credential.password.reveal()));
}

/// A token is sent as a header: nothing but visible ASCII may be in it.
bool is_token_text(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7F; });
}

/// Whether a token for some scopes serves a request that wants others.
bool covers(const std::string& granted, const std::string& wanted) {
  const std::vector<std::string> have = split(granted, ' ');
  for (const std::string& scope : split(wanted, ' ')) {
    const bool found = std::any_of(have.begin(), have.end(), [&](const std::string& one) {
      return one == scope || (one.rfind(scope, 0) == 0 && one[scope.size()] == ',');
    });
    if (!found) return false;
  }
  return true;
}

}  // namespace

std::string Host::scopes_of(const Call& call) {
  if (call.repository.empty()) return {};
  // The scope to write first: some token servers look at the first one only.
  std::string scopes = "repository:" + call.repository + ":" + call.actions;
  if (!call.mount_from.empty()) scopes += " repository:" + call.mount_from + ":pull";
  return scopes;
}

std::string Host::login_wanted() {
  std::optional<Challenge> challenge;
  {
    const std::scoped_lock lock(mutex_);
    challenge = challenge_;
  }
  if (!challenge) return "none for this";
  if (challenge->scheme == "basic") return "user name and password";
  const auto realm = realm_of(*challenge);
  return realm ? "tokens from " + realm->host : "tokens, but: " + realm.error().message;
}

Result<std::optional<Credential>> Host::credential(const Call& call) {
  return parts_.credentials->find(name_, call.repository);
}

Result<Secret> Host::authorization_for(const Call& call, std::stop_token stop) {
  std::optional<Challenge> challenge;
  {
    const std::scoped_lock lock(mutex_);
    challenge = challenge_;
  }
  if (!challenge) return Secret();
  if (challenge->scheme == "basic") {
    SLIPWAY_ASSIGN(const auto found, credential(call));
    return found ? basic(*found) : Secret();
  }
  const std::string scopes = scopes_of(call);
  const std::scoped_lock one_at_a_time(token_mutex_);
  {
    const std::scoped_lock lock(mutex_);
    for (const auto& [granted, token] : tokens_) {
      if (covers(granted, scopes) && token.expires > parts_.clock->monotonic()) return token.value;
    }
  }
  SLIPWAY_ASSIGN(Token token, request_token(*challenge, call, std::move(stop)));
  const std::scoped_lock lock(mutex_);
  return tokens_.insert_or_assign(scopes, std::move(token)).first->second.value;
}

Result<bool> Host::answer_challenge(const Reply& reply, const Call& call, bool sent) {
  std::vector<Challenge> offered;
  for (const std::string& header : reply.response.all("www-authenticate")) {
    SLIPWAY_ASSIGN(const auto some, parse_challenges(header));
    offered.insert(offered.end(), some.begin(), some.end());
  }
  const auto with_scheme = [&](std::string_view scheme) {
    return std::find_if(offered.begin(), offered.end(), [&](const Challenge& c) { return c.scheme == scheme; });
  };
  auto chosen = with_scheme("bearer");
  if (chosen == offered.end()) chosen = with_scheme("basic");
  if (chosen == offered.end()) return false;
  if (chosen->scheme == "basic") {
    const bool plain_to_others = scheme() == "http" && !loopback_ && !options_.plain_http && !options_.insecure;
    SLIPWAY_ASSIGN(const auto found, credential(call));
    if (!found || plain_to_others) return false;
  }
  {
    const std::scoped_lock lock(mutex_);
    // Basic was sent and refused: the same again will not help. (Another lane may have learned the
    // challenge while this request was under way without credentials: then it will.)
    if (sent && chosen->scheme == "basic") return false;
    challenge_ = *chosen;
    if (sent) std::erase_if(tokens_, [&](const auto& known) { return covers(known.first, scopes_of(call)); });
  }
  return true;
}

Result<http::Url> Host::realm_of(const Challenge& challenge) {
  const auto realm_text = challenge.params.find("realm");
  if (realm_text == challenge.params.end())
    return fail(Errc::malformed, "{} asks for a token but names no realm", name_);
  SLIPWAY_ASSIGN(const auto home, http::Url::parse(scheme() + "://" + authority_));
  SLIPWAY_ASSIGN(auto realm, http::resolve(home, realm_text->second));
  SLIPWAY_TRY(check_realm(realm));
  return realm;
}

Result<Host::Token> Host::request_token(const Challenge& challenge, const Call& call, std::stop_token stop) {
  SLIPWAY_ASSIGN(const auto realm, realm_of(challenge));
  SLIPWAY_ASSIGN(const auto found, credential(call));
  const std::chrono::milliseconds now = parts_.clock->monotonic();
  if (found && !found->registry_token.empty()) {
    return Token{Secret("Bearer " + found->registry_token.reveal()), now + std::chrono::seconds(kDefaultLifetime)};
  }
  const bool by_identity = found && !found->identity_token.empty();
  SLIPWAY_ASSIGN(auto answer, by_identity ? token_by_post(realm, challenge, call, *found, stop)
                                          : token_by_get(realm, challenge, call, found, stop));
  const bool no_get = answer.response.status == 404 || answer.response.status == 405;
  if (found && !by_identity && no_get) {
    SLIPWAY_ASSIGN(answer, token_by_post(realm, challenge, call, *found, stop));
  }
  if (answer.response.status != 200) return fail(token_refused(answer.response.status, realm, call, found));
  return read_token(answer.body, realm, now);
}

/// The distribution project's token request: a GET, with the login as Basic credentials.
Result<http::TextResponse> Host::token_by_get(const http::Url& realm, const Challenge& challenge, const Call& call,
                                              const std::optional<Credential>& login, std::stop_token stop) {
  http::Request request;
  request.url = realm.str();
  if (const auto service = challenge.params.find("service"); service != challenge.params.end()) {
    request.url = http::with_query(request.url, "service", service->second);
  }
  for (const std::string& scope : split(scopes_of(call), ' ')) {
    if (!scope.empty()) request.url = http::with_query(request.url, "scope", scope);
  }
  if (login) request.authorization = basic(*login);
  mark_foreign(request);
  return http::perform_text(*parts_.transport, request, kMaxTokenBody, std::move(stop));
}

/// OAuth2: what an identity token needs, for it is a refresh token, and what a password gets where the GET is missing
/// (distribution's "oauth" specification).
Result<http::TextResponse> Host::token_by_post(const http::Url& realm, const Challenge& challenge, const Call& call,
                                               const Credential& login, std::stop_token stop) {
  const auto service = challenge.params.find("service");
  const bool by_identity = !login.identity_token.empty();
  const std::string proof = by_identity ? "&refresh_token=" + http::percent_encode(login.identity_token.reveal())
                                        : "&username=" + http::percent_encode(login.username) +
                                              "&password=" + http::percent_encode(login.password.reveal());
  const Secret kept(fmt::format("grant_type={}&client_id=slipway&service={}&scope={}{}",
                                by_identity ? "refresh_token" : "password",
                                http::percent_encode(service == challenge.params.end() ? name_ : service->second),
                                http::percent_encode(scopes_of(call)), proof));
  io::TextSource body(kept.reveal());
  http::Request request;
  request.method = "POST";
  request.url = realm.str();
  request.headers = {{"Content-Type", "application/x-www-form-urlencoded"}};
  request.body = &body;
  request.body_size = static_cast<std::int64_t>(kept.reveal().size());
  mark_foreign(request);
  return http::perform_text(*parts_.transport, request, kMaxTokenBody, std::move(stop));
}

Error Host::token_refused(int status, const http::Url& realm, const Call& call,
                          const std::optional<Credential>& login) const {
  Error error(status == 403 ? Errc::forbidden : Errc::unauthorized,
              fmt::format("{} gives no token for {} (HTTP {})", realm.host, call.what, status));
  if (status >= 500 || status == 429) error.code = Errc::network;
  error.hint = login ? fmt::format("the credentials from {} are refused; renew them with: slipway login {}",
                                   login->origin, name_)
                     : fmt::format("log in with: slipway login {}", name_);
  return error;
}

Result<Host::Token> Host::read_token(const std::string& body, const http::Url& realm, std::chrono::milliseconds now) {
  // The body holds a secret: its parser's message is not passed on.
  const auto json = Json::parse(body, "token", {.max_bytes = kMaxTokenBody});
  const Json* token = json ? json->find("token") : nullptr;
  if (json && token == nullptr) token = json->find("access_token");
  if (token == nullptr || token->string() == nullptr || !is_token_text(*token->string())) {
    return fail(Errc::malformed, "{} answers without a usable token", realm.host);
  }
  const Json* lifetime = json->find("expires_in");
  const std::int64_t seconds =
      lifetime != nullptr && lifetime->integer() != nullptr ? *lifetime->integer() : kDefaultLifetime;
  constexpr std::int64_t kEarly = 5;
  return Token{Secret("Bearer " + *token->string()),
               now + std::chrono::seconds(std::clamp(seconds, kDefaultLifetime, kLongestLifetime) - kEarly)};
}

}  // namespace slipway::registry
