#include <gtest/gtest.h>

#include "registry/upload_server.h"

/// Answers to uploads that are rare and right.
namespace slipway::test {
namespace {

using http::Request;

/// The bodies of the PATCH requests that were sent whole.
std::string patched(const Wire& wire, std::size_t cut) {
  std::string all;
  for (const auto& asked : wire.transport.asked()) {
    if (begins(asked.line, "PATCH") && asked.body.size() != cut) all += asked.body;
  }
  return all;
}

TEST(UploadEdges, AChunkMayBeAsSmallAsTheRegistryAllows) {
  for (const auto& [least, fits] :
       std::vector<std::pair<std::size_t, bool>>{{1u << 20, true}, {(1u << 20) + 1, false}}) {
    UploadServer server;
    server.largest = 1u << 20;
    Wire wire([&, &least = least](const Request& request) {
      Answer answer = server.answer(request);
      if (request.method == "POST") answer.headers.emplace_back("oci-chunk-min-length", std::to_string(least));
      return answer;
    });
    const Status done = push(*wire.open("h.example/a"), make_blob(server.content));
    EXPECT_EQ(done.has_value(), fits) << least;
    if (fits) EXPECT_EQ(server.stored, server.content);
    if (!fits) EXPECT_EQ(done.error().code, Errc::too_large);
  }
}

TEST(UploadEdges, AChunkThatWasRefusedHalfwayIsSentFromItsBeginning) {
  constexpr std::size_t kTaken = 1000;
  UploadServer server;
  server.largest = 300'000;
  Wire wire([&](const Request& request) {
    Answer answer = server.answer(request);
    if (answer.status == 413) answer.takes = kTaken;
    return answer;
  });
  const Status done = push(*wire.open("h.example/a"), make_blob(server.content));
  ASSERT_TRUE(done.has_value()) << done.error().describe();
  EXPECT_EQ(patched(wire, kTaken), server.content);
}

TEST(UploadEdges, ASessionGoesOnAtItsAddressWhereNoOtherIsTold) {
  LargeUpload server;
  server.stored = server.content.substr(0, 5'000'000);
  Wire later([&](const Request& request) {
    Answer answer = server.answer(request);
    if (request.method == "GET") answer.headers.erase(answer.headers.begin());
    return answer;
  });
  later.uploads.kept["h.example/a@" + server.blob->descriptor.digest.str()] = "https://h.example/up?state=old";
  const Status done = push(*later.open("h.example/a"), *server.blob);
  ASSERT_TRUE(done.has_value()) << done.error().describe();
  EXPECT_EQ(server.sent, server.content.size() - 5'000'000);
  EXPECT_EQ(later.transport.lines()[0], "GET https://h.example/up?state=old");
  EXPECT_TRUE(later.transport.lines()[1].find("/up?state=old") != std::string::npos) << later.transport.lines()[1];
}

TEST(UploadEdges, ASessionThatTheRegistryForgotIsNotKept) {
  LargeUpload server;
  Wire later([&](const Request& request) {
    const int status = request.method == "POST" ? 403 : 404;
    return Answer{.status = status, .headers = {}, .body = {}};
  });
  later.uploads.kept["h.example/a@" + server.blob->descriptor.digest.str()] = "https://h.example/up?state=old";
  EXPECT_EQ(push(*later.open("h.example/a"), *server.blob).error().code, Errc::forbidden);
  EXPECT_TRUE(later.uploads.kept.empty());
}

}  // namespace
}  // namespace slipway::test
