#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <thread>

#include "registry/wire.h"
#include "slipway/oci/media_type.h"
#include "slipway/store/attachment_tag.h"
#include "support/scripted_transport.h"
#include "support/target_conformance.h"
#include "support/temp_dir.h"

namespace slipway::test {
namespace {

using http::Request;

Result<std::vector<oci::Descriptor>> referrers_of(store::Target& target, const Digest& subject) {
  return store::as<store::ReferrerLister>(target)->referrers(subject, "");
}

/// A registry whose referrers API is a script.
struct ScriptedApi {
  explicit ScriptedApi(ScriptedTransport::Script script) : transport(std::move(script)) {
    session = registry::Session::create({&transport, &credentials, &clock, &rng}, {});
    target = session->open(oci::Location::parse("h.example/a").value());
  }
  Result<std::vector<oci::Descriptor>> list() { return referrers_of(*target, make_blob("subject").descriptor.digest); }

  FakeClock clock;
  SeededRng rng;
  FixedCredentials credentials;
  ScriptedTransport transport;
  std::shared_ptr<registry::Session> session;
  std::shared_ptr<store::Target> target;
};

Blob note(const std::string& text, const Blob& subject) { return make_manifest({make_blob(text)}, subject.descriptor); }

Answer page(const std::vector<std::string>& notes, const std::string& next = {}) {
  std::vector<Blob> manifests;
  for (const std::string& text : notes)
    manifests.push_back(note(text, make_blob("subject", std::string(oci::kManifestType))));
  Answer answer{.headers = {{"content-type", std::string(oci::kIndexType)}}, .body = make_index(manifests).bytes};
  if (!next.empty()) answer.headers.emplace_back("link", "<" + next + ">; rel=\"next\"");
  return answer;
}

TEST(Referrers, EveryPageCountsAndEachEntryOnce) {
  ScriptedApi api([](const Request& request) {
    if (request.url.find("page=2") != std::string::npos) return page({"b", "c"}, "?page=3");
    if (request.url.find("page=3") != std::string::npos) return page({"d"});
    return page({"a", "b"}, "?page=2");
  });
  const auto list = api.list();
  ASSERT_TRUE(list.has_value()) << list.error().describe();
  EXPECT_EQ(list->size(), 4u);
  EXPECT_TRUE(
      std::is_sorted(list->begin(), list->end(), [](const auto& a, const auto& b) { return a.digest < b.digest; }));
  EXPECT_EQ(api.transport.lines().size(), 3u);
}

TEST(Referrers, HalfAListIsAnErrorAndNoShorterList) {
  for (const int status : {400, 403, 404, 405}) {
    ScriptedApi api([&](const Request& request) {
      if (request.url.find("page=2") != std::string::npos) return Answer{.status = status, .headers = {}, .body = {}};
      return page({"a"}, "?page=2");
    });
    EXPECT_FALSE(api.list().has_value()) << status;
  }
}

TEST(Referrers, PagesStayOnTheirOriginAndEnd) {
  for (const char* next : {"https://evil.example/x", "http://h.example/x", "https://h.example:8443/x"}) {
    ScriptedApi api([&](const Request&) { return page({"a"}, next); });
    EXPECT_EQ(api.list().error().code, Errc::network) << next;
    EXPECT_EQ(api.transport.lines().size(), 1u) << next;
  }
  ScriptedApi endless([](const Request&) { return page({"a"}, "?again"); });
  EXPECT_EQ(endless.list().error().code, Errc::network);
}

TEST(Referrers, ATaggedPushOfAManifestWithASubjectIsListed) {
  for (const bool api : {false, true}) {
    TestRegistry registry({.referrers_api = api});
    Client client;
    const auto target = client.open(registry.host() + "/team/app");
    const Blob image = push_image(*target, {"one"});
    const Blob tagged = note("one", image);
    ASSERT_TRUE(target->push_tagged(tagged.descriptor, tagged.bytes, "note").has_value());
    client.make_session();
    const auto list = referrers_of(*client.open(registry.host() + "/team/app"), image.descriptor.digest);
    ASSERT_TRUE(list.has_value()) << list.error().describe();
    ASSERT_EQ(list->size(), 1u) << api;
    EXPECT_EQ(list->front().digest, tagged.descriptor.digest);
    EXPECT_EQ(registry.count("PUT", "/manifests/sha256-"), api ? 0 : 1) << "the fallback tag, where it is needed";
  }
}

/// Threads of one process, and processes of one machine: each writer has a session of its own.
TEST(Referrers, Row19_ManyWritersOfOneListLoseNothing) {
  TestRegistry registry;
  Client client;
  const std::string place = registry.host() + "/team/app";
  const Blob image = push_image(*client.open(place), {"one"});
  constexpr int kWriters = 6;
  TempDir dir;
  std::atomic<int> pushed = 0;
  {
    std::vector<std::jthread> writers;
    for (int i = 0; i < kWriters; ++i) {
      writers.emplace_back([&, i] {
        Client own;
        const auto knowledge = registry::file_knowledge(real_fs(), own.clock, dir.path() / "hosts");
        const auto session = registry::Session::create(
            {own.transport.get(), &own.credentials, &own.clock, &own.rng, knowledge.get()}, {});
        const auto target = session->open(oci::Location::parse(place).value());
        const std::string text = "note " + std::to_string(i);
        Status done = push(*target, make_blob(text));
        if (done) done = push(*target, note(text, image));
        EXPECT_TRUE(done.has_value()) << done.error().describe();
        pushed += done ? 1 : 0;
      });
    }
  }
  EXPECT_EQ(pushed, kWriters);
  EXPECT_EQ(referrers_of(*client.open(place), image.descriptor.digest)->size(), static_cast<std::size_t>(kWriters));
}

/// Two machines share no lock: one reads the list before the other writes it, and writes over it afterwards.
TEST(Referrers, AnEntryThatAnotherMachineWroteOverIsAddedAgain) {
  const Blob subject = make_blob("subject", std::string(oci::kManifestType));
  const Blob ours = note("ours", subject);
  const Blob theirs = note("theirs", subject);
  std::string list;
  int written = 0;
  Wire wire([&](const Request& request) {
    const bool is_list = request.url.ends_with("/manifests/" + store::referrers_tag(subject.descriptor.digest));
    if (request.method == "GET" && is_list && !list.empty()) {
      return Answer{.headers = {{"content-type", std::string(oci::kIndexType)}}, .body = list};
    }
    if (request.method == "GET") return Answer{.status = 404, .headers = {}, .body = {}};
    if (is_list && ++written == 1) list = make_index({theirs}).bytes;  // the other machine, right after us
    return Answer{.status = 201, .headers = {{"location", request.url}}, .body = {}};
  });
  wire.transport.on_body = [&](const std::string& line, const std::string& body) {
    const std::string tag = store::referrers_tag(subject.descriptor.digest);
    if (written > 1 && line.find("/manifests/" + tag) != std::string::npos && line.find(tag + ".") == std::string::npos)
      list = body;
  };
  const Status done = push(*wire.open("h.example/a"), ours);
  ASSERT_TRUE(done.has_value()) << done.error().describe();
  EXPECT_EQ(written, 2) << "looked at again, and written again";
  const auto index = oci::parse_index(list, std::string(oci::kIndexType));
  ASSERT_TRUE(index.has_value());
  std::set<Digest> listed;
  for (const auto& entry : index->manifests)
    listed.insert(entry.digest);
  EXPECT_EQ(listed, (std::set<Digest>{ours.descriptor.digest, theirs.descriptor.digest}));
}

TEST(Referrers, AWriterWhoAlwaysLosesSaysSo) {
  const Blob subject = make_blob("subject", std::string(oci::kManifestType));
  const std::string list = make_index({note("theirs", subject)}).bytes;
  Wire wire([&](const Request& request) {
    if (request.method == "PUT") return Answer{.status = 201, .headers = {{"location", "/x"}}, .body = {}};
    return Answer{.headers = {{"content-type", std::string(oci::kIndexType)}}, .body = list};
  });
  EXPECT_EQ(push(*wire.open("h.example/a"), note("ours", subject)).error().code, Errc::conflict);
}

TEST(Referrers, AnEntryWithoutATypeGetsTheOneOfItsManifest) {
  // As cosign 3 writes its fallback list: the type of the empty config instead of the artifact's.
  const Blob subject = make_blob("subject", std::string(oci::kManifestType));
  oci::Manifest bundle = oci::parse_manifest(note("bundle", subject).bytes, std::string(oci::kManifestType)).value();
  bundle.artifact_type = "application/vnd.dev.sigstore.bundle.v0.3+json";
  bundle.raw.clear();
  const Blob manifest = make_blob(oci::write_manifest(bundle), std::string(oci::kManifestType));
  oci::Index index = oci::parse_index(make_index({manifest}).bytes, std::string(oci::kIndexType)).value();
  index.manifests[0].artifact_type = "application/vnd.oci.empty.v1+json";
  index.raw.clear();
  const std::string list = oci::write_index(index);
  ScriptedApi api([&](const Request& request) {
    if (request.url.find("/referrers/") != std::string::npos) return Answer{.status = 404, .headers = {}, .body = {}};
    if (request.url.find("/manifests/sha256-") != std::string::npos) {
      return Answer{.headers = {{"content-type", std::string(oci::kIndexType)}}, .body = list};
    }
    return Answer{.headers = {{"content-type", std::string(oci::kManifestType)}}, .body = manifest.bytes};
  });
  const auto listed = api.list();
  ASSERT_TRUE(listed.has_value()) << listed.error().describe();
  ASSERT_EQ(listed->size(), 1u);
  EXPECT_EQ(listed->front().artifact_type, "application/vnd.dev.sigstore.bundle.v0.3+json");
  const auto of_type = store::as<store::ReferrerLister>(*api.target)
                           ->referrers(make_blob("subject").descriptor.digest, bundle.artifact_type);
  EXPECT_EQ(of_type->size(), 1u) << "found by its type";
}

/// An API that answers, and knows nothing of what was pushed: the list that clients keep is believed.
TEST(Referrers, AnApiThatFindsNothingDoesNotHideTheFallbackList) {
  const Blob subject = make_blob("subject", std::string(oci::kManifestType));
  ScriptedApi api([&](const Request& request) {
    const bool fallback = request.url.find("/manifests/sha256-") != std::string::npos;
    return Answer{.headers = {{"content-type", std::string(oci::kIndexType)}},
                  .body = make_index(fallback ? std::vector{note("one", subject)} : std::vector<Blob>()).bytes};
  });
  EXPECT_EQ(api.list()->size(), 1u);
}

TEST(Referrers, EachHasATagOfItsOwnWhereTheApiIsMissing) {
  for (const bool api : {false, true}) {
    TestRegistry registry({.referrers_api = api});
    Client client;
    const auto target = client.open(registry.host() + "/team/app");
    const Blob image = push_image(*target, {"one"});
    const Blob attached = note("one", image);
    ASSERT_TRUE(push(*target, make_blob("one")).has_value());
    ASSERT_TRUE(push(*target, attached).has_value());
    const auto kept = target->resolve(store::attachment_tag(image.descriptor.digest, attached.descriptor.digest));
    EXPECT_EQ(kept.has_value(), !api);
    if (kept) EXPECT_EQ(kept->digest, attached.descriptor.digest);
    ASSERT_TRUE(referrers_of(*target, image.descriptor.digest).has_value());
    EXPECT_EQ(target->traits().collects_untagged, !api) << "a registry that knows referrers knows children as well";
  }
}

TEST(Referrers, TaggingTwiceListsOnce) {
  TestRegistry registry;
  Client client;
  const auto target = client.open(registry.host() + "/team/app");
  const Blob image = push_image(*target, {"one"});
  const Blob tagged = note("one", image);
  ASSERT_TRUE(push(*target, tagged).has_value());
  ASSERT_TRUE(target->tag(tagged.descriptor, "n1").has_value());
  ASSERT_TRUE(target->tag(tagged.descriptor, "n2").has_value());
  EXPECT_EQ(registry.count("PUT", "/manifests/sha256-"), 2) << "the list, and the tag that keeps the referrer";
  EXPECT_EQ(referrers_of(*target, image.descriptor.digest)->size(), 1u);
}

TEST(Referrers, AnImageWithoutASubjectCostsNoExtraRequest) {
  TestRegistry registry;
  Client client;
  const auto target = client.open(registry.host() + "/team/app");
  const Blob image = push_image(*target, {"one"});
  registry.forget_requests();
  ASSERT_TRUE(target->push_tagged(image.descriptor, image.bytes, "v1").has_value());
  EXPECT_EQ(registry.requests(), std::vector<std::string>{"PUT /v2/team/app/manifests/v1"});
}

}  // namespace
}  // namespace slipway::test
