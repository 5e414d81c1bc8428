#include "slipway/image/validate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "slipway/io/hash.h"
#include "slipway/oci/image_config.h"
#include "slipway/store/memory.h"
#include "support/target_conformance.h"

namespace slipway::image {
namespace {

using test::Blob;
using testing::ElementsAre;
using testing::HasSubstr;

/// Images of one plain layer each, right or wrong.
struct Shelf {
  Blob store(const Blob& blob) {
    EXPECT_TRUE(push(target, blob).has_value());
    return blob;
  }
  Blob image(const std::string& architecture, const std::string& promises, const std::string& layer_type,
             int layers = 1) {
    const Blob layer = store(test::make_blob("the layer", layer_type));
    const Blob config = store(test::make_blob(
        fmt::format(R"({{"architecture":"{}","os":"linux","rootfs":{{"type":"layers","diff_ids":["{}"]}}}})",
                    architecture, io::digest_of(promises).str()),
        "application/vnd.oci.image.config.v1+json"));
    oci::Manifest manifest{.raw = {},
                           .media_type = "application/vnd.oci.image.manifest.v1+json",
                           .artifact_type = {},
                           .config = config.descriptor,
                           .layers = std::vector(static_cast<std::size_t>(layers), layer.descriptor),
                           .subject = {},
                           .annotations = {}};
    return store(test::make_blob(oci::write_manifest(manifest), manifest.media_type));
  }
  Blob index(std::vector<std::pair<Blob, std::string>> children) {
    oci::Index index{.raw = {},
                     .media_type = "application/vnd.oci.image.index.v1+json",
                     .artifact_type = {},
                     .manifests = {},
                     .subject = {},
                     .annotations = {}};
    for (const auto& [child, platform] : children) {
      index.manifests.push_back(child.descriptor);
      index.manifests.back().platform = oci::Platform::parse(platform).value();
    }
    return store(test::make_blob(oci::write_index(index), index.media_type));
  }
  std::vector<std::string> problems(const Blob& root) {
    const auto found = validate(target, root.descriptor, {});
    EXPECT_TRUE(found.has_value()) << found.error().describe();
    std::vector<std::string> texts;
    for (const Error& error : found.value_or(std::vector<Error>())) {
      EXPECT_EQ(exit_status(error.code), 12) << error.message;
      texts.push_back(error.message);
    }
    return texts;
  }

  store::MemoryTarget target;
};

const std::string kTar = "application/vnd.oci.image.layer.v1.tar";

TEST(Validate, SoundImagesHaveNoProblems) {
  Shelf shelf;
  const Blob amd64 = shelf.image("amd64", "the layer", kTar);
  const Blob arm64 = shelf.image("arm64", "the layer", kTar);
  EXPECT_THAT(shelf.problems(amd64), ElementsAre());
  EXPECT_THAT(shelf.problems(shelf.index({{amd64, "linux/amd64"}, {arm64, "linux/arm64/v8"}})), ElementsAre());
  EXPECT_THAT(shelf.problems(test::push_image(shelf.target, {"a", "b"})), ElementsAre()) << "an artifact";
}

TEST(Validate, Row036_ADiffIdThatIsNotTheLayers) {
  Shelf shelf;
  EXPECT_THAT(shelf.problems(shelf.image("amd64", "another layer", kTar)), ElementsAre(HasSubstr("unpacks to")));
}

TEST(Validate, Row036_MoreLayersThanDiffIds) {
  Shelf shelf;
  EXPECT_EQ(shelf.problems(shelf.image("amd64", "the layer", kTar, 2)).size(), 1u);
}

TEST(Validate, Row041_AnotherCompressionThanTheMediaTypes) {
  Shelf shelf;
  EXPECT_THAT(shelf.problems(shelf.image("amd64", "the layer", kTar + "+gzip")),
              ElementsAre(HasSubstr("is gzip by its media type, and not compressed by its bytes")));
}

TEST(Validate, Row034_APlatformThatIsNotTheConfigs) {
  Shelf shelf;
  const Blob image = shelf.image("amd64", "the layer", kTar);
  EXPECT_THAT(shelf.problems(shelf.index({{image, "linux/arm64"}})),
              ElementsAre(HasSubstr("is listed for linux/arm64, its config says linux/amd64")));
}

TEST(Validate, TheSameTwiceInAnIndex) {
  Shelf shelf;
  const Blob image = shelf.image("amd64", "the layer", kTar);
  EXPECT_THAT(shelf.problems(shelf.index({{image, "linux/amd64"}, {image, "linux/amd64"}})),
              ElementsAre(HasSubstr("twice"), HasSubstr("two images for linux/amd64")));
}

TEST(Validate, EveryProblemIsNamedAndTheWorldsAreNone) {
  Shelf shelf;
  const Blob good = shelf.image("amd64", "the layer", kTar);
  const Blob bad = shelf.image("arm64", "another layer", kTar + "+zstd");
  EXPECT_EQ(shelf.problems(shelf.index({{bad, "linux/s390x"}, {good, "linux/amd64"}})).size(), 3u);
  std::stop_source stop;
  stop.request_stop();
  const auto stopped = validate(shelf.target, good.descriptor, stop.get_token());
  ASSERT_FALSE(stopped.has_value());
  EXPECT_EQ(stopped.error().code, Errc::cancelled);
}

}  // namespace
}  // namespace slipway::image
