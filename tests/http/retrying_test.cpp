#include "slipway/http/retrying.h"

#include <gtest/gtest.h>

#include <thread>

#include "slipway/http/holding.h"
#include "support/fake_clock.h"
#include "support/header_example.h"
#include "support/held_clock.h"
#include "support/scripted_transport.h"

namespace slipway::http {
namespace {

using test::Answer;
using test::ScriptedTransport;

/// Collects a body and remembers what it was told.
struct Received final : ResponseHandler {
  Status begin(const Response& response) override {
    status = response.status;
    body.clear();
    return {};
  }
  Status write(io::Bytes bytes) override {
    body += io::as_text(bytes);
    return {};
  }
  void broke(Breakdown why) override { breakdown = why; }
  bool can_begin_again() const override { return again; }
  int status = 0;
  std::string body;
  Breakdown breakdown = Breakdown::none;
  bool again = true;
};

struct Retrying : testing::Test {
  Result<Response> perform(ScriptedTransport& transport, const Request& request = {.url = "https://h.example/"}) {
    RetryingTransport retrying(transport, policy, embargo, clock, rng);
    return retrying.perform(request, received, {});
  }
  RetryPolicy policy;
  test::FakeClock clock;
  test::SeededRng rng;
  Embargo embargo{clock};
  Received received;
};

TEST_F(Retrying, RepeatsStatusesThatPassAndHandsOnTheLastAnswer) {
  for (const int status : {408, 429, 499, 500, 502, 503, 504, 522, 200, 301, 400, 401, 403, 404, 409, 416, 501}) {
    ScriptedTransport transport([&](const Request&) { return Answer{.status = status, .headers = {}, .body = "why"}; });
    const auto response = perform(transport);
    ASSERT_TRUE(response.has_value());
    EXPECT_EQ(response->status, status);
    EXPECT_EQ(received.status, status);
    EXPECT_EQ(received.body, "why") << status;
    EXPECT_EQ(transport.lines().size(), is_retryable(status) ? 5u : 1u) << status;
  }
}

TEST_F(Retrying, EndsWithTheFirstGoodAnswerWithoutAByteOfTheBadOnes) {
  int asked = 0;
  ScriptedTransport transport([&](const Request&) {
    return ++asked < 3 ? Answer{.status = 502, .headers = {}, .body = "bad gateway"}
                       : Answer{.headers = {}, .body = "ok"};
  });
  ASSERT_TRUE(perform(transport).has_value());
  EXPECT_EQ(received.body, "ok");
  EXPECT_GT(clock.slept(), 0);
}

TEST_F(Retrying, AnExpectedStatusIsAnAnswer) {
  ScriptedTransport transport([&](const Request&) { return Answer{.status = 500, .headers = {}, .body = {}}; });
  ASSERT_TRUE(perform(transport, {.url = "https://h.example/", .expected = {404, 500}}).has_value());
  EXPECT_EQ(transport.lines().size(), 1u);
}

TEST_F(Retrying, ARequestThatIsNotRepeatableIsRepeatedOnlyWhereItWasNotLookedAt) {
  for (const int status : {429, 500, 503, 0}) {
    ScriptedTransport transport([&](const Request&) {
      return status == 0 ? Answer{.headers = {}, .body = {}, .breakdown = Breakdown::other}
                         : Answer{.status = status, .headers = {}, .body = {}};
    });
    EXPECT_EQ(perform(transport, {.url = "https://h.example/", .repeatable = false}).has_value(), status != 0);
    EXPECT_EQ(transport.lines().size(), status == 429 ? 5u : 1u) << status;
  }
}

TEST_F(Retrying, BreakdownsAreRepeatedUnlessTheyLast) {
  for (const auto& expected : {std::pair{Breakdown::other, 5u},
                               {Breakdown::connect, 5u},
                               {Breakdown::timeout, 5u},
                               {Breakdown::resolve, 2u},
                               {Breakdown::certificate, 1u},
                               {Breakdown::forbidden, 1u}}) {
    ScriptedTransport transport(
        [&](const Request&) { return Answer{.headers = {}, .body = {}, .breakdown = expected.first}; });
    EXPECT_EQ(perform(transport).error().code, Errc::network);
    EXPECT_EQ(transport.lines().size(), expected.second) << static_cast<int>(expected.first);
    EXPECT_EQ(received.breakdown, expected.first) << "the caller is told";
  }
}

TEST_F(Retrying, BytesThatWerePassedOnAreNotSentAgain) {
  received.again = false;
  ScriptedTransport transport([&](const Request&) { return Answer{.headers = {}, .body = "abc", .cut_after = 2}; });
  EXPECT_EQ(perform(transport).error().code, Errc::network);
  EXPECT_EQ(transport.lines().size(), 1u);
}

TEST_F(Retrying, EachTryHasTheWholeBody) {
  int asked = 0;
  ScriptedTransport transport([&](const Request&) {
    if (++asked == 1) return Answer{.headers = {}, .body = {}, .breakdown = Breakdown::other, .takes = 2};
    return Answer{.status = asked < 3 ? 503 : 201, .headers = {}, .body = {}};
  });
  io::StringSource body("body");
  ASSERT_TRUE(perform(transport, {.method = "PUT", .url = "https://h.example/", .body = &body, .body_size = 4}));
  EXPECT_EQ(transport.asked()[0].body, "bo");
  EXPECT_EQ(transport.asked()[1].body, "body");
  EXPECT_EQ(transport.asked()[2].body, "body");
}

TEST_F(Retrying, OtherErrorsAreNotRepeated) {
  struct Refusing final : ResponseHandler {
    Status begin(const Response&) override { return fail(Errc::too_large, "no"); }
    Status write(io::Bytes) override { return {}; }
    bool can_begin_again() const override { return true; }
  } refusing;
  ScriptedTransport transport([&](const Request&) { return Answer{.headers = {}, .body = "x"}; });
  RetryingTransport retrying(transport, policy, embargo, clock, rng);
  EXPECT_EQ(retrying.perform({.url = "https://h.example/"}, refusing, {}).error().code, Errc::too_large);
  EXPECT_EQ(transport.lines().size(), 1u);
}

/// Two lanes at once: the second one must not ask while the host wants peace.
TEST(Faults, Row07_APauseOfOneLaneIsForAll) {
  for (const int status : {429, 503, 500}) {
    std::atomic<int> asked = 0;
    ScriptedTransport transport([&](const Request&) {
      return ++asked == 1 ? Answer{.status = status, .headers = {{"retry-after", "30"}}, .body = {}}
                          : Answer{.headers = {}, .body = {}};
    });
    test::HeldClock clock;
    test::SeededRng rng;
    Embargo embargo(clock);
    const RetryPolicy policy;
    const auto lane = [&] {
      RetryingTransport retrying(transport, policy, embargo, clock, rng);
      Received received;
      EXPECT_TRUE(retrying.perform({.url = "https://h.example/"}, received, {}).has_value());
    };
    std::jthread first(lane);
    ASSERT_TRUE(clock.wait_for_sleepers(1)) << "the lane that was told";
    std::jthread second(lane);
    const bool paused = status != 500;
    ASSERT_TRUE(clock.wait_for_sleepers(paused ? 2 : 1)) << status;
    if (!paused) second.join();
    EXPECT_EQ(asked, paused ? 1 : 2) << status << ": the other lane keeps still, or goes on";
    clock.advance(std::chrono::seconds(31));
  }
}

TEST(Embargo, ALongerPauseIsNotCutShort) {
  test::FakeClock clock;
  Embargo embargo(clock);
  embargo.impose(std::chrono::seconds(30));
  embargo.impose(std::chrono::seconds(1));
  ASSERT_TRUE(embargo.wait({}).has_value());
  EXPECT_EQ(clock.slept(), 30'000);
  ASSERT_TRUE(embargo.wait({}).has_value());
  EXPECT_EQ(clock.slept(), 30'000) << "over";
}

bool log_in(const Response&) { return true; }

Request with_login(Request request) {
  request.authorization = Secret("Basic x");
  return request;
}

Result<Response> answer_401(HttpTransport& next, const Request& request, ResponseHandler& handler,
                            std::stop_token stop) {
  HoldingHandler attempt(handler, [](const Response& response) { return response.status == 401; });
  auto response = next.perform(request, attempt, stop);
  if (!attempt.held()) return attempt.result(std::move(response));
  if (!log_in(*attempt.held())) return attempt.release();
  return next.perform(with_login(request), handler, stop);
}

TEST(HoldingHandler, TheHeadersExampleWorks) {
  test::expect_example_is_compiled("include/slipway/http/holding.h", "tests/http/retrying_test.cpp");
  ScriptedTransport transport([](const Request& request) {
    return request.authorization.empty() ? Answer{.status = 401, .headers = {}, .body = "who?"}
                                         : Answer{.headers = {}, .body = "hello"};
  });
  Received received;
  ASSERT_TRUE(answer_401(transport, {.url = "https://h.example/"}, received, {}).has_value());
  EXPECT_EQ(received.body, "hello");
}

TEST(HoldingHandler, KeepsTheFrontOfABodyThatItHolds) {
  Received received;
  HoldingHandler holding(received, [](const Response&) { return true; });
  ASSERT_TRUE(holding.begin({.status = 500}).has_value());
  const std::string block(40'000, 'x');
  for (int i = 0; i < 3; ++i)
    ASSERT_TRUE(holding.write(io::as_bytes(block)).has_value());
  EXPECT_EQ(received.status, 0) << "nothing is passed on before it is released";
  ASSERT_TRUE(holding.release().has_value());
  EXPECT_EQ(received.body.size(), 64u << 10);
}

}  // namespace
}  // namespace slipway::http
