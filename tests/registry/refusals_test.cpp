#include <gtest/gtest.h>

#include "registry/wire.h"
#include "slipway/store/blob_finder.h"
#include "support/temp_dir.h"

/// Refusals, and the words and codes that they become.
namespace slipway::test {
namespace {

using http::Request;

/// A far end that finds nothing and refuses what is put.
ScriptedTransport::Script refusing(int status, const std::string& body = {}) {
  return [=](const Request& request) {
    if (request.method != "PUT") return Answer{.status = 404, .headers = {}, .body = {}};
    return Answer{.status = status, .headers = {}, .body = body};
  };
}

std::string code_body(const std::string& code) { return R"({"errors":[{"code":")" + code + R"("}]})"; }

TEST(Refusals, ABlobThatCannotBeLookedUpIsAbsent) {
  for (const auto& [status, is_answer] :
       std::vector<std::pair<int, bool>>{{500, true}, {404, true}, {502, false}, {503, false}, {403, false}}) {
    Wire wire([code = status](const Request&) { return Answer{.status = code, .headers = {}, .body = {}}; });
    const auto there = wire.open("h.example/a")->exists(make_blob(kBlobText).descriptor);
    EXPECT_EQ(there.has_value(), is_answer) << status;
    if (there) EXPECT_FALSE(*there) << status;
  }
}

TEST(Refusals, OfATagAreConflictsByTheirCode) {
  const Blob blob = make_index({});
  for (const auto& [code, expected] :
       std::vector<std::pair<const char*, Errc>>{{"TAG_INVALID", Errc::conflict},
                                                 {"SIZE_INVALID", Errc::verification_failed},
                                                 {"BLOB_UNKNOWN", Errc::not_found},
                                                 {"UNSUPPORTED", Errc::failed}}) {
    Wire wire(refusing(400, code_body(code)));
    EXPECT_EQ(wire.open("h.example/a")->push_tagged(blob.descriptor, blob.bytes, "v1").error().code, expected) << code;
  }
}

TEST(Refusals, OfATagThatIsNotThereAreTheirOwn) {
  const Blob blob = make_index({});
  Wire wire(refusing(403));
  EXPECT_EQ(wire.open("h.example/a")->push_tagged(blob.descriptor, blob.bytes, "v1").error().code, Errc::forbidden);
}

TEST(Refusals, OfARaceAreNotBlamedOnTheTag) {
  const Blob blob = make_index({});
  Wire wire([&](const Request& request) {
    const bool by_digest = request.url.find("sha256:") != std::string::npos;
    if (request.method == "PUT" && by_digest) return Answer{.status = 201, .headers = {{"location", "/x"}}, .body = {}};
    if (request.method == "PUT") return Answer{.status = 400, .headers = {}, .body = code_body("DIGEST_INVALID")};
    Answer found = manifest_answer();
    found.headers[1].second = io::digest_of("another").str();
    return found;
  });
  const Error error = wire.open("h.example/a")->push_tagged(blob.descriptor, blob.bytes, "v1").error();
  EXPECT_EQ(error.code, Errc::verification_failed);
  EXPECT_EQ(error.message.find("does not move the tag"), std::string::npos) << error.message;
}

TEST(Refusals, OfSubjectsSayWhatCannotBeHeld) {
  const Blob image = make_manifest({});
  for (const int status : {400, 502}) {
    for (const bool with_subject : {true, false}) {
      Wire wire(refusing(status));
      const Blob blob = make_manifest({}, with_subject ? std::optional(image.descriptor) : std::nullopt);
      const Error error = push(*wire.open("h.example/a"), blob).error();
      const bool says = error.hint.find("manifests with a subject") != std::string::npos;
      EXPECT_EQ(says, status == 400 && with_subject) << status << error.describe();
    }
  }
}

TEST(Refusals, WithoutAChallengeAreAskedOnce) {
  Wire wire([](const Request&) { return Answer{.status = 401, .headers = {}, .body = {}}; });
  wire.credentials.set("user", "password");
  EXPECT_EQ(wire.open("h.example/a")->resolve(std::string("v1")).error().code, Errc::unauthorized);
  EXPECT_EQ(wire.transport.lines().size(), 1u);
}

TEST(Refusals, OfAListOfMoreThanAThousandPages) {
  int page = 0;
  Wire wire([&](const Request&) {
    return Answer{.headers = {{"link", fmt::format("</v2/a/tags/list?p={}>; rel=next", ++page)}},
                  .body = R"({"tags":[]})"};
  });
  EXPECT_EQ(store::as<store::TagLister>(*wire.open("h.example/a"))->list_tags().error().code, Errc::too_large);
  EXPECT_EQ(page, 1000);
}

TEST(Refusals, WithoutAFolderNothingIsRecalled) {
  const TempDir dir;
  FakeClock clock;
  registry::file_knowledge(real_fs(), clock, dir.path())->remember("h.example", {.single_post = true});
  const stdfs::path before = stdfs::current_path();
  stdfs::current_path(dir.path());
  EXPECT_EQ(registry::file_knowledge(real_fs(), clock, {})->recall("h.example"), registry::Knowledge());
  stdfs::current_path(before);
}

}  // namespace
}  // namespace slipway::test
