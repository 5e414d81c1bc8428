#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "registry/authenticator.h"
#include "registry/endpoint.h"
#include "registry/redirects.h"
#include "registry/registry_world.h"
#include "registry/token_client.h"
#include "registry/warnings.h"
#include "support/fake_clock.h"
#include "support/scripted_transport.h"

/// The layers of a host, each over a scripted transport.
namespace slipway::registry {
namespace {

using http::Breakdown;
using http::Request;
using test::Answer;
using test::ScriptedTransport;
using testing::ElementsAre;
using testing::HasSubstr;

/// Collects a body; `sink_has_it` is a sink that cannot take bytes back.
struct Received final : http::ResponseHandler {
  Status begin(const http::Response&) override {
    body.clear();
    return {};
  }
  Status write(io::Bytes bytes) override {
    body += io::as_text(bytes);
    return {};
  }
  void broke(Breakdown why) override { breakdown = why; }
  bool can_begin_again() const override { return true; }
  std::string body;
  Breakdown breakdown = Breakdown::none;
};

Answer broken(Breakdown breakdown) { return {.headers = {}, .body = {}, .breakdown = breakdown}; }
Answer ok(std::string body = "ok") { return {.headers = {}, .body = std::move(body)}; }
Answer moved(const std::string& to, int status = 307) {
  return {.status = status, .headers = {{"location", to}}, .body = "moved"};
}
Answer asks(const std::string& challenge) {
  return {.status = 401, .headers = {{"www-authenticate", challenge}}, .body = "log in"};
}

struct Layers {
  explicit Layers(const std::string& host, ScriptedTransport::Script script, RegistryOptions with = {})
      : options(with), endpoint(host, options), transport(std::move(script)) {}

  RegistryOptions options;
  Endpoint endpoint;
  ScriptedTransport transport;
  Received received;
};

// Endpoint

Result<http::Response> at_endpoint(Layers& layers, const std::string& url = "/v2/", const char* method = "GET") {
  EndpointTransport at_endpoint(layers.endpoint, layers.transport);
  return at_endpoint.perform({.method = method, .url = url, .authorization = Secret("secret")}, layers.received, {});
}

TEST(EndpointLayer, MakesUrlsOfPaths) {
  Layers hub("docker.io", [](const Request&) { return ok(); });
  ASSERT_TRUE(at_endpoint(hub));
  EXPECT_THAT(hub.transport.lines(), ElementsAre("GET https://registry-1.docker.io/v2/"));
  Layers near("localhost:5000", [](const Request&) { return ok(); });
  ASSERT_TRUE(at_endpoint(near));
  EXPECT_THAT(near.transport.lines(), ElementsAre("GET http://localhost:5000/v2/"));
  Layers tls("localhost:443", [](const Request&) { return ok(); });
  ASSERT_TRUE(at_endpoint(tls));
  EXPECT_THAT(tls.transport.lines(), ElementsAre("GET https://localhost:443/v2/"));
}

TEST(EndpointLayer, AfterAnUntrustedCertificateNothingIsAskedOverHttp) {
  Layers layers("127.0.0.1:5000", [](const Request& request) {
    // A TLS port's answer to a HEAD over http has no words.
    if (request.url.starts_with("http:")) return Answer{.status = 400, .headers = {}, .body = {}};
    return broken(Breakdown::certificate);
  });
  EXPECT_FALSE(at_endpoint(layers, "/v2/a", "HEAD").has_value());
  EXPECT_EQ(layers.received.breakdown, Breakdown::certificate);
  EXPECT_FALSE(at_endpoint(layers, "/v2/b", "HEAD").has_value());
  EXPECT_THAT(layers.transport.lines(),
              ElementsAre("HEAD http://127.0.0.1:5000/v2/a", "HEAD https://127.0.0.1:5000/v2/a",
                          "HEAD https://127.0.0.1:5000/v2/b"));
}

TEST(EndpointLayer, A400ThatIsNotATlsPortsIsHandedOnWhole) {
  Layers layers("127.0.0.1:5000", [](const Request&) { return Answer{.status = 400, .headers = {}, .body = "no"}; });
  const auto response = at_endpoint(layers);
  ASSERT_TRUE(response.has_value());
  EXPECT_EQ(response->status, 400);
  EXPECT_EQ(layers.received.body, "no");
  EXPECT_EQ(layers.transport.lines().size(), 1u);
}

TEST(EndpointLayer, ABodyThatIsCutIsNotAskedForOverTheOtherScheme) {
  Layers layers("127.0.0.1:5000", [](const Request&) { return Answer{.headers = {}, .body = "half", .cut_after = 2}; });
  EXPECT_FALSE(at_endpoint(layers).has_value());
  EXPECT_EQ(layers.transport.lines().size(), 1u) << "a registry that answers speaks this scheme";
}

TEST(EndpointLayer, AbsoluteUrlsKeepCredentialsOnlyAtHome) {
  Layers layers("h.example", [](const Request&) { return ok(); });
  ASSERT_TRUE(at_endpoint(layers, "https://h.example/up"));
  ASSERT_TRUE(at_endpoint(layers, "https://other.example/up"));
  EXPECT_EQ(layers.transport.asked()[0].authorization, "secret");
  EXPECT_EQ(layers.transport.asked()[1].authorization, "");
  const auto http = at_endpoint(layers, "http://h.example/up");
  ASSERT_FALSE(http.has_value());
  EXPECT_THAT(http.error().hint, HasSubstr("X-Forwarded-Proto: https"));
  EXPECT_EQ(layers.received.breakdown, Breakdown::forbidden) << "the same again would not help";
  EXPECT_FALSE(at_endpoint(layers, "https://169.254.169.254/up").has_value());
  EXPECT_EQ(layers.transport.asked().size(), 2u);
}

// Redirects

Result<http::Response> redirected(Layers& layers, Request request) {
  RedirectTransport redirects(layers.endpoint, layers.transport);
  request.authorization = Secret("secret");
  return redirects.perform(request, layers.received, {});
}

TEST(RedirectLayer, CredentialsStayWithTheirOriginAndComeNotBack) {
  Layers layers("h.example", [](const Request& request) {
    if (request.url == "https://h.example/a") return moved("/b");
    if (request.url == "https://h.example/b") return moved("https://cdn.example/c");
    if (request.url == "https://cdn.example/c") return moved("https://h.example/d");
    return ok("body");
  });
  ASSERT_TRUE(redirected(layers, {.url = "https://h.example/a"}));
  std::vector<std::string> sent;
  for (const auto& asked : layers.transport.asked())
    sent.push_back(asked.authorization);
  EXPECT_THAT(sent, ElementsAre("secret", "secret", "", ""));
  EXPECT_EQ(layers.received.body, "body") << "nothing of the redirects' own bodies";
}

TEST(RedirectLayer, RefusalsAreFinal) {
  for (const char* to : {"http://h.example/x", "https://10.0.0.1/x", "https://localhost/x", "ftp://h.example/"}) {
    Layers layers("h.example", [&](const Request&) { return moved(to); });
    EXPECT_FALSE(redirected(layers, {.url = "https://h.example/"}).has_value()) << to;
    EXPECT_EQ(layers.received.breakdown, Breakdown::forbidden) << to;
    EXPECT_EQ(layers.transport.lines().size(), 1u) << to;
  }
  Layers endless("h.example", [&](const Request&) { return moved("/again"); });
  EXPECT_FALSE(redirected(endless, {.url = "https://h.example/"}).has_value());
  EXPECT_EQ(endless.transport.lines().size(), 11u);
}

TEST(RedirectLayer, BodiesAreSentAgainOnlyWhereTheMethodStays) {
  for (const int status : {301, 302, 303, 307, 308}) {
    Layers layers("h.example",
                  [&](const Request& request) { return request.url.ends_with("/a") ? moved("/b", status) : ok(); });
    io::StringSource body("body");
    const bool kept = status == 307 || status == 308;
    EXPECT_EQ(
        redirected(layers, {.method = "PUT", .url = "https://h.example/a", .body = &body, .body_size = 4}).has_value(),
        kept)
        << status;
    if (kept) EXPECT_EQ(layers.transport.asked().back().body, "body");
    EXPECT_TRUE(redirected(layers, {.method = "HEAD", .url = "https://h.example/a"}).has_value()) << status;
  }
}

TEST(RedirectLayer, ARedirectWithoutAPlaceIsAnAnswer) {
  Layers layers("h.example", [](const Request&) { return Answer{.status = 304, .headers = {}, .body = {}}; });
  EXPECT_EQ(redirected(layers, {.url = "https://h.example/"})->status, 304);
  Layers lost("h.example", [](const Request&) { return Answer{.status = 307, .headers = {}, .body = "x"}; });
  EXPECT_EQ(redirected(lost, {.url = "https://h.example/"})->status, 307);
  EXPECT_EQ(lost.received.body, "x");
}

// Warnings

TEST(WarningLayer, OnlyTheRegistryItselfIsListenedTo) {
  Layers layers("h.example", [](const Request&) {
    return Answer{.headers = {{"warning", "299 - \"old\""}}, .body = {}};
  });
  std::vector<std::string> told;
  WarningTransport warnings(
      "h.example", [&](const std::string& text) { told.push_back(text); }, layers.transport);
  ASSERT_TRUE(warnings.perform({.url = "https://cdn.example/", .foreign = true}, layers.received, {}));
  EXPECT_THAT(told, testing::IsEmpty());
  ASSERT_TRUE(warnings.perform({.url = "https://h.example/"}, layers.received, {}));
  ASSERT_TRUE(warnings.perform({.url = "https://h.example/"}, layers.received, {}));
  EXPECT_THAT(told, ElementsAre("h.example says: old"));
}

// Tokens and logins

constexpr const char* kBearer = R"(Bearer realm="https://auth.example/token",service="s")";

/// A registry that asks for a login, over a script.
struct Login : Layers {
  explicit Login(ScriptedTransport::Script script)
      : Layers("h.example", std::move(script)), authenticator(endpoint, options, credentials, transport, clock) {}

  Result<http::Response> get(const std::string& repository = "a", const std::string& actions = "pull") {
    const Scope scope{repository, actions, {}, "manifest v1 of h.example/a"};
    AuthenticatedTransport authenticated(authenticator, endpoint, scope, transport);
    return authenticated.perform({.url = "https://h.example/v2/" + repository}, received, {});
  }
  int count(const std::string& part) const {
    int found = 0;
    for (const std::string& line : transport.lines())
      found += line.find(part) != std::string::npos ? 1 : 0;
    return found;
  }

  test::FakeClock clock;
  test::FixedCredentials credentials;
  Authenticator authenticator;
};

bool is_token_request(const Request& request) { return request.url.find("/token") != std::string::npos; }

TEST(LoginLayer, ARefusedPasswordIsSentOnce) {
  Login login([](const Request&) { return asks("Basic realm=x"); });
  login.credentials.set("user", "wrong");
  ASSERT_TRUE(login.get().has_value());
  EXPECT_EQ(login.transport.lines().size(), 2u) << "asked, then with the password";
  ASSERT_TRUE(login.get().has_value());
  EXPECT_EQ(login.transport.lines().size(), 3u) << "known to be asked for: with the password, once";
  EXPECT_EQ(login.received.body, "log in") << "the refusal is handed on";
}

TEST(LoginLayer, ARefusedTokenIsNotSentAgain) {
  int given = 0;
  int uses = 0;
  Login login([&](const Request& request) {
    if (is_token_request(request)) return ok(fmt::format(R"({{"token":"t{}","expires_in":3600}})", ++given));
    // The first token is revoked after its first use.
    const bool good = request.authorization.reveal() == (given < 2 ? "Bearer t1" : "Bearer t2");
    if (good && (given == 2 || ++uses == 1)) return ok();
    return asks(kBearer);
  });
  ASSERT_EQ(login.get()->status, 200);
  ASSERT_EQ(login.get()->status, 200) << "refused, then with another token";
  ASSERT_EQ(login.get()->status, 200);
  std::vector<std::string> sent;
  for (const auto& asked : login.transport.asked()) {
    if (asked.line.find("/token") == std::string::npos) sent.push_back(asked.authorization);
  }
  EXPECT_THAT(sent, ElementsAre("", "Bearer t1", "Bearer t1", "Bearer t2", "Bearer t2"));
  EXPECT_EQ(given, 2);
}

TEST(LoginLayer, ATokenThatCannotBeSentIsRefusedAndNeverQuoted) {
  for (const char* body :
       {R"({"token":"top secret"})", R"({"token":"top\u0007secret"})", R"({"token":"top\r\nsecret: x"})",
        R"({"token":"topsécret"})", R"({"token":"","access_token":"top secret"})", R"({"token":["topsecret"]})",
        R"({"tokens":"topsecret"})", "topsecret", R"({"token":"topsecret")"}) {
    Login login([&](const Request& request) { return is_token_request(request) ? ok(body) : asks(kBearer); });
    const auto answered = login.get();
    ASSERT_FALSE(answered.has_value()) << body;
    EXPECT_EQ(answered.error().code, Errc::network) << body;
    EXPECT_THAT(answered.error().describe(), testing::Not(HasSubstr("secret"))) << body;
    EXPECT_THAT(answered.error().describe(), testing::Not(HasSubstr("top"))) << body;
    EXPECT_EQ(login.count("/v2/"), 1) << "no request with it: " << body;
  }
}

TEST(LoginLayer, TokensAreReadHoweverTheyAreWorded) {
  for (const char* body :
       {R"({"token":"t"})", R"({"access_token":"t"})", R"({"token":"t","access_token":"u"})",
        R"({"token":"","access_token":"t"})", R"({"token":null,"access_token":"t"})", R"({"token":"t","scope":null})",
        R"({"token":"t","expires_in":"300"})", R"({"token":"t","expires_in":null})", R"({"token":"t","expires_in":-1})",
        R"({"token":"t","expires_in":3e2,"issued_at":"yesterday"})"}) {
    Login login([&](const Request& request) {
      if (is_token_request(request)) return ok(body);
      return request.authorization.reveal() == "Bearer t" ? ok() : asks(kBearer);
    });
    const auto answered = login.get();
    ASSERT_TRUE(answered.has_value()) << body << answered.error().describe();
    EXPECT_EQ(answered->status, 200) << body;
    login.clock.advance(std::chrono::seconds(30));
    ASSERT_TRUE(login.get().has_value());
    EXPECT_EQ(login.count("/token"), 1) << "good for a minute at least: " << body;
  }
}

TEST(LoginLayer, LanesShareATokenAndOtherScopesDoNotWaitForIt) {
  std::atomic<int> slow_asked = 0;
  std::atomic<bool> fast_done = false;
  Login login([&](const Request& request) {
    if (!is_token_request(request)) return request.authorization.empty() ? asks(kBearer) : ok();
    if (request.url.find("slow") == std::string::npos) return ok(R"({"token":"t"})");
    ++slow_asked;
    for (int i = 0; i < 1'000 && !fast_done; ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    return fast_done ? ok(R"({"token":"t"})") : Answer{.status = 418, .headers = {}, .body = {}};
  });
  // The challenge is known before the lanes start.
  ASSERT_TRUE(login.get("first").has_value());
  const auto lane = [&](const char* repository) {
    Received received;
    const Scope scope{repository, "pull", {}, "x"};
    AuthenticatedTransport authenticated(login.authenticator, login.endpoint, scope, login.transport);
    const auto answered = authenticated.perform({.url = "https://h.example/v2/"}, received, {});
    EXPECT_TRUE(answered.has_value()) << repository << ": another scope waited";
  };
  {
    std::jthread slow(lane, "slow");
    std::jthread slow_too(lane, "slow");
    while (slow_asked == 0)
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    lane("fast");
    fast_done = true;
  }
  EXPECT_EQ(slow_asked, 1);
}

TEST(LoginLayer, OnlyTheRegistryItselfMayAskForALogin) {
  Login login([](const Request& request) {
    Answer answer = asks("Basic realm=x");
    if (request.url.starts_with("https://h.example")) return ok();
    return answer;
  });
  login.credentials.set("user", "password");
  const Scope scope{"a", "pull", {}, "a blob"};
  AuthenticatedTransport authenticated(login.authenticator, login.endpoint, scope, login.transport);
  const auto answered = authenticated.perform({.url = "https://cdn.example/blob"}, login.received, {});
  ASSERT_FALSE(answered.has_value());
  EXPECT_EQ(answered.error().code, Errc::unauthorized);
  ASSERT_TRUE(login.get().has_value());
  EXPECT_EQ(login.transport.asked().back().authorization, "") << "nothing was learned from it";
}

}  // namespace
}  // namespace slipway::registry
