#include "slipway/image/validate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "image/layered_image.h"
#include "slipway/io/hash.h"
#include "slipway/oci/image_config.h"
#include "slipway/store/layout.h"
#include "slipway/store/memory.h"
#include "support/blob_reads.h"
#include "support/target_conformance.h"
#include "support/temp_dir.h"

namespace slipway::image {
namespace {

using test::Blob;
using testing::ElementsAre;
using testing::HasSubstr;

const std::string kLayer = tar_of({file("a", "a file")});

/// Images of one plain layer each, right or wrong.
struct Shelf {
  Blob store(const Blob& blob) {
    EXPECT_TRUE(push(target, blob).has_value());
    return blob;
  }
  Blob image(const std::string& architecture, const std::string& promises, const std::string& layer_type,
             int layers = 1) {
    const Blob layer = store(test::make_blob(bytes, layer_type));
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
  std::string bytes = kLayer;  ///< of the layer
};

const std::string kTar = "application/vnd.oci.image.layer.v1.tar";

TEST(Validate, SoundImagesHaveNoProblems) {
  Shelf shelf;
  const Blob amd64 = shelf.image("amd64", kLayer, kTar);
  const Blob arm64 = shelf.image("arm64", kLayer, kTar);
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
  EXPECT_EQ(shelf.problems(shelf.image("amd64", kLayer, kTar, 2)).size(), 1u);
}

TEST(Validate, AgreesWithUnpackingOnFoldersThatReplace) {
  Shelf shelf;
  // A folder in the place of a file or symlink of its own layer: what lies below it is in it.
  for (const layer::FileEntry& first : {file("a", "x"), symlink("a", "/nowhere")}) {
    shelf.bytes = tar_of({first, folder("a"), file("a/x", "x")});
    EXPECT_THAT(shelf.problems(shelf.image("amd64", shelf.bytes, kTar)), testing::IsEmpty());
  }
  shelf.bytes = tar_of({folder("a"), file("a", "x"), file("a/x", "x")});
  EXPECT_THAT(shelf.problems(shelf.image("amd64", shelf.bytes, kTar)), ElementsAre(HasSubstr("lies below /a")));
  shelf.bytes = tar_of({folder("a"), hardlink("h", "a")});
  EXPECT_THAT(shelf.problems(shelf.image("amd64", shelf.bytes, kTar)), ElementsAre(HasSubstr("which is a folder")));
}

TEST(Validate, NamesMayHaveDotsThatStayInside) {
  Shelf shelf;
  shelf.bytes = tar_of({folder("a"), file("a/../b", "x")});
  EXPECT_THAT(shelf.problems(shelf.image("amd64", shelf.bytes, kTar)), testing::IsEmpty());
  shelf.bytes = tar_of({folder("a"), file("a/../../b", "x")});
  EXPECT_THAT(shelf.problems(shelf.image("amd64", shelf.bytes, kTar)), ElementsAre(HasSubstr("could leave the image")));
}

TEST(Validate, DoubtsAttributesThatNoKernelTakes) {
  Shelf shelf;
  layer::FileEntry good = file("good", "x"), bad = file("bad", "x");
  good.xattrs["user.k"] = "v";
  bad.xattrs["security.capability"] = "cap_chown=ep";
  shelf.bytes = tar_of({good, bad});
  std::vector<std::string> doubts;
  const auto doubt = [&doubts](const Error& error) { doubts.push_back(error.message); };
  const Blob image = shelf.image("amd64", shelf.bytes, kTar);
  EXPECT_THAT(validate(shelf.target, image.descriptor, {}, doubt).value(), testing::IsEmpty());
  EXPECT_THAT(doubts, ElementsAre(HasSubstr("/bad has the extended attribute security.capability, which has a value "
                                            "that is not a set of capabilities: containerd and umoci refuse that")));
}

TEST(Validate, Row041_AnotherCompressionThanTheMediaTypes) {
  Shelf shelf;
  EXPECT_THAT(shelf.problems(shelf.image("amd64", kLayer, kTar + "+gzip")),
              ElementsAre(HasSubstr("is gzip by its media type, and not compressed by its bytes")));
}

TEST(Validate, Row034_APlatformThatIsNotTheConfigs) {
  Shelf shelf;
  const Blob image = shelf.image("amd64", kLayer, kTar);
  EXPECT_THAT(shelf.problems(shelf.index({{image, "linux/arm64"}})),
              ElementsAre(HasSubstr("is listed for linux/arm64, its config says linux/amd64")));
}

TEST(Validate, TheSameTwiceInAnIndex) {
  Shelf shelf;
  const Blob image = shelf.image("amd64", kLayer, kTar);
  EXPECT_THAT(shelf.problems(shelf.index({{image, "linux/amd64"}, {image, "linux/amd64"}})),
              ElementsAre(HasSubstr("twice"), HasSubstr("two images for linux/amd64")));
}

TEST(Validate, EveryProblemIsNamedAndTheWorldsAreNone) {
  Shelf shelf;
  const Blob good = shelf.image("amd64", kLayer, kTar);
  const Blob bad = shelf.image("arm64", "another layer", kTar + "+zstd");
  EXPECT_EQ(shelf.problems(shelf.index({{bad, "linux/s390x"}, {good, "linux/amd64"}})).size(), 3u);
  std::stop_source stop;
  stop.request_stop();
  const auto stopped = validate(shelf.target, good.descriptor, stop.get_token());
  ASSERT_FALSE(stopped.has_value());
  EXPECT_EQ(stopped.error().code, Errc::cancelled);
}

/// The problems of a sound image made of these layers.
std::vector<std::string> problems_of(const std::vector<LayerEntries>& layers) {
  LayeredImages images;
  const Image image = images.make(layers);
  std::vector<std::string> texts;
  const auto found = validate(images.store, image.descriptor, {}).value();
  for (const Error& error : found)
    texts.push_back(error.message);
  return texts;
}

TEST(Validate, ALayerThatIsNotATar) {
  Shelf shelf;
  shelf.bytes = "not a tar";
  EXPECT_THAT(shelf.problems(shelf.image("amd64", shelf.bytes, kTar)),
              ElementsAre(HasSubstr("cannot be unpacked: cannot read the tar archive")));
  shelf.bytes = kLayer + "junk behind";
  EXPECT_THAT(shelf.problems(shelf.image("amd64", shelf.bytes, kTar)), ElementsAre(HasSubstr("bytes after its end")));
}

TEST(Validate, NamesThatLeaveTheRoot) {
  EXPECT_THAT(problems_of({{file("../../etc/x", "")}}), ElementsAre(HasSubstr("../../etc/x")));
  EXPECT_THAT(problems_of({{hardlink("a", "../x")}}), ElementsAre(HasSubstr("../x")));
  EXPECT_THAT(problems_of({{symlink("a", "../../x")}}), ElementsAre()) << "every runtime keeps those inside";
}

TEST(Validate, WhatCannotBeUnpackedOverTheLayersBelow) {
  EXPECT_THAT(problems_of({{file("a", ""), file("a/b", "")}}), ElementsAre(HasSubstr("/a/b lies below /a")));
  EXPECT_THAT(problems_of({{file("a", "")}, {whiteout("a"), hardlink("b", "a")}}),
              ElementsAre(HasSubstr("/b is a hard link to /a")));
  EXPECT_THAT(
      problems_of({{file("a", "")}, {hardlink("b", "a"), symlink("l", "d"), file("l/x", "")}, {file("a/y", "")}}),
      ElementsAre());
}

TEST(Validate, AWholePlaceIsHeldToTheSame) {
  const test::TempDir dir;
  const auto layout = store::LayoutTarget::open_or_create(dir.path() / "l").value();
  const auto problems = [&] {
    std::vector<std::string> texts;
    const auto found = validate_all(*layout, {}).value();
    for (const Error& error : found)
      texts.push_back(error.message);
    return texts;
  };
  const auto add = [&](Shelf& shelf, const Blob& image) {
    const auto document = oci::parse_document(image.bytes, image.descriptor.media_type).value();
    for (const oci::Descriptor& child : oci::children(document)) {
      const auto bytes = test::read(shelf.target, child).value();
      ASSERT_TRUE(test::push(*layout, Blob{child, bytes}).has_value());
    }
    ASSERT_TRUE(test::push(*layout, image).has_value());
    ASSERT_TRUE(layout
                    ->tag(image.descriptor, "t" + std::to_string(image.descriptor.size) +
                                                std::string(image.descriptor.digest.hex().substr(0, 8)))
                    .has_value());
  };
  EXPECT_THAT(problems(), ElementsAre()) << "an empty layout";
  Shelf shelf;
  add(shelf, shelf.image("amd64", kLayer, kTar));
  EXPECT_THAT(problems(), ElementsAre());
  add(shelf, shelf.image("arm64", "another layer", kTar));
  EXPECT_THAT(problems(), ElementsAre(HasSubstr("unpacks to")));
  add(shelf, shelf.image("s390x", kLayer, kTar + "+gzip"));
  shelf.bytes = "not a tar";
  add(shelf, shelf.image("riscv64", shelf.bytes, kTar));
  EXPECT_THAT(problems(), testing::UnorderedElementsAre(HasSubstr("unpacks to"), HasSubstr("is gzip by its media type"),
                                                        HasSubstr("cannot be unpacked")));
}

}  // namespace
}  // namespace slipway::image
