#include <gtest/gtest.h>

#include <ctime>

#include "registry/wire.h"
#include "slipway/base/clock.h"

/// The words of `slipway doctor` about a registry, answer by answer.
namespace slipway::test {
namespace {

using http::Request;

constexpr const char* kRepository = "a";

Answer status(int code, std::vector<http::Header> headers = {}, std::string body = {}) {
  return {.status = code, .headers = std::move(headers), .body = std::move(body)};
}

/// A registry whose answers a test changes by a part of "METHOD URL".
struct ProbedRegistry {
  using Rule = std::pair<std::string, Answer>;

  Answer answer(const Request& request) const {
    const std::string line = request.method + " " + request.url;
    for (const auto& [part, answer] : rules) {
      if (line.find(part) != std::string::npos) return answer;
    }
    if (request.url.ends_with("/v2/")) return status(200);
    if (line.find("/tags/list") != std::string::npos) return status(200, {}, R"({"tags":["v1"]})");
    if (line.find("POST") == 0) return status(202, {{"location", "/up"}});
    if (line.find("DELETE") == 0) return status(404);
    return status(404);
  }
  std::map<std::string, std::string> table(bool upload = false) {
    std::map<std::string, std::string> found;
    const auto findings = wire.session->probe("h.example", kRepository, upload);
    EXPECT_TRUE(findings.has_value()) << findings.error().describe();
    for (const auto& [name, text] : findings.value_or(std::vector<registry::ProbeFinding>()))
      found[name] = text;
    return found;
  }

  std::vector<Rule> rules;
  Wire wire{[this](const Request& request) { return answer(request); }};
};

/// An HTTP date `seconds` from now.
std::string date(std::int64_t seconds) {
  const std::time_t at = system_clock().now() + seconds;
  std::tm parts{};
  gmtime_r(&at, &parts);
  char text[64];
  return {text, std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts)};
}

TEST(ProbeAnswers, TellWhetherTheClocksAgree) {
  for (const auto& [seconds, words] : std::vector<std::pair<std::int64_t, std::vector<std::string>>>{
           {0, {"yes"}}, {-30, {"yes"}}, {30, {"yes"}}, {1000, {"no", " s ahead"}}, {-1000, {"no", " s behind"}}}) {
    ProbedRegistry registry;
    registry.rules = {{"GET https://h.example/v2/", status(200, {{"date", date(seconds)}})}};
    const std::string said = registry.table().at("clock");
    EXPECT_TRUE(begins(said, words.front()) && said.ends_with(words.size() > 1 ? words[1] : "")) << seconds << said;
  }
}

TEST(ProbeAnswers, OfAHostThatRefusesSayHow) {
  ProbedRegistry registry;
  registry.rules = {{"DELETE", status(403)}, {"/referrers/", status(403)}, {"/tags/list", status(403)}};
  const auto table = registry.table();
  for (const char* name : {"deletes", "referrers API", "tags"})
    EXPECT_TRUE(table.at(name).find("(HTTP 403)") != std::string::npos) << name << table.at(name);
  EXPECT_EQ(table.at("ranges"), "not tried: the repository has no tag");
  registry.rules = {{"DELETE", status(405)}};
  EXPECT_EQ(registry.table().at("deletes"), "no: its configuration forbids it");
  registry.rules = {{"DELETE", status(400)}};
  EXPECT_EQ(registry.table().at("deletes"), "unclear: HTTP 400");
}

TEST(ProbeAnswers, OfATagThatIsNotAnImage) {
  ProbedRegistry registry;
  for (const Answer& manifest : {manifest_answer(), status(404), status(200, {}, "rubbish")}) {
    registry.rules = {{"/manifests/v1", manifest}};
    EXPECT_EQ(registry.table().at("ranges"), "not tried: the first tag is not an image manifest");
  }
  registry.rules = {{"/manifests/v1", manifest_answer()}};
  EXPECT_EQ(registry.table().at("digest in HEAD"), "yes");
}

TEST(ProbeAnswers, OfUploads) {
  ProbedRegistry registry;
  registry.rules = {{"POST https://h.example/v2/a/blobs/uploads/?digest=", status(202, {{"location", "/single"}})}};
  auto table = registry.table(true);
  EXPECT_EQ(table.at("single POST"), "no: it needs two");
  const auto cancelled = [&] {
    const auto lines = registry.wire.transport.lines();
    return std::count(lines.begin(), lines.end(), "DELETE https://h.example/single");
  };
  EXPECT_EQ(cancelled(), 1) << "the session that it opened instead";
  registry.rules = {{"POST https://h.example/v2/a/blobs/uploads/?digest=", status(201, {{"location", "/single"}})}};
  EXPECT_TRUE(begins(registry.table(true).at("single POST"), "yes"));
  EXPECT_EQ(cancelled(), 1) << "nothing is open";
  registry.rules = {{"POST", status(403)}, {"PUT", status(403)}};
  table = registry.table(true);
  for (const char* name : {"single POST", "upload offset", "chunks", "cancel", "checks manifests"})
    EXPECT_TRUE(begins(table.at(name), "no: ")) << name << table.at(name);
  registry.rules = {{"POST", status(202)}};  // without a place
  EXPECT_TRUE(begins(registry.table(true).at("chunks"), "no: "));
}

TEST(ProbeAnswers, TellWhetherManifestsAreChecked) {
  ProbedRegistry registry;
  for (const auto& [code, checks] : std::vector<std::pair<int, bool>>{{404, true}, {400, true}, {201, false}}) {
    registry.rules = {{"PUT", status(code, {{"location", "/x"}})}};
    EXPECT_TRUE(begins(registry.table(true).at("checks manifests"), checks ? "yes" : "no: any")) << code;
    EXPECT_EQ(registry.wire.knowledge.known.refuses_incomplete, checks) << code;
  }
}

}  // namespace
}  // namespace slipway::test
