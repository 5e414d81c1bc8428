#include <gtest/gtest.h>

#include <algorithm>

#include "registry/wire.h"
#include "slipway/store/blob_finder.h"

/// Answers that say too little, too much or something else.
namespace slipway::test {
namespace {

using http::Request;

TEST(Answers, AHeadThatAnswersAnotherDigestIsNotBelieved) {
  const Digest asked = io::digest_of("the good one");
  for (const bool get_lies : {true, false}) {
    const std::string good = make_index({}).bytes;
    const Digest wanted = get_lies ? asked : io::digest_of(good);
    Wire wire([&](const Request& request) {
      Answer evil = manifest_answer();
      if (request.method == "HEAD") {
        evil.headers[1].second = io::digest_of("the evil one").str();
        return evil;
      }
      return Answer{.headers = {{"content-type", std::string(oci::kIndexType)}}, .body = good};
    });
    const auto found = wire.open("h.example/a")->resolve(wanted);
    if (get_lies) {
      ASSERT_FALSE(found.has_value());
      EXPECT_EQ(found.error().code, Errc::verification_failed);
    } else {
      ASSERT_TRUE(found.has_value()) << found.error().describe();
      EXPECT_EQ(found->digest, wanted);
    }
    EXPECT_EQ(wire.transport.lines().size(), 2u) << "the document itself is asked";
  }
}

TEST(Answers, EndlessAnswersAreCutOff) {
  for (const int status : {200, 500, 404}) {
    Wire wire([&](const Request& request) {
      const bool index = request.url.find("/tags/") == std::string::npos;
      return Answer{.status = status,
                    .headers = {{"content-type", index ? std::string(oci::kIndexType) : "application/json"}},
                    .body = R"({"tags":[],"schemaVersion":2,"manifests":[],"annotations":{"x":")" +
                            std::string(9u << 20, 'x') + "\"}}"};
    });
    const auto target = wire.open("h.example/a");
    const Errc expected = status == 200 ? Errc::too_large : status == 500 ? Errc::network : Errc::not_found;
    EXPECT_EQ(target->fetch_document(std::string("v1")).error().code, expected);
    EXPECT_EQ(store::as<store::TagLister>(*target)->list_tags().error().code, expected);
    const auto referrers = store::as<store::ReferrerLister>(*target)->referrers(io::digest_of("x"), "");
    if (status != 404) {
      EXPECT_EQ(referrers.error().code, expected);
    } else {
      EXPECT_TRUE(referrers->empty()) << "neither API nor list";
    }
  }
}

TEST(Answers, AWebPageIsSaidToBeOne) {
  Wire wire([](const Request&) {
    return Answer{.headers = {{"content-type", "text/html; charset=utf-8"}}, .body = "<!doctype html><p>Please log in"};
  });
  const auto target = wire.open("h.example/a");
  for (const auto& error :
       {target->fetch_document(std::string("v1")).error(), target->resolve(std::string("v1")).error(),
        store::as<store::TagLister>(*target)->list_tags().error()}) {
    EXPECT_EQ(error.code, Errc::network);
    EXPECT_NE(error.message.find("the registry answered with a web page"), std::string::npos) << error.message;
  }
}

TEST(Answers, AManifestRefusedInARaceIsLookedAtAndPutOnceMore) {
  const Blob blob = make_index({});
  const Answer race{.status = 400, .headers = {}, .body = R"({"errors":[{"code":"DIGEST_INVALID"}]})"};
  for (const char* reference : {"", "v1"}) {
    for (const bool there : {true, false}) {
      int puts = 0;
      Wire wire([&](const Request& request) {
        if (request.method != "PUT")
          return there ? manifest_answer() : Answer{.status = 404, .headers = {}, .body = {}};
        return ++puts == 1 ? race : Answer{.status = 201, .headers = {{"location", "/x"}}, .body = {}};
      });
      const auto target = wire.open("h.example/a");
      const Status done =
          *reference == 0 ? push(*target, blob) : target->push_tagged(blob.descriptor, blob.bytes, "v1");
      EXPECT_TRUE(done.has_value()) << reference << there;
      EXPECT_EQ(puts, there ? 1 : 2) << reference;
    }
  }
  Wire always([&](const Request& request) {
    return request.method == "PUT" ? race : Answer{.status = 404, .headers = {}, .body = {}};
  });
  EXPECT_EQ(push(*always.open("h.example/a"), blob).error().code, Errc::verification_failed);
}

TEST(Answers, AManifestThatMeetsTheRaceAgainIsPutThreeTimesMore) {
  const Blob blob = make_index({});
  for (const int races : {2, 3, 4}) {
    int puts = 0;
    Wire wire([&](const Request& request) {
      if (request.method != "PUT") return Answer{.status = 404, .headers = {}, .body = {}};
      return ++puts <= races ? Answer{.status = 400, .headers = {}, .body = R"({"errors":[{"code":"DIGEST_INVALID"}]})"}
                             : Answer{.status = 201, .headers = {{"location", "/x"}}, .body = {}};
    });
    EXPECT_EQ(push(*wire.open("h.example/a"), blob).has_value(), races <= 3) << races;
    EXPECT_EQ(puts, std::min(races + 1, 4)) << races;
  }
}

TEST(Answers, AnImmutableTagThatIsTheSameDigestIsDone) {
  const Blob blob = make_index({});
  for (const int status : {400, 403, 405, 409, 412, 422}) {
    for (const bool same : {true, false}) {
      Wire wire([&](const Request& request) {
        if (request.method == "PUT") return Answer{.status = status, .headers = {}, .body = "immutable"};
        Answer found = manifest_answer();
        if (!same) found.headers[1].second = io::digest_of("another").str();
        return found;
      });
      const auto target = wire.open("h.example/a");
      EXPECT_EQ(target->push_tagged(blob.descriptor, blob.bytes, "v1").has_value(), same) << status;
      EXPECT_EQ(target->tag(blob.descriptor, "v1").has_value(), same) << status;
    }
  }
}

TEST(Answers, AnImmutableTagThatPointsElsewhereIsAConflictWhateverTheStatus) {
  const Blob blob = make_index({});
  for (const int status : {400, 403, 405, 409, 412, 422}) {
    for (const bool may_write : {true, false}) {
      Wire wire([&](const Request& request) {
        const bool by_digest = request.url.find("sha256:") != std::string::npos;
        if (request.method == "PUT" && by_digest && may_write)
          return Answer{.status = 201, .headers = {{"location", "/x"}}, .body = {}};
        if (request.method == "PUT") return Answer{.status = status, .headers = {}, .body = "denied"};
        Answer found = manifest_answer();
        found.headers[1].second = io::digest_of("another").str();
        return found;
      });
      const Error error = wire.open("h.example/a")->push_tagged(blob.descriptor, blob.bytes, "v1").error();
      const bool is_immutable = error.message.find("does not move the tag v1") != std::string::npos;
      EXPECT_EQ(is_immutable, may_write) << status << error.message;
      if (may_write) EXPECT_EQ(error.code, Errc::conflict) << status;
      if (!may_write && status == 403) EXPECT_EQ(error.code, Errc::forbidden) << "it was not the tag";
    }
  }
}

TEST(Answers, WhereAPushFollowsARefusalIsAbsence) {
  for (const int status : {401, 403}) {
    Wire wire([&](const Request& request) {
      if (request.method != "PUT") return Answer{.status = status, .headers = {}, .body = {}};
      return Answer{.status = 201, .headers = {{"location", "/x"}}, .body = {}};
    });
    const auto reading = wire.open("h.example/a");
    EXPECT_FALSE(reading->exists(make_index({}).descriptor).has_value()) << "a reader is told";
    const auto writing = wire.session->open(oci::Location::parse("h.example/a").value(), registry::Access::write);
    EXPECT_FALSE(writing->exists(make_index({}).descriptor).value());
    EXPECT_FALSE(writing->exists(make_blob("x").descriptor).value());
    EXPECT_FALSE(writing->resolve(std::string("v1")).has_value()) << "a tag is another matter";
  }
}

TEST(Answers, ARegistryWithoutHeadIsAskedByGet) {
  for (const int status : {400, 403, 404, 405}) {
    Wire wire([&](const Request& request) {
      return request.method == "HEAD" ? Answer{.status = status, .headers = {}, .body = {}} : manifest_answer();
    });
    const auto target = wire.open("h.example/a");
    ASSERT_TRUE(target->resolve(std::string("v1")).has_value()) << status;
    EXPECT_EQ(target->resolve(std::string("v1"))->digest, io::digest_of(document()));
    if (status != 403 && status != 404) EXPECT_TRUE(target->exists(make_index({}).descriptor).value()) << status;
    const auto writing = wire.session->open(oci::Location::parse("h.example/a").value(), registry::Access::write);
    if (status == 403) EXPECT_TRUE(writing->exists(make_index({}).descriptor).value());
  }
}

TEST(Answers, AHeadThatToldTheTruthOnceIsBelieved) {
  Wire wire([&](const Request&) { return Answer{.status = 404, .headers = {}, .body = {}}; });
  const auto target = wire.open("h.example/a");
  EXPECT_EQ(target->resolve(std::string("v1")).error().code, Errc::not_found);
  EXPECT_EQ(target->resolve(std::string("v2")).error().code, Errc::not_found);
  EXPECT_EQ(wire.transport.lines(), (std::vector<std::string>{"HEAD https://h.example/v2/a/manifests/v1",
                                                              "GET https://h.example/v2/a/manifests/v1",
                                                              "HEAD https://h.example/v2/a/manifests/v2"}));
}

TEST(Answers, ALaterPageThatIsNotThereIsNotAnEmptyList) {
  Wire wire([](const Request& request) {
    if (request.url.ends_with("p2")) return Answer{.status = 404, .headers = {}, .body = {}};
    return Answer{.headers = {{"link", "<?p2>; rel=next"}}, .body = R"({"tags":["a"]})"};
  });
  EXPECT_EQ(store::as<store::TagLister>(*wire.open("h.example/a"))->list_tags().error().code, Errc::network);
}

TEST(Answers, EmptyPagesDoNotEndAListAndRepeatedOnesDo) {
  Wire wire([](const Request& request) {
    const auto page = [](const char* body, const char* next) {
      Answer answer{.headers = {}, .body = body};
      if (*next != 0) answer.headers.emplace_back("link", fmt::format("<{}>; rel=\"next\"", next));
      return answer;
    };
    if (request.url.ends_with("p2")) return page(R"({"tags":[]})", "?p3");
    if (request.url.ends_with("p3")) return page(R"({"tags":null})", "/v2/a/tags/list?p4");
    if (request.url.ends_with("p4")) return page(R"({"tags":["@bad"]})", "https://h.example/v2/a/tags/list?p5");
    if (request.url.ends_with("p5")) return page(R"({"tags":["b"]})", "");
    return page(R"({"tags":["a"]})", "?p2");
  });
  const auto tags = store::as<store::TagLister>(*wire.open("h.example/a"))->list_tags();
  ASSERT_TRUE(tags.has_value()) << tags.error().describe();
  EXPECT_EQ(*tags, (std::vector<std::string>{"a", "b"}));
}

TEST(Answers, AListThatIsNotOneIsAnErrorAndNotEmpty) {
  for (const char* body : {"{}", "[]", R"({"tags":"v1"})", R"({"tags":{}})", "", "null"}) {
    Wire wire([&](const Request&) { return Answer{.headers = {}, .body = body}; });
    EXPECT_EQ(store::as<store::TagLister>(*wire.open("h.example/a"))->list_tags().error().code, Errc::network) << body;
  }
}

TEST(Answers, TheCatalogIsReadToItsEnd) {
  Wire wire([](const Request& request) {
    Answer answer{.headers = {}, .body = R"({"repositories":["b/c","../x",5]})"};
    if (!request.url.ends_with("p2")) {
      answer.body = R"({"repositories":["z","a"]})";
      answer.headers.emplace_back("link", "</v2/_catalog?p2>; rel=\"next\"");
    }
    return answer;
  });
  const auto names = wire.session->catalog("h.example");
  ASSERT_TRUE(names.has_value()) << names.error().describe();
  EXPECT_EQ(*names, (std::vector<std::string>{"a", "b/c", "z"}));
  for (const auto& [status, code] : {std::pair(404, Errc::unsupported), std::pair(405, Errc::unsupported),
                                     std::pair(403, Errc::forbidden), std::pair(401, Errc::forbidden)}) {
    Wire refused([answer = status](const Request&) { return Answer{.status = answer, .headers = {}, .body = {}}; });
    const auto none = refused.session->catalog("h.example");
    ASSERT_FALSE(none.has_value());
    EXPECT_EQ(none.error().code, code) << status;
    EXPECT_NE(none.error().hint.find("slipway ls h.example/REPOSITORY"), std::string::npos);
  }
  Wire odd([](const Request&) { return Answer{.headers = {}, .body = "{}"}; });
  EXPECT_EQ(odd.session->catalog("h.example").error().code, Errc::network);
}

TEST(Answers, TheCatalogsTokenIsForTheCatalog) {
  Wire wire([](const Request& request) {
    if (request.url.find("/token") != std::string::npos) return Answer{.headers = {}, .body = R"({"token":"t"})"};
    if (!request.authorization.empty()) return Answer{.headers = {}, .body = R"({"repositories":["a"]})"};
    return challenge(R"(Bearer realm="https://h.example/token",service="s")");
  });
  ASSERT_TRUE(wire.session->catalog("h.example").has_value());
  bool asked = false;
  for (const std::string& line : wire.transport.lines())
    asked = asked || line.find("scope=registry%3Acatalog%3A%2A") != std::string::npos;
  EXPECT_TRUE(asked);
}

TEST(Answers, TheSizeOfABlob) {
  Wire wire([](const Request&) { return Answer{.headers = {{"content-length", "7"}}, .body = {}}; });
  auto* finder = store::as<store::BlobFinder>(*wire.open("h.example/a"));
  ASSERT_NE(finder, nullptr);
  EXPECT_EQ(finder->blob_size(io::digest_of("x")).value(), 7);
  Wire silent([](const Request&) { return Answer{.headers = {}, .body = {}}; });
  EXPECT_EQ(store::as<store::BlobFinder>(*silent.open("h.example/a"))->blob_size(io::digest_of("x")).error().code,
            Errc::network);
  Wire none([](const Request&) { return Answer{.status = 404, .headers = {}, .body = {}}; });
  EXPECT_EQ(store::as<store::BlobFinder>(*none.open("h.example/a"))->blob_size(io::digest_of("x")).error().code,
            Errc::not_found);
}

TEST(Login, ARefusedLoginIsSaidToBeRefused) {
  Wire wire([](const Request&) { return challenge("Basic realm=x"); });
  wire.credentials.set("user", "wrong");
  const Status refused = wire.session->check_login("h.example");
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, Errc::unauthorized);
  EXPECT_EQ(refused.error().message, "the registry refused this login");
  EXPECT_EQ(refused.error().hint.find("slipway login"), std::string::npos) << refused.error().hint;
}

}  // namespace
}  // namespace slipway::test
