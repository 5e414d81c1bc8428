#include "slipway/run/drift.h"

#include <gmock/gmock.h>

namespace slipway::run {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string digest(char c) { return "sha256:" + std::string(64, c); }

ExpectedImage production() {
  return {.release = "v3, released by ci",
          .digests = {digest('a'), digest('b'), digest('c')},
          .earlier = {{digest('d'), "v2, released by ann"}},
          .app_places = {oci::Location::parse_for_reading("registry.example.com/team/hello:x").value()}};
}

std::vector<std::string> differences(const std::string& image, const std::string& id, std::size_t containers = 1) {
  const auto findings = compare_pods({{"ns/pod c", image, id}}, production());
  EXPECT_EQ(findings.containers, containers) << image << " " << id;
  return findings.differences;
}

TEST(ComparePods, IndexManifestAndConfigMatchUnderAnyName) {
  for (const char c : {'a', 'b', 'c'}) {
    EXPECT_THAT(differences("registry.example.com/team/hello:v1", "registry.example.com/team/hello@" + digest(c)),
                IsEmpty());
    EXPECT_THAT(differences("mirror.example.com/x", "docker-pullable://mirror.example.com/x@" + digest(c)), IsEmpty());
    EXPECT_THAT(differences("x", digest(c)), IsEmpty());
  }
}

TEST(ComparePods, AnythingElseOfTheAppIsADifference) {
  EXPECT_THAT(differences("registry.example.com/team/hello:v1", "registry.example.com/team/hello@" + digest('e')),
              ElementsAre("ns/pod c runs registry.example.com/team/hello@" + digest('e') + ", not v3, released by ci"));
  EXPECT_THAT(differences("mirror.example.com/x", "mirror.example.com/x@" + digest('d')),
              ElementsAre("ns/pod c runs v2, released by ann, not v3, released by ci"));
  EXPECT_THAT(differences("registry.example.com/team/hello:v1", ""),
              ElementsAre(HasSubstr("is set to run registry.example.com/team/hello:v1, which has no digest")));
  EXPECT_THAT(differences("registry.example.com/team/hello@" + digest('d'), ""),
              ElementsAre(HasSubstr("is set to run v2")));
  EXPECT_THAT(differences("registry.example.com/team/hello@" + digest('a'), ""), IsEmpty());
}

TEST(ComparePods, OtherAppsAreNobodysBusiness) {
  EXPECT_THAT(differences("nginx:1", "docker.io/library/nginx@" + digest('e'), 0), IsEmpty());
  EXPECT_THAT(differences("registry.example.com/team/hello-other:1", "", 0), IsEmpty());
  EXPECT_THAT(differences("", "", 0), IsEmpty());
  EXPECT_THAT(differences("x", "sha256:short", 0), IsEmpty());
}

TEST(ParsePods, ReadsEveryContainerOfEveryPod) {
  const auto found = parse_pods(R"({"kind": "List", "items": [
    {"kind": "Pod", "metadata": {"name": "p", "namespace": "n"},
     "spec": {"containers": [{"name": "a", "image": "i:1"}, {"name": "b", "image": "j:1"}],
              "initContainers": [{"name": "a", "image": "k:1"}]},
     "status": {"containerStatuses": [{"name": "b", "imageID": "j@x"}, {"name": "a", "imageID": "i@x"}]}},
    {"metadata": {"name": "q\u001b"}, "spec": {"ephemeralContainers": [{"name": "e", "image": "l"}]}},
    {}, 1, {"spec": {"containers": 3}}]})",
                                "pods.json");
  ASSERT_TRUE(found) << found.error().describe();
  std::vector<std::string> lines;
  for (const RunningContainer& container : *found)
    lines.push_back(container.where + "|" + container.image + "|" + container.image_id);
  EXPECT_THAT(lines, ElementsAre("n/p a|k:1|", "n/p a|i:1|i@x", "n/p b|j:1|j@x", testing::StartsWith("/q")));
  EXPECT_EQ(lines[3].find('\x1b'), std::string::npos);
  EXPECT_EQ(parse_pods(R"({"kind": "Pod", "spec": {"containers": [{"name": "a"}]}})", "p")->size(), 1u);
}

TEST(ParsePods, OtherTextsAreRefused) {
  for (const char* text : {"", "[]", "{}", "{\"kind\": \"Deployment\"}", "{\"kind\": \"PodList\"", "not json"}) {
    const auto found = parse_pods(text, "pods.json");
    ASSERT_FALSE(found) << text;
    EXPECT_EQ(found.error().code, Errc::malformed);
    EXPECT_THAT(found.error().describe(), HasSubstr("pods.json"));
  }
}

}  // namespace
}  // namespace slipway::run
