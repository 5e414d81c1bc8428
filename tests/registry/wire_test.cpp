#include "registry/wire.h"

#include <gtest/gtest.h>

#include <thread>

#include "support/header_example.h"

namespace slipway::test {
namespace {

using http::Breakdown;
using http::Request;

TEST(Scheme, HostsElsewhereAreAskedOverTlsAlone) {
  Wire wire([](const Request&) { return Answer{.headers = {}, .body = {}, .breakdown = Breakdown::other}; });
  EXPECT_EQ(wire.open("h.example/a")->resolve(std::string("v1")).error().code, Errc::network);
  for (const auto& line : wire.transport.lines())
    EXPECT_TRUE(begins(line, "HEAD https://h.example/")) << line;
}

TEST(Scheme, DockerIoIsAnotherHost) {
  Wire wire([](const Request&) { return manifest_answer(); });
  ASSERT_TRUE(wire.open("docker.io/library/alpine")->resolve(std::string("v1")).has_value());
  EXPECT_EQ(wire.transport.lines().front(), "HEAD https://registry-1.docker.io/v2/library/alpine/manifests/v1");
}

TEST(Scheme, LoopbackIsAskedOverHttpAndStaysThere) {
  Wire wire([](const Request&) { return manifest_answer(); });
  const auto target = wire.open("localhost:5000/a");
  ASSERT_TRUE(target->resolve(std::string("v1")).has_value());
  ASSERT_TRUE(target->resolve(std::string("v2")).has_value());
  EXPECT_EQ(wire.transport.lines(), (std::vector<std::string>{"HEAD http://localhost:5000/v2/a/manifests/v1",
                                                              "HEAD http://localhost:5000/v2/a/manifests/v2"}));
}

/// The ways a TLS port answers plain HTTP.
TEST(Scheme, ATlsPortOnLoopbackIsNoticedOnce) {
  const Answer words{.status = 400, .headers = {}, .body = "Client sent an HTTP request to an HTTPS server.\n"};
  const Answer apache{
      .status = 400, .headers = {}, .body = "You're speaking plain HTTP to an SSL-enabled server port."};
  const Answer garbage{.headers = {}, .body = {}, .breakdown = Breakdown::other};
  for (const Answer& answer : {words, apache, garbage}) {
    Wire wire([&](const Request& request) { return begins(request.url, "http:") ? answer : manifest_answer(); });
    const auto target = wire.open("127.0.0.1:5000/a");
    ASSERT_TRUE(target->resolve(std::string("v1")).has_value());
    ASSERT_TRUE(target->fetch_document(std::string("v1")).has_value());
    EXPECT_EQ(wire.transport.lines(), (std::vector<std::string>{"HEAD http://127.0.0.1:5000/v2/a/manifests/v1",
                                                                "HEAD https://127.0.0.1:5000/v2/a/manifests/v1",
                                                                "GET https://127.0.0.1:5000/v2/a/manifests/v1"}))
        << answer.body;
    EXPECT_EQ(wire.clock.slept(), 0);
  }
}

TEST(Scheme, AnHttpRegistryThatDropsOneConnectionIsNotTakenForATlsPort) {
  int asked = 0;
  Wire wire([&](const Request& request) {
    if (begins(request.url, "https:")) return Answer{.headers = {}, .body = {}, .breakdown = Breakdown::other};
    return ++asked == 1 ? Answer{.headers = {}, .body = {}, .breakdown = Breakdown::other} : manifest_answer();
  });
  EXPECT_TRUE(wire.open("127.0.0.1:5000/a")->resolve(std::string("v1")).has_value());
  EXPECT_TRUE(begins(wire.transport.lines().back(), "HEAD http://"));
}

TEST(Scheme, AnUntrustedCertificateOnLoopbackIsTheAnswerAndNeverHttp) {
  Wire wire([](const Request& request) {
    return Answer{.headers = {},
                  .body = {},
                  .breakdown = begins(request.url, "https:") ? Breakdown::certificate : Breakdown::other};
  });
  const auto target = wire.open("127.0.0.1:5000/a");
  EXPECT_EQ(target->resolve(std::string("v1")).error().code, Errc::network);
  EXPECT_EQ(wire.transport.lines().size(), 2u) << "http, https, and no retry: the certificate stays what it is";
  EXPECT_FALSE(target->resolve(std::string("v1")).has_value());
  EXPECT_TRUE(begins(wire.transport.lines().back(), "HEAD https://"));
}

TEST(Scheme, WhatRequiresTlsNeverSpeaksHttp) {
  for (const char* place : {"127.0.0.1:5000/a", "127.0.0.1:443/a"}) {
    registry::RegistryOptions options;
    options.require_tls = std::string(place) == "127.0.0.1:5000/a";
    Wire wire([](const Request&) { return Answer{.headers = {}, .body = {}, .breakdown = Breakdown::other}; }, options);
    EXPECT_FALSE(wire.open(place)->resolve(std::string("v1")).has_value());
    for (const auto& line : wire.transport.lines())
      EXPECT_TRUE(begins(line, "HEAD https://")) << line;
  }
}

TEST(Scheme, InsecureTriesHttpWhereThereIsNoTls) {
  registry::RegistryOptions options;
  options.insecure = true;
  Wire wire(
      [](const Request& request) {
        return begins(request.url, "https:") ? Answer{.headers = {}, .body = {}, .breakdown = Breakdown::other}
                                             : manifest_answer();
      },
      options);
  EXPECT_TRUE(wire.open("h.example/a")->resolve(std::string("v1")).has_value());
  EXPECT_EQ(wire.transport.lines().size(), 2u);
}

TEST(Scheme, LanesThatAskAtOnceAllFindTheTlsPort) {
  Wire wire([](const Request& request) {
    if (!begins(request.url, "http:")) return manifest_answer();
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    return Answer{.status = 400, .headers = {}, .body = "Client sent an HTTP request to an HTTPS server.\n"};
  });
  const auto target = wire.open("127.0.0.1:5000/a");
  std::atomic<int> good = 0;
  {
    std::vector<std::jthread> lanes;
    for (int i = 0; i < 6; ++i) {
      lanes.emplace_back([&] { good += target->fetch_document(std::string("v1")).has_value() ? 1 : 0; });
    }
  }
  EXPECT_EQ(good, 6);
}

TEST(Redirect, Row071_CredentialsStayWithTheOrigin) {
  for (const char* elsewhere : {"https://storage.example/blob?sig=x", "https://h.example:8443/blob"}) {
    Wire wire([&](const Request& request) {
      if (request.url.find("/v2/") == std::string::npos) return Answer{.headers = {}, .body = kBlobText};
      return request.authorization.empty() ? challenge("Basic realm=x") : redirect(elsewhere);
    });
    wire.credentials.set("user", "pass");
    EXPECT_EQ(read_blob(*wire.open("h.example/a")).value(), kBlobText);
    const auto asked = wire.transport.asked();
    ASSERT_EQ(asked.size(), 3u);
    EXPECT_FALSE(asked[1].authorization.empty());
    EXPECT_EQ(asked[2].line, std::string("GET ") + elsewhere);
    EXPECT_TRUE(asked[2].authorization.empty());
  }
}

TEST(Redirect, WithinTheOriginCredentialsAreKept) {
  Wire wire([&](const Request& request) {
    if (request.authorization.empty()) return challenge("Basic realm=x");
    return request.url.find("/v2/") == std::string::npos ? Answer{.headers = {}, .body = kBlobText}
                                                         : redirect("/other?a=%2F");
  });
  wire.credentials.set("user", "pass");
  EXPECT_EQ(read_blob(*wire.open("h.example/a")).value(), kBlobText);
  EXPECT_EQ(wire.transport.lines().back(), "GET https://h.example/other?a=%2F");
}

TEST(Redirect, Row072_WhatMustNotBeFollowed) {
  for (const char* bad :
       {"http://h.example/x", "http://169.254.169.254/latest", "https://10.0.0.1/x", "https://127.0.0.1/x",
        "https://[::ffff:127.0.0.1]/x", "https://2130706433/x", "file:///etc/passwd", "https://u:p@h.example/x"}) {
    Wire wire([&](const Request&) { return redirect(bad); });
    const auto blob = read_blob(*wire.open("h.example/a"));
    EXPECT_FALSE(blob.has_value()) << bad;
    EXPECT_EQ(wire.transport.lines().size(), 1u) << bad;
    EXPECT_EQ(wire.clock.slept(), 0) << "a refusal is not retried: " << bad;
  }
}

/// Storage that answers 401 must not learn the password by naming a realm of its own.
TEST(Redirect, Row075_AChallengeFromElsewhereGetsNoLogin) {
  for (const char* elsewhere : {"https://storage.example/blob", "https://h.example:8443/blob"}) {
    for (const char* asks : {"Bearer realm=\"https://evil.example/token\"", "Basic realm=x"}) {
      for (const bool logged_in : {false, true}) {
        Wire wire([&](const Request& request) {
          if (request.url.find("/v2/") == std::string::npos) return challenge(asks);
          return logged_in && request.authorization.empty() ? challenge("Basic realm=x") : redirect(elsewhere);
        });
        wire.credentials.set("user", "pass");
        const auto blob = read_blob(*wire.open("h.example/a"));
        ASSERT_FALSE(blob.has_value());
        EXPECT_EQ(blob.error().code, Errc::unauthorized) << blob.error().describe();
        for (const auto& asked : wire.transport.asked()) {
          EXPECT_EQ(asked.line.find("evil.example"), std::string::npos) << asks;
          if (asked.line.find("/v2/") == std::string::npos) {
            EXPECT_TRUE(asked.authorization.empty()) << asks;
          }
        }
      }
    }
  }
}

TEST(Redirect, AChallengeFromElsewhereTeachesNothingAboutTheRegistry) {
  Wire wire([](const Request& request) {
    if (request.url.find("/blobs/") != std::string::npos) return redirect("https://storage.example/blob");
    if (request.url.find("/v2/") == std::string::npos) return challenge("Basic realm=x");
    return manifest_answer();
  });
  wire.credentials.set("user", "pass");
  const auto target = wire.open("h.example/a");
  EXPECT_FALSE(read_blob(*target).has_value());
  ASSERT_TRUE(target->resolve(std::string("v1")).has_value());
  EXPECT_TRUE(wire.transport.asked().back().authorization.empty());
}

TEST(Redirect, ALoopEnds) {
  Wire wire([](const Request&) { return redirect("/again"); });
  EXPECT_FALSE(read_blob(*wire.open("h.example/a")).has_value());
  EXPECT_EQ(wire.transport.lines().size(), 11u);
}

TEST(Redirect, AnUploadIsResentOn307AndRefusedWhereItsBodyWouldBeLost) {
  const Blob blob = make_blob(kBlobText);
  for (const int status : {301, 302, 303, 307, 308}) {
    Wire wire([&](const Request& request) {
      if (request.method == "POST")
        return Answer{.status = 202, .headers = {{"location", "/up?state=a%2Fb"}}, .body = {}};
      if (request.method == "HEAD") return Answer{.status = 404, .headers = {}, .body = {}};
      if (begins(request.url, "https://store.example/")) return Answer{.status = 201, .headers = {}, .body = {}};
      return redirect("https://store.example/x", status);
    });
    const bool done = push(*wire.open("h.example/a"), blob).has_value();
    EXPECT_EQ(done, status >= 307) << status;
    if (done) {
      EXPECT_EQ(wire.transport.asked().back().body, kBlobText) << "the whole body, from its start";
    }
  }
}

TEST(Upload, Row074_ALocationElsewhereGetsNoCredentials) {
  Wire wire([&](const Request& request) {
    if (begins(request.url, "https://store.example/")) return Answer{.status = 201, .headers = {}, .body = {}};
    if (request.authorization.empty()) return challenge("Basic realm=x");
    return Answer{.status = 202, .headers = {{"location", "https://store.example/up?sig=a%2Fb"}}, .body = {}};
  });
  wire.credentials.set("user", "pass");
  const Blob blob = make_blob(kBlobText);
  ASSERT_TRUE(push(*wire.open("h.example/a"), blob).has_value());
  const auto last = wire.transport.asked().back();
  EXPECT_TRUE(begins(last.line, "PUT https://store.example/up?sig=a%2Fb&digest=sha256%3A")) << last.line;
  EXPECT_TRUE(last.authorization.empty());
}

TEST(Upload, Row074_AChallengeFromALocationElsewhereGetsNoLogin) {
  Wire wire([&](const Request& request) {
    if (begins(request.url, "https://store.example/")) return challenge("Bearer realm=\"https://evil.example/token\"");
    if (request.method == "HEAD") return Answer{.status = 404, .headers = {}, .body = {}};
    return Answer{.status = 202, .headers = {{"location", "https://store.example/up"}}, .body = {}};
  });
  wire.credentials.set("user", "pass");
  EXPECT_EQ(push(*wire.open("h.example/a"), make_blob(kBlobText)).error().code, Errc::unauthorized);
  for (const auto& asked : wire.transport.asked()) {
    EXPECT_TRUE(asked.authorization.empty()) << asked.line;
    EXPECT_EQ(asked.line.find("evil.example"), std::string::npos);
  }
}

TEST(Upload, Row074_ALocationThatLeavesTlsOrPointsInsideIsRefused) {
  for (const char* bad : {"http://h.example/up", "https://192.168.0.1/up", "ftp://h.example/up"}) {
    Wire wire([&](const Request& request) {
      return request.method == "HEAD" ? Answer{.status = 404, .headers = {}, .body = {}}
                                      : Answer{.status = 202, .headers = {{"location", bad}}, .body = {}};
    });
    EXPECT_FALSE(push(*wire.open("h.example/a"), make_blob(kBlobText)).has_value()) << bad;
    for (const auto& asked : wire.transport.asked())
      EXPECT_NE(asked.line.find(" https://h.example/v2/"), std::string::npos) << asked.line;
  }
}

TEST(Realm, Row073_PasswordsGoOnlyWhereTheyMay) {
  struct Case {
    const char* place;
    const char* realm;
    bool allowed;
  };
  for (const Case& c :
       {Case{"h.example/a", "https://auth.example/token", true}, Case{"h.example/a", "/token", true},
        Case{"h.example/a", "http://auth.example/token", false}, Case{"h.example/a", "http://h.example/token", false},
        Case{"h.example/a", "https://10.0.0.1/token", false},
        Case{"h.example/a", "https://u:p@auth.example/token", false}, Case{"h.example/a", "file:///etc/passwd", false},
        Case{"127.0.0.1:5000/a", "http://127.0.0.1:5001/token", true},
        Case{"localhost:5000/a", "http://localhost:5000/token", true},
        Case{"127.0.0.1:5000/a", "http://auth.example/token", false},
        Case{"127.0.0.1:5000/a", "https://auth.example/token", true}}) {
    Wire wire([&](const Request& request) {
      if (request.url.find("/token") != std::string::npos)
        return Answer{.headers = {}, .body = R"({"access_token":"t0ken"})"};
      if (request.authorization.reveal() == "Bearer t0ken") return manifest_answer();
      return challenge(std::string("Bearer realm=\"") + c.realm + "\"");
    });
    wire.credentials.set("user", "pass");
    const bool done = wire.open(c.place)->resolve(std::string("v1")).has_value();
    EXPECT_EQ(done, c.allowed) << c.place << " " << c.realm;
    int logins = 0;
    for (const auto& asked : wire.transport.asked())
      logins += begins(asked.authorization, "Basic ") ? 1 : 0;
    EXPECT_EQ(logins, c.allowed ? 1 : 0) << c.place << " " << c.realm;
  }
}

TEST(Token, Row077_OnlyUsableOnesAreTaken) {
  for (const char* bad :
       {"", "{}", "<html>", R"({"token":""})", R"({"token":5})", R"({"token":"a\nb"})", R"({"token":"a b"})"}) {
    Wire wire([&](const Request& request) {
      if (request.url.find("/token") != std::string::npos) return Answer{.headers = {}, .body = bad};
      return challenge("Bearer realm=\"https://auth.example/token\"");
    });
    const auto found = wire.open("h.example/a")->resolve(std::string("v1"));
    EXPECT_FALSE(found.has_value()) << bad;
  }
}

TEST(Token, AnIdentityTokenIsPostedAndNeverInAUrl) {
  Wire wire([&](const Request& request) {
    if (request.url.find("/token") != std::string::npos)
      return Answer{.headers = {}, .body = R"({"access_token":"t"})"};
    if (request.authorization.reveal() == "Bearer t") return Answer{.status = 404, .headers = {}, .body = {}};
    return challenge("Bearer realm=\"https://auth.example/token\",service=\"h & co\"");
  });
  wire.credentials.set_identity("refresh/me+");
  EXPECT_FALSE(wire.open("h.example/a")->exists(make_blob("x").descriptor).value());
  const auto asked = wire.transport.asked();
  ASSERT_EQ(asked.size(), 3u);
  EXPECT_EQ(asked[1].line, "POST https://auth.example/token");
  EXPECT_EQ(asked[1].body,
            "grant_type=refresh_token&client_id=slipway&service=h%20%26%20co&scope=repository%3Aa%3Apull"
            "&refresh_token=refresh%2Fme%2B");
  EXPECT_TRUE(asked[1].authorization.empty());
  EXPECT_EQ(asked[2].authorization, "Bearer t");
}

TEST(Faults, Row09_ARevokedIdentityTokenSaysToLogInAgain) {
  Wire wire([&](const Request& request) {
    if (request.url.find("/token") != std::string::npos) return Answer{.status = 401, .headers = {}, .body = {}};
    return challenge("Bearer realm=\"https://auth.example/token\"");
  });
  wire.credentials.set_identity("refresh-secret");
  const auto found = wire.open("h.example/a")->resolve(std::string("v1"));
  ASSERT_FALSE(found.has_value());
  EXPECT_EQ(found.error().code, Errc::unauthorized);
  EXPECT_NE(found.error().hint.find("slipway login h.example"), std::string::npos);
  EXPECT_EQ(found.error().describe().find("refresh-secret"), std::string::npos);
  EXPECT_EQ(wire.transport.lines().size(), 2u) << "no loop";
}

TEST(Faults, Row08_AnExpiredTokenIsReplacedBeforeItIsSent) {
  int given = 0;
  Wire wire([&](const Request& request) {
    if (request.url.find("/token") != std::string::npos) {
      return Answer{.headers = {}, .body = fmt::format(R"({{"token":"t{}","expires_in":120}})", ++given)};
    }
    if (request.authorization.empty()) return challenge("Bearer realm=\"https://auth.example/token\",service=\"s\"");
    return manifest_answer();
  });
  const auto target = wire.open("h.example/a");
  ASSERT_TRUE(target->resolve(std::string("v1")).has_value());
  wire.clock.advance(std::chrono::seconds(110));
  ASSERT_TRUE(target->resolve(std::string("v1")).has_value());
  EXPECT_EQ(given, 1);
  wire.clock.advance(std::chrono::seconds(10));
  ASSERT_TRUE(target->resolve(std::string("v1")).has_value());
  EXPECT_EQ(given, 2);
  EXPECT_EQ(wire.transport.asked().back().authorization, "Bearer t2");
  EXPECT_EQ(wire.transport.lines()[1], "GET https://auth.example/token?service=s&scope=repository%3Aa%3Apull");
}

TEST(Token, LanesShareOneRequest) {
  std::atomic<int> given = 0;
  Wire wire([&](const Request& request) {
    if (request.url.find("/token") != std::string::npos) {
      ++given;
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      return Answer{.headers = {}, .body = R"({"token":"t"})"};
    }
    if (request.authorization.empty()) return challenge("Bearer realm=\"https://auth.example/token\"");
    return manifest_answer();
  });
  const auto target = wire.open("h.example/a");
  std::atomic<int> good = 0;
  {
    std::vector<std::jthread> lanes;
    for (int i = 0; i < 6; ++i) {
      lanes.emplace_back([&] { good += target->resolve(std::string("v1")).has_value() ? 1 : 0; });
    }
  }
  EXPECT_EQ(good, 6);
  EXPECT_EQ(given, 1);
}

TEST(Token, AMountThatMayNotReadTheOtherRepositoryIsNoFailure) {
  Wire wire([&](const Request& request) {
    const bool other = request.url.find("secret") != std::string::npos;
    if (request.url.find("/token") != std::string::npos)
      return Answer{.status = other ? 403 : 200, .headers = {}, .body = R"({"token":"t"})"};
    if (request.authorization.empty()) return challenge("Bearer realm=\"https://auth.example/token\"");
    return manifest_answer();
  });
  const auto target = wire.open("h.example/a");
  const auto mounted = store::as<store::Mounter>(*target)->mount(make_blob(kBlobText).descriptor, "secret/b");
  ASSERT_TRUE(mounted.has_value()) << mounted.error().describe();
  EXPECT_FALSE(*mounted);
}

TEST(Answers, Row079_ALoginPageIsNoManifestAndItsHtmlIsNotShown) {
  const std::string page = "<html><body>Please log in</body></html>";
  Wire wire([&](const Request&) {
    return Answer{.status = 200, .headers = {{"content-type", "text/html"}}, .body = page};
  });
  const auto target = wire.open("h.example/a");
  EXPECT_FALSE(target->resolve(std::string("v1")).has_value());
  EXPECT_FALSE(store::as<store::TagLister>(*target)->list_tags().has_value());
  Wire refused([&](const Request&) { return Answer{.status = 418, .headers = {}, .body = page}; });
  const auto result = refused.open("h.example/a")->fetch_document(std::string("v1"));
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().describe().find("<"), std::string::npos) << result.error().describe();
}

TEST(Answers, Row089_TheRegistrysWordsAreMadePrintableAndShort) {
  Wire wire([](const Request&) {
    return Answer{.status = 400,
                  .headers = {},
                  .body = R"({"errors":[{"code":"X\u001b[31m","message":")" + std::string(5000, 'm') + R"("}]})"};
  });
  const auto result = wire.open("h.example/a")->fetch_document(std::string("v1"));
  ASSERT_FALSE(result.has_value());
  const std::string text = result.error().describe();
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_LT(text.size(), 1500u);
}

TEST(Answers, AManifestPutThatAnyWebServerWouldAcceptIsLookedUp) {
  Wire wire([](const Request& request) {
    return Answer{.status = request.method == "HEAD" ? 404 : 200, .headers = {}, .body = "ok"};
  });
  EXPECT_FALSE(push(*wire.open("h.example/a"), make_index({})).has_value());
}

TEST(Answers, AnotherDigestForWhatWasPutIsAVerificationFailure) {
  Wire wire([](const Request&) {
    return Answer{.status = 201, .headers = {{"docker-content-digest", io::digest_of("other").str()}}, .body = {}};
  });
  EXPECT_EQ(push(*wire.open("h.example/a"), make_index({})).error().code, Errc::verification_failed);
}

TEST(Answers, Row010_TagListsStayOnTheirOrigin) {
  for (const char* next :
       {"https://evil.example/v2/a/tags/list", "http://h.example/v2/a/tags/list", "https://h.example:8443/x"}) {
    Wire wire([&](const Request&) {
      return Answer{.headers = {{"link", std::string("<") + next + ">; rel=\"next\""}}, .body = R"({"tags":["a"]})"};
    });
    EXPECT_FALSE(store::as<store::TagLister>(*wire.open("h.example/a"))->list_tags().has_value()) << next;
    EXPECT_EQ(wire.transport.lines().size(), 1u);
  }
}

TEST(Answers, Row009_AnEndlessTagListEndsAndStrangeTagsAreSkipped) {
  Wire endless([](const Request&) {
    return Answer{.headers = {{"link", "</v2/a/tags/list?last=a>; rel=\"next\""}}, .body = R"({"tags":["a"]})"};
  });
  EXPECT_EQ(store::as<store::TagLister>(*endless.open("h.example/a"))->list_tags().error().code, Errc::network);
  Wire strange(
      [](const Request&) { return Answer{.headers = {}, .body = R"({"tags":["good","../../x",null,5,"a b",""]})"}; });
  EXPECT_EQ(store::as<store::TagLister>(*strange.open("h.example/a"))->list_tags().value(),
            std::vector<std::string>{"good"});
  Wire none([](const Request&) { return Answer{.headers = {}, .body = R"({"tags":null})"}; });
  EXPECT_TRUE(store::as<store::TagLister>(*none.open("h.example/a"))->list_tags()->empty());
}

Result<Digest> digest_of_tag(registry::SessionServices services, const oci::Location& image) {
  const auto session = registry::Session::create(std::move(services), {.side = Side::source});
  const auto repository = session->open(image);
  SLIPWAY_ASSIGN(const oci::Descriptor manifest, repository->resolve(*image.tag()));
  return manifest.digest;
}

TEST(SessionHeader, TheExampleWorks) {
  expect_example_is_compiled("include/slipway/registry/session.h", "tests/registry/wire_test.cpp");
  ScriptedTransport transport([](const Request&) { return manifest_answer(); });
  FakeClock clock;
  SeededRng rng;
  FixedCredentials credentials;
  const auto digest =
      digest_of_tag({.transport = &transport, .credentials = &credentials, .clock = &clock, .rng = &rng},
                    oci::Location::parse("h.example/a:v1").value());
  EXPECT_EQ(digest.value(), io::digest_of(document()));
}

}  // namespace
}  // namespace slipway::test
