#include <gtest/gtest.h>

#include "registry/upload.h"
#include "registry/wire.h"
#include "support/header_example.h"

namespace slipway::registry {
namespace {

Status send(Host& host, const oci::Descriptor& blob, io::RestartableSource& bytes, std::stop_token stop) {
  Call post;
  post.method = "POST";
  post.path = "/v2/team/app/blobs/uploads/";
  post.repository = "team/app";
  post.actions = "pull,push";
  post.what = "a blob of team/app";
  Upload upload(host, post, blob, bytes, "");
  return upload.run([] { return Result<bool>(false); }, std::move(stop));
}

TEST(Upload, TheHeadersExampleWorks) {
  test::expect_example_is_compiled("src/registry/upload.h", "tests/registry/upload_example_test.cpp");
  const test::Blob blob = test::make_blob("some bytes");
  test::ScriptedTransport transport([](const http::Request&) {
    return test::Answer{.status = 201, .headers = {{"location", "/v2/team/app/blobs/x"}}, .body = {}};
  });
  test::FixedCredentials credentials;
  test::FakeClock clock;
  test::SeededRng rng;
  Host host("h.example", {&transport, &credentials, &clock, &rng}, {});
  io::TextSource bytes(blob.bytes);
  const Status sent = send(host, blob.descriptor, bytes, {});
  ASSERT_TRUE(sent) << sent.error().describe();
  ASSERT_EQ(transport.lines().size(), 1u) << "a small blob is one request";
  EXPECT_TRUE(test::begins(transport.lines().front(), "POST https://h.example/v2/team/app/blobs/uploads/"));
}

}  // namespace
}  // namespace slipway::registry
