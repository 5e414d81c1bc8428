#include <gtest/gtest.h>

#include "cli/command_line.h"
#include "registry/registry_world.h"
#include "slipway/copy/copy.h"
#include "slipway/io/hash.h"
#include "slipway/oci/media_type.h"
#include "slipway/store/memory.h"
#include "support/target_conformance.h"

namespace slipway::test {
namespace {

constexpr int kBlobs = 6;        // of an image: five layers and its config
constexpr int kPlatforms = 5;    // of the index
constexpr int kDistinct = 26;    // blobs of the index: the config is shared
constexpr int kHeadOfTag = 1;    // nothing is written before it is known what the destination's tag has
constexpr int kHeadOfRoot = 1;   // the whole image may be there under another tag
constexpr int kHeadOfChild = 1;  // and of an index its first images

/// Two registries, one of them with an image and an index of five images.
class Requests : public testing::Test {
 protected:
  explicit Requests(RegistryBehaviour behaviour = {.referrers_api = true}) : from_(behaviour), to_(behaviour) {
    line_.set("XDG_CACHE_HOME", line_.path("cache").string());
    line_.set("XDG_STATE_HOME", line_.path("state").string());
    store::MemoryTarget memory;
    const auto team = client_.open(team_app_);
    const auto image = [&](const std::string& of) {
      return push_image(memory, {of + "1", of + "2", of + "3", of + "4", of + "5"});
    };
    image_ = image("alone").descriptor;
    std::vector<Blob> images;
    for (int i = 0; i < kPlatforms; ++i)
      images.push_back(image(std::string(1, static_cast<char>('a' + i))));
    const Blob index = make_index(images);
    EXPECT_TRUE(push(memory, index).has_value());
    EXPECT_TRUE(copy::copy_tagged({&memory}, *image_, *team, {"v1"}, {}).has_value());
    EXPECT_TRUE(copy::copy_tagged({&memory}, index.descriptor, *team, {"all"}, {}).has_value());
  }

  /// How many requests a command makes at both registries.
  std::size_t cost(const std::vector<std::string>& words) {
    from_.forget_requests();
    to_.forget_requests();
    const Outcome outcome = line_.run(words);
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    std::string seen;
    for (const TestRegistry* registry : {&from_, &to_}) {
      for (const std::string& request : registry->requests())
        seen += request + "\n";
    }
    seen_ = seen;
    return from_.requests().size() + to_.requests().size();
  }

  TestRegistry from_, to_;
  Client client_;
  CommandLine line_;
  const std::string team_app_ = from_.host() + "/team/app";
  const std::string prod_app_ = from_.host() + "/prod/app";
  const std::string mirror_ = to_.host() + "/team/app";
  std::optional<oci::Descriptor> image_;
  std::string seen_;
};

class RequestsOfOnePost : public Requests {
 protected:
  RequestsOfOnePost() : Requests({.single_post = true}) {}
};

TEST_F(Requests, AnotherTag) {
  EXPECT_EQ(cost({"tag", team_app_ + ":v1", "v2"}), 2u) << seen_;
  EXPECT_EQ(cost({"tag", team_app_ + ":v1", "v3", "v4", "v5"}), 1u + 3) << seen_;
  EXPECT_EQ(cost({"copy", team_app_ + ":v1", team_app_ + ":v6"}), kHeadOfTag + 2u) << seen_;
  EXPECT_EQ(cost({"copy", team_app_ + ":all", team_app_ + ":every"}), kHeadOfTag + 2u) << seen_;
}

TEST_F(Requests, TheSameAgain) {
  cost({"copy", team_app_ + ":v1", mirror_ + ":v1"});
  EXPECT_EQ(cost({"copy", team_app_ + ":v1", mirror_ + ":v1"}), 2u) << "a HEAD of each tag\n" << seen_;
  EXPECT_EQ(cost({"copy", team_app_ + "@" + image_->digest.str(), mirror_ + ":v1"}), 1u) << seen_;
}

TEST_F(Requests, AnotherRepositoryOfTheRegistry) {
  EXPECT_EQ(cost({"copy", team_app_ + ":v1", prod_app_ + ":v1"}), kBlobs + 2u + kHeadOfTag + kHeadOfRoot) << seen_;
  EXPECT_EQ(cost({"copy", team_app_ + ":v1", prod_app_ + ":v2"}), 2u + kHeadOfTag + kHeadOfRoot) << "all there\n"
                                                                                                 << seen_;
}

TEST_F(Requests, AnotherRegistryThatIsEmpty) {
  EXPECT_EQ(cost({"copy", team_app_ + ":v1", mirror_ + ":v1"}), 3 * kBlobs + 2u + kHeadOfTag + kHeadOfRoot) << seen_;
  EXPECT_EQ(cost({"copy", team_app_ + ":v1", mirror_ + ":v2"}), 2u + kHeadOfTag + kHeadOfRoot) << "all there\n"
                                                                                               << seen_;
}

TEST_F(RequestsOfOnePost, AnotherRegistryThatIsEmpty) {
  EXPECT_EQ(cost({"copy", team_app_ + ":v1", mirror_ + ":v1"}), 2 * kBlobs + 2u + kHeadOfTag + kHeadOfRoot) << seen_;
}

TEST_F(Requests, AnIndexOfFivePlatforms) {
  constexpr std::size_t kHeads = kHeadOfTag + kHeadOfRoot + kHeadOfChild;
  constexpr std::size_t kManifests = 2 + 2 * kPlatforms;
  EXPECT_EQ(cost({"copy", team_app_ + ":all", prod_app_ + ":all"}), kManifests + kDistinct + kHeads) << seen_;
  EXPECT_EQ(cost({"copy", team_app_ + ":all", prod_app_ + ":every"}), 2u + kHeadOfTag + kHeadOfRoot) << seen_;
  EXPECT_EQ(cost({"copy", team_app_ + ":all", mirror_ + ":all"}), kManifests + 3 * kDistinct + kHeads) << seen_;
}

TEST_F(Requests, AnIndexThatWasInterruptedAfterItsImages) {
  cost({"copy", team_app_ + ":all", mirror_ + ":all"});
  to_.lose_manifest("team/app", client_.open(team_app_)->resolve(std::string("all"))->digest.str());
  EXPECT_EQ(cost({"copy", team_app_ + ":all", mirror_ + ":again"}), 2u + kPlatforms + kHeadOfTag + kHeadOfRoot)
      << seen_;
}

TEST_F(Requests, BlobsWithoutTheirManifest) {
  store::MemoryTarget memory;
  const Blob image = push_image(memory, {std::string(5u << 20, 'x'), "1", "2", "3", "4"});
  ASSERT_TRUE(copy::copy_tagged({&memory}, image.descriptor, *client_.open(team_app_), {"large"}, {}).has_value());
  const std::vector<std::string> copy{"copy", "-j1", team_app_ + ":large", mirror_ + ":large"};
  const auto lose_it = [&] { to_.lose_manifest("team/app", image.descriptor.digest.str()); };
  cost(copy);
  lose_it();
  constexpr std::size_t kFrame = 2u + kHeadOfTag + kHeadOfRoot;  // its GET, and its PUT by tag
  const std::size_t asked = cost(copy);
  EXPECT_EQ(asked, kFrame + kBlobs) << "a HEAD of each\n" << seen_;
  const auto incomplete = make_manifest({make_blob("nowhere")});
  EXPECT_FALSE(push(*client_.open(mirror_), incomplete)) << "and that is learned";
  ASSERT_EQ(line_.run({"probe", "--upload", mirror_}).status, 0);
  lose_it();
  EXPECT_EQ(cost(copy), kFrame + 2) << "the large blob, the manifest by digest\n" << seen_;
  // One blob is missing after all: it costs the one request, and what is missing is sent.
  lose_it();
  to_.lose_blob("team/app", io::digest_of("4").str());
  EXPECT_EQ(cost(copy), asked + 1 + 3) << seen_;
}

TEST_F(Requests, WithOneSignature) {
  const auto team = client_.open(team_app_);
  const Blob bundle = make_blob("a bundle", "application/vnd.dev.sigstore.bundle.v0.3+json");
  ASSERT_TRUE(push(*team, bundle).has_value());
  const Blob signature = make_manifest({bundle}, *image_);
  ASSERT_TRUE(push(*team, signature).has_value());
  constexpr std::size_t kImage = kBlobs + 2 + kHeadOfTag + kHeadOfRoot;
  constexpr std::size_t kSignature = 1 + 1 + 2 + 1 + 1;  // the list, its document, two mounts, its PUT, its own list
  constexpr std::size_t kCosign = 3;                     // tags that cosign may have used
  constexpr std::size_t kFirstAbsence = 1;  // the first HEAD of a host that finds nothing is proved by a GET
  constexpr std::size_t kByDigest = 1;      // the image is put by digest first: who sees the tag sees the signature
  EXPECT_EQ(cost({"copy", "--referrers", team_app_ + ":v1", prod_app_ + ":v1"}),
            kImage + kSignature + kHeadOfRoot + kCosign + kFirstAbsence + kByDigest)
      << seen_;
}

}  // namespace
}  // namespace slipway::test
