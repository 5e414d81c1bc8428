#include <gtest/gtest.h>

#include "registry/wire.h"

/// What a hostile or broken server may try, by the numbers of docs/TESTING.md.
namespace slipway::test {
namespace {

using http::Breakdown;
using http::Request;

TEST(Hostile, Row072_WhatIsHandedOverStaysOutOfPrivateNetworks) {
  for (const bool inside : {false, true}) {
    Wire wire([&](const Request& request) {
      if (begins(request.url, "https://storage.example/")) return Answer{.headers = {}, .body = kBlobText};
      Answer answer = redirect("https://storage.example/blob");
      answer.from_private = inside;
      return answer;
    });
    EXPECT_EQ(read_blob(*wire.open("h.example/a")).value(), kBlobText);
    const auto asked = wire.transport.asked();
    EXPECT_FALSE(asked[0].foreign || asked[0].public_only);
    EXPECT_TRUE(asked[1].foreign);
    EXPECT_EQ(asked[1].public_only, !inside) << "names that lead inside are refused when the connection is made";
  }
}

TEST(Hostile, Row072_UploadsAndRealmsStayOutOfPrivateNetworks) {
  Wire wire([&](const Request& request) {
    if (begins(request.url, "https://auth.example/")) return Answer{.headers = {}, .body = R"({"token":"t"})"};
    if (begins(request.url, "https://store.example/")) return Answer{.status = 201, .headers = {}, .body = {}};
    if (request.authorization.empty()) return challenge("Bearer realm=\"https://auth.example/token\"");
    return Answer{.status = 202, .headers = {{"location", "https://store.example/up"}}, .body = {}};
  });
  ASSERT_TRUE(push(*wire.open("h.example/a"), make_blob(kBlobText)).has_value());
  for (const auto& asked : wire.transport.asked()) {
    const bool home = asked.line.find("https://h.example/") != std::string::npos;
    EXPECT_EQ(asked.public_only, !home) << asked.line;
  }
}

TEST(Token, ATokenForMoreServesLess) {
  Wire wire([&](const Request& request) {
    if (request.url.find("/token") != std::string::npos) return Answer{.headers = {}, .body = R"({"token":"t"})"};
    if (request.authorization.empty()) return challenge("Bearer realm=\"https://auth.example/token\"");
    if (request.method == "POST") return Answer{.status = 201, .headers = {}, .body = {}};
    return request.method == "HEAD" ? manifest_answer() : Answer{.headers = {}, .body = R"({"tags":["a"]})"};
  });
  const auto target = wire.session->open(oci::Location::parse("h.example/a").value(), true);
  ASSERT_TRUE(target->resolve(std::string("v1")).has_value());
  ASSERT_TRUE(store::as<store::TagLister>(*target)->list_tags().has_value());
  ASSERT_TRUE(store::as<store::Mounter>(*target)->mount(make_blob("x").descriptor, "b").value());
  std::vector<std::string> tokens;
  for (const auto& line : wire.transport.lines()) {
    if (line.find("/token") != std::string::npos) tokens.push_back(line);
  }
  EXPECT_EQ(tokens, (std::vector<std::string>{"GET https://auth.example/token?scope=repository%3Aa%3Apull%2Cpush",
                                              "GET https://auth.example/token?scope=repository%3Aa%3Apull%2Cpush"
                                              "&scope=repository%3Ab%3Apull"}));
}

TEST(Token, APasswordIsPostedWhereTheGetIsMissing) {
  Wire wire([&](const Request& request) {
    if (request.url.find("/token") != std::string::npos) {
      return request.method == "POST" ? Answer{.headers = {}, .body = R"({"access_token":"t"})"}
                                      : Answer{.status = 405, .headers = {}, .body = {}};
    }
    return request.authorization.reveal() == "Bearer t"
               ? Answer{.status = 404, .headers = {}, .body = {}}
               : challenge("Bearer realm=\"https://auth.example/token\",service=s");
  });
  wire.credentials.set("me", "p&ss");
  EXPECT_FALSE(wire.open("h.example/a")->exists(make_blob("x").descriptor).value());
  EXPECT_EQ(wire.transport.asked()[2].body,
            "grant_type=password&client_id=slipway&service=s&scope=repository%3Aa%3Apull&username=me&password=p%26ss");
}

}  // namespace
}  // namespace slipway::test
