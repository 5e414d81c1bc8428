#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <mutex>
#include <thread>

#include "registry_support/registry_server.h"
#include "slipway/base/fs.h"
#include "slipway/base/subprocess.h"
#include "slipway/http/retry.h"
#include "slipway/http/transport.h"
#include "slipway/http/url.h"
#include "slipway/io/filters.h"
#include "support/fake_clock.h"
#include "support/temp_dir.h"

namespace slipway::http {
namespace {

TEST(Url, ParsesAndPrintsBack) {
  for (const char* text :
       {"http://h/", "https://h.example:8443/v2/a?x=%2F&y", "http://127.0.0.1:5000/v2/", "https://[::1]:5000/x"}) {
    const auto url = Url::parse(text);
    ASSERT_TRUE(url.has_value()) << text;
    EXPECT_EQ(url->str(), text);
  }
  EXPECT_EQ(Url::parse("HTTPS://H:443/a#frag")->str(), "https://h/a");
  EXPECT_EQ(Url::parse("http://h?x=1")->path, "/");
}

TEST(Url, RefusesWhatCannotBeFollowedSafely) {
  for (const char* text : {"", "h/x", "ftp://h/x", "file:///etc/passwd", "http://user:pass@h/", "http://h:0/",
                           "http://h:99999/", "http://h:x/", "http:///x", "http://h/a b", "http://h/\r\nX: y",
                           "http://h\\evil/", "http://[::1/x", "http://h\xC3\xA9/x"}) {
    EXPECT_FALSE(Url::parse(text).has_value()) << text;
  }
}

TEST(Url, ResolvesReferences) {
  const Url base = Url::parse("https://h:8443/v2/a/blobs/uploads/?x=1").value();
  EXPECT_EQ(resolve(base, "/v2/b?state=a%2Fb")->str(), "https://h:8443/v2/b?state=a%2Fb");
  EXPECT_EQ(resolve(base, "id")->str(), "https://h:8443/v2/a/blobs/uploads/id");
  EXPECT_EQ(resolve(base, "../x")->str(), "https://h:8443/v2/a/blobs/x");
  EXPECT_EQ(resolve(base, "../../../../../../etc")->str(), "https://h:8443/etc");
  EXPECT_EQ(resolve(base, "https://other/y?z")->str(), "https://other/y?z");
  EXPECT_EQ(resolve(base, "//other/y")->str(), "https://other/y");
  EXPECT_EQ(resolve(base, "?n=2")->str(), "https://h:8443/v2/a/blobs/uploads/?n=2");
  EXPECT_FALSE(resolve(base, "javascript:alert(1)").has_value());
  EXPECT_FALSE(resolve(base, "file:///etc/passwd").has_value());
}

TEST(Url, QueriesAndSecrets) {
  EXPECT_EQ(with_query("http://h/x", "digest", "sha256:ab"), "http://h/x?digest=sha256%3Aab");
  EXPECT_EQ(with_query("http://h/x?a=%2F", "b", "c"), "http://h/x?a=%2F&b=c");
  EXPECT_EQ(displayable("https://u:p@h/x?X-Amz-Signature=secret&plain"), "https://h/x?X-Amz-Signature=...&plain");
  EXPECT_TRUE(Url::parse("http://h/")->same_origin(Url::parse("http://h:80/x").value()));
  EXPECT_FALSE(Url::parse("http://h/")->same_origin(Url::parse("https://h/").value()));
}

TEST(Retry, DelaysGrowWithinTheCeilingAndEnd) {
  test::SeededRng rng;
  const RetryPolicy policy;
  for (int round = 0; round < 200; ++round) {
    for (int attempt = 1; attempt < policy.tries; ++attempt) {
      const auto delay = retry_delay(policy, attempt, 500, std::nullopt, rng);
      ASSERT_TRUE(delay.has_value());
      EXPECT_LT(*delay, policy.base * (1 << (attempt - 1)) + std::chrono::milliseconds(1));
    }
  }
  EXPECT_FALSE(retry_delay(policy, policy.tries, 500, std::nullopt, rng).has_value());
}

TEST(Retry, RetryAfterIsAFloorAndHasACeiling) {
  test::SeededRng rng;
  const RetryPolicy policy;
  EXPECT_GE(*retry_delay(policy, 1, 429, std::chrono::seconds(9), rng), std::chrono::seconds(9));
  EXPECT_FALSE(retry_delay(policy, 1, 429, std::chrono::seconds(3600), rng).has_value());
}

TEST(Retry, Row084_ReadsSecondsAndDates) {
  constexpr std::int64_t kNow = 784111777 - 30;  // thirty seconds before 1994-11-06T08:49:37Z
  EXPECT_EQ(parse_retry_after("120", kNow), std::chrono::seconds(120));
  EXPECT_EQ(parse_retry_after(" 0 ", kNow), std::chrono::seconds(0));
  EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:49:37 GMT", kNow), std::chrono::seconds(30));
  EXPECT_EQ(parse_retry_after("1000000000", kNow), std::chrono::hours(24));
  for (const char* bad : {"", "-5", "1e9", "soon", "Sun, 06 Nov 1993 08:49:37 GMT", "Sun, 06 Foo 1994 08:49:37 GMT"}) {
    EXPECT_EQ(parse_retry_after(bad, kNow), std::nullopt) << bad;
  }
}

TEST(Retry, OnlySomeStatusesAreWorthIt) {
  for (const int status : {408, 429, 499, 500, 502, 503, 504, 522})
    EXPECT_TRUE(is_retryable(status));
  for (const int status : {200, 301, 400, 401, 403, 404, 405, 409, 412, 501})
    EXPECT_FALSE(is_retryable(status));
}

TEST(Transport, HeadersAndBodiesGoBothWays) {
  test::TestRegistry registry;
  const auto transport = curl_transport({});
  Request request;
  request.url = "http://" + registry.host() + "/v2/";
  request.authorization = Secret("Basic eA==");
  const auto answer = perform_text(*transport, request, 1000, {});
  ASSERT_TRUE(answer.has_value()) << answer.error().describe();
  EXPECT_EQ(answer->response.status, 200);
  EXPECT_EQ(answer->body, "{}");
  EXPECT_EQ(answer->response.header("content-type"), "application/json");
  EXPECT_EQ(registry.authorizations(), std::vector<std::string>{"Basic eA=="});
}

TEST(Transport, BodiesAreCapped) {
  test::TestRegistry registry;
  const auto transport = curl_transport({});
  Request request;
  request.url = "http://" + registry.host() + "/v2/";
  EXPECT_EQ(perform_text(*transport, request, 1, {}).error().code, Errc::too_large);
}

TEST(Transport, Row078_RefusesHeadersWithControlCharacters) {
  const auto transport = curl_transport({});
  Request request;
  request.url = "http://127.0.0.1:1/";
  request.headers = {{"X", "a\r\nEvil: yes"}};
  EXPECT_EQ(perform_text(*transport, request, 10, {}).error().code, Errc::invalid_argument);
  request.headers.clear();
  request.authorization = Secret("Bearer a\nb");
  EXPECT_EQ(perform_text(*transport, request, 10, {}).error().code, Errc::invalid_argument);
}

TEST(Transport, AnUploadWhoseSourceFailsReportsTheSource) {
  class Failing final : public io::RestartableSource {
   public:
    Result<std::size_t> read(std::span<std::byte>) override { return fail(Errc::failed, "the disk is gone"); }
    Status restart() override { return {}; }
  };
  test::TestRegistry registry;
  const auto transport = curl_transport({});
  Failing body;
  Request request{.method = "PUT",
                  .url = "http://" + registry.host() + "/v2/a/blobs/uploads/1",
                  .headers = {},
                  .authorization = Secret(),
                  .body = &body,
                  .body_size = 100};
  EXPECT_EQ(perform_text(*transport, request, 1000, {}).error().message, "the disk is gone");
}

TEST(Transport, WhatMustBePublicDoesNotReachAPrivateAddress) {
  test::TestRegistry registry;
  const auto transport = curl_transport({});
  Request request;
  request.url = "http://" + registry.host() + "/v2/";
  const auto free = perform_text(*transport, request, 1000, {});
  ASSERT_TRUE(free.has_value());
  EXPECT_TRUE(free->response.from_private);
  registry.forget_requests();
  request.public_only = true;
  const auto fresh = curl_transport({});  // a connection of its own: the rule is about making one
  const auto refused = perform_text(*fresh, request, 1000, {});
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().message, "127.0.0.1 leads to the private address 127.0.0.1, which is refused");
  EXPECT_TRUE(registry.requests().empty());
}

TEST(Transport, Row098_ProxiesAreThoseOfTheEnvironment) {
  test::TestRegistry proxy;
  ::setenv("http_proxy", ("http://user:hunter2@" + proxy.host()).c_str(), 1);
  Request request;
  request.url = "http://registry.invalid/v2/";
  request.public_only = true;
  EXPECT_TRUE(perform_text(*curl_transport({}), request, 1000, {}).has_value()) << "the proxy answers";
  ::setenv("no_proxy", "registry.invalid", 1);
  const auto direct = perform_text(*curl_transport({}), request, 1000, {});
  ASSERT_FALSE(direct.has_value());
  EXPECT_EQ(direct.error().describe().find("hunter2"), std::string::npos);
  ::unsetenv("no_proxy");
  ::setenv("http_proxy", "http://user:hunter2@127.0.0.1:1", 1);
  const auto broken = perform_text(*curl_transport({}), request, 1000, {});
  ASSERT_FALSE(broken.has_value());
  EXPECT_EQ(broken.error().describe().find("hunter2"), std::string::npos);
  ::unsetenv("http_proxy");
}

TEST(Transport, ALargeBodyWaitsToBeWanted) {
  test::TestRegistry registry;
  registry.add_fault({.method = "PUT", .path_part = "/", .status = 413});
  const auto transport = curl_transport({});
  const std::string large(8u << 20, 'x');
  io::TextSource body(large);
  Request request{.method = "PUT",
                  .url = "http://" + registry.host() + "/v2/a/blobs/uploads/1",
                  .headers = {},
                  .authorization = Secret(),
                  .body = &body,
                  .body_size = static_cast<std::int64_t>(large.size())};
  const auto answer = perform_text(*transport, request, 1000, {});
  ASSERT_TRUE(answer.has_value()) << answer.error().describe();
  EXPECT_EQ(answer->response.status, 413) << "an answer, also where the body was not taken";
}

/// A server that says the same bytes to everybody, then hangs up or keeps still.
class RawServer {
 public:
  explicit RawServer(std::string says, bool hangs_up = true) : says_(std::move(says)), hangs_up_(hangs_up) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(::bind(listener_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(::listen(listener_, 8), 0);
    EXPECT_EQ(::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    port_ = ntohs(address.sin_port);
    thread_ = std::jthread([this] { serve(); });
  }
  ~RawServer() {
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
    for (const int one : open_)
      ::close(one);
  }
  Request request() const {
    Request request;
    request.url = fmt::format("http://127.0.0.1:{}/v2/", port_);
    return request;
  }
  std::string heard() {
    const std::scoped_lock lock(mutex_);
    return heard_;
  }

 private:
  void serve() {
    while (true) {
      const int one = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (one < 0) return;
      std::array<char, 4096> buffer;
      const ssize_t n = ::recv(one, buffer.data(), buffer.size(), 0);
      {
        const std::scoped_lock lock(mutex_);
        if (n > 0) heard_.append(buffer.data(), static_cast<std::size_t>(n));
      }
      for (std::size_t sent = 0; sent < says_.size();) {
        const ssize_t some = ::send(one, says_.data() + sent, says_.size() - sent, MSG_NOSIGNAL);
        if (some <= 0) break;
        sent += static_cast<std::size_t>(some);
      }
      if (hangs_up_) {
        ::shutdown(one, SHUT_WR);
        while (::recv(one, buffer.data(), buffer.size(), 0) > 0) {
        }
        ::close(one);
      } else {
        open_.push_back(one);
      }
    }
  }

  std::string says_;
  bool hangs_up_;
  int listener_ = -1;
  int port_ = 0;
  std::mutex mutex_;
  std::string heard_;
  std::vector<int> open_;
  std::jthread thread_;
};

Result<TextResponse> ask(RawServer& server) {
  return perform_text(*curl_transport({.idle_timeout = std::chrono::seconds(1)}), server.request(), 1u << 20, {});
}

TEST(Transport, Row080_Row081_LengthsThatLieAndBodiesThatBreakAreErrors) {
  const std::string ok = "HTTP/1.1 200 OK\r\n";
  for (const std::string& says :
       {ok + "Content-Length: 10\r\n\r\nshort", ok + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        ok + "Transfer-Encoding: chunked\r\n\r\nZZ\r\nhello\r\n0\r\n\r\n", ok + "Content-Length: 5",
        ok + "Content-Length: -5\r\n\r\nhello", std::string("HTTP/1.1 2"), std::string("rubbish\r\n\r\n"),
        std::string()}) {
    RawServer server(says);
    const auto answer = ask(server);
    ASSERT_FALSE(answer.has_value()) << says;
    EXPECT_EQ(answer.error().code, Errc::network) << says;
  }
  RawServer longer(ok + "Content-Length: 5\r\n\r\nhello, and more");
  EXPECT_EQ(ask(longer)->body, "hello") << "what comes after a body is nobody's";
}

TEST(Transport, Row082_EndlessHeadersAnswersAndBodiesEnd) {
  std::string headers = "HTTP/1.1 200 OK\r\n";
  for (int i = 0; i < 20'000; ++i)
    headers += fmt::format("X-{}: {}\r\n", i, std::string(20, 'x'));
  RawServer many(headers + "\r\n");
  EXPECT_FALSE(ask(many).has_value());
  std::string early;
  for (int i = 0; i < 20'000; ++i)
    early += "HTTP/1.1 102 Processing\r\nX: y\r\n\r\n";
  RawServer processing(early);
  EXPECT_FALSE(ask(processing).has_value());
  RawServer endless("HTTP/1.1 200 OK\r\n\r\n" + std::string(3u << 20, 'x'));
  EXPECT_EQ(ask(endless).error().code, Errc::too_large);
}

TEST(Transport, Row083_AServerThatKeepsStillIsLeft) {
  RawServer silent("", false);
  const auto answer = ask(silent);
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().code, Errc::network);
  EXPECT_NE(answer.error().hint.find("wait longer"), std::string::npos);
}

TEST(Transport, Row086_Row087_NoCookiesAndNoCompressionAreAskedFor) {
  RawServer server(
      "HTTP/1.1 200 OK\r\nSet-Cookie: id=1; Path=/\r\nContent-Encoding: gzip\r\nContent-Length: "
      "4\r\n\r\n\x1f\x8b\x08x");
  const auto transport = curl_transport({});
  for (int i = 0; i < 2; ++i)
    EXPECT_EQ(perform_text(*transport, server.request(), 100, {})->body, "\x1f\x8b\x08x")
        << "never unpacked behind the digest";
  EXPECT_EQ(server.heard().find("Cookie"), std::string::npos);
  EXPECT_EQ(server.heard().find("Accept-Encoding"), std::string::npos);
}

TEST(Transport, ARedirectIsHandedBackAndNotFollowed) {
  RawServer target("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nthere");
  for (const int status : {301, 302, 303, 307, 308}) {
    RawServer server(fmt::format("HTTP/1.1 {} Moved\r\nLocation: {}\r\nContent-Length: 4\r\n\r\nhere", status,
                                 target.request().url));
    const auto answer = ask(server);
    ASSERT_TRUE(answer.has_value()) << answer.error().describe();
    EXPECT_EQ(answer->response.status, status);
    EXPECT_EQ(answer->response.header("location"), target.request().url);
    EXPECT_EQ(answer->body, "here");
  }
  EXPECT_EQ(target.heard(), "");
}

TEST(Transport, HeadersOverTheLimitAreOurRefusal) {
  // More than 256 KiB and less than libcurl's own limit of 300 KiB.
  std::string headers = "HTTP/1.1 200 OK\r\n";
  for (int i = 0; headers.size() < 280'000; ++i)
    headers += fmt::format("X-{}: {}\r\n", i, std::string(1000, 'x'));
  RawServer server(headers + "Content-Length: 0\r\n\r\n");
  const auto answer = ask(server);
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().code, Errc::too_large) << answer.error().describe();
}

TEST(Transport, ALargeBodyWaitsForTheServersConsent) {
  RawServer server("HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
  const std::string large(8u << 20, 'x');
  io::TextSource body(large);
  Request request = server.request();
  request.method = "PUT";
  request.body = &body;
  request.body_size = static_cast<std::int64_t>(large.size());
  const auto answer = perform_text(*curl_transport({}), request, 1000, {});
  ASSERT_TRUE(answer.has_value()) << answer.error().describe();
  EXPECT_EQ(answer->response.status, 413);
  EXPECT_NE(server.heard().find("\r\nExpect: 100-continue\r\n"), std::string::npos);
}

/// The versions in a ClientHello's supported_versions extension (RFC 8446, section 4.2.1), highest first.
std::vector<unsigned> offered_versions(const std::string& hello) {
  const auto byte = [&](std::size_t at) { return at < hello.size() ? static_cast<unsigned char>(hello[at]) : 0u; };
  for (std::size_t at = 0; at + 5 < hello.size(); ++at) {
    const unsigned length = byte(at + 2) << 8 | byte(at + 3), list = byte(at + 4);
    if (byte(at) != 0 || byte(at + 1) != 0x2b || length != list + 1 || list % 2 != 0 || list == 0) continue;
    std::vector<unsigned> versions;
    for (std::size_t i = 0; i < list; i += 2)
      versions.push_back(byte(at + 5 + i) << 8 | byte(at + 6 + i));
    return versions;
  }
  return {};
}

TEST(Transport, TlsBefore12IsNotOffered) {
  // The system's OpenSSL may forbid it too; here it does not, so that the program's own limit shows.
  const test::TempDir dir;
  const auto config = dir.path() / "openssl.cnf";
  ASSERT_TRUE(write_file_atomically(real_fs(), config,
                                    "openssl_conf = a\n[a]\nssl_conf = b\n[b]\nsystem_default = c\n[c]\n"
                                    "MinProtocol = TLSv1\nCipherString = DEFAULT@SECLEVEL=0\n"));
  if (std::getenv("SLIPWAY_TEST_TLS_CHILD") == nullptr) {
    // OpenSSL reads its configuration once in the life of a process.
    const auto child = run_command({.argv = {"/proc/self/exe", "--gtest_filter=Transport.TlsBefore12IsNotOffered"},
                                    .extra_env = {{"OPENSSL_CONF", config.native()}, {"SLIPWAY_TEST_TLS_CHILD", "1"}}});
    ASSERT_TRUE(child.has_value()) << child.error().describe();
    EXPECT_EQ(child->status, 0) << child->out;
    return;
  }
  RawServer server("no TLS here");
  Request request = server.request();
  request.url.replace(0, 4, "https");
  EXPECT_FALSE(perform_text(*curl_transport({}), request, 1000, {}).has_value());
  const std::vector<unsigned> versions = offered_versions(server.heard());
  ASSERT_FALSE(versions.empty());
  for (const unsigned version : versions)
    EXPECT_TRUE(version >= 0x0303 || (version & 0x0f0f) == 0x0a0a) << version;
}

TEST(Transport, NothingListensThere) {
  const auto transport = curl_transport({});
  Request request;
  request.url = "http://127.0.0.1:1/";
  const auto answer = perform_text(*transport, request, 10, {});
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().code, Errc::network);
}

}  // namespace
}  // namespace slipway::http
