#include "builder/build_fixture.h"
#include "slipway/image/lock.h"
#include "slipway/io/filters.h"
#include "slipway/layer/layer_writer.h"

namespace slipway::builder {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST_F(BuildTest, ABaseIsInheritedUntouched) {
  const oci::Descriptor base = make_base("r.example/base", "12", {"linux/amd64"});
  const image::Image before = load(*book.registry("r.example/base"), base);
  request.destinations = {to_registry("r.example/app", {"v1"})};
  const BuildResult result = must_build(flags([](AdHocRequest& r) {
    r.base = "r.example/base:12";
    r.env = {"A=mine", "B=new"};
    r.labels = {"to=app"};
  }));
  const image::Image image = load(*book.registry("r.example/app"), result.root);
  ASSERT_EQ(image.manifest.layers.size(), 2u);
  EXPECT_EQ(image.manifest.layers[0], before.manifest.layers[0]);
  EXPECT_EQ(image.config.diff_ids[0], before.config.diff_ids[0]);
  EXPECT_THAT(image.config.env, ElementsAre("PATH=/bin", "A=mine", "B=new"));
  EXPECT_TRUE(image.config.cmd.empty()) << "a new entrypoint clears the inherited cmd";
  EXPECT_EQ(image.config.labels.size(), 2u);
  EXPECT_EQ(image.config.history.size(), 2u);
  EXPECT_EQ(image.manifest.annotations.at("org.opencontainers.image.base.name"), "r.example/base:12");
  EXPECT_EQ(image.manifest.annotations.at("org.opencontainers.image.base.digest"), base.digest.str());
  EXPECT_EQ(result.base->digest(), base.digest);
}

TEST_F(BuildTest, RemovedPathsBecomeWhiteouts) {
  make_base("r.example/base", "12", {"linux/amd64"});
  const std::string text = "app: a\nimage:\n  base: {}\n  layers:\n    - {{name: cut, remove: [/etc/base]}}\n";
  to_layout();
  const BuildResult result = must_build(yaml(fmt::format(fmt::runtime(text), "r.example/base:12")));
  const auto layout = *store::LayoutTarget::open(out());
  EXPECT_THAT(names_in(*layout, result.images[0].layers[1]), ElementsAre("etc/", "etc/.wh.base"));
  const BuildResult none =
      must_build(yaml(fmt::format(fmt::runtime(text), "scratch") +
                      "    - {name: app, files: [{from: hello, to: /hello}]}\n  platforms: [linux/amd64]\n"));
  ASSERT_EQ(none.warnings.size(), 2u);
  EXPECT_THAT(none.warnings[0].describe(), HasSubstr("slipway.yaml:5:"));
  EXPECT_THAT(none.warnings[1].describe(), HasSubstr("the layer \"cut\" has no files"));
}

TEST_F(BuildTest, DockersFamilyIsFollowed) {
  make_base("r.example/base", "d", {"linux/amd64"}, true);
  request.destinations = {to_registry("r.example/app", {"v1"})};
  const auto with_base = [](AdHocRequest& r) {
    r.base = "r.example/base:d";
    r.annotations = {"a=b", "c=d"};
    r.labels = {"c=label"};
  };
  const BuildResult result = must_build(flags(with_base));
  const image::Image image = load(*book.registry("r.example/app"), result.root);
  EXPECT_EQ(image.manifest.media_type, oci::kDockerManifestType);
  EXPECT_EQ(image.manifest.config.media_type, oci::kDockerConfigType);
  for (const auto& layer : image.manifest.layers)
    EXPECT_EQ(layer.media_type, oci::kDockerLayerGzipType);
  EXPECT_TRUE(image.manifest.annotations.empty());
  const auto& labels = image.config.labels;
  EXPECT_EQ(labels.at("from"), "base");
  EXPECT_EQ(labels.at("a"), "b");
  EXPECT_EQ(labels.at("c"), "label") << "what the recipe says of labels goes first";
  EXPECT_EQ(labels.at(std::string(kCompatAnnotation)), std::to_string(layer::kCompatibility));
  EXPECT_EQ(labels.at(std::string(oci::kBaseName)), "r.example/base:d");
  EXPECT_TRUE(result.warnings.empty());
  Recipe zstd = flags(with_base);
  zstd.compression = io::Compression::zstd;
  EXPECT_THAT(must_fail(zstd, Errc::invalid_argument).describe(), HasSubstr("zstd"));
}

TEST_F(BuildTest, APlatformTheBaseLacks) {
  make_base("r.example/base", "12", {"linux/amd64", "linux/arm64"});
  to_layout();
  const auto with = [](const std::string& platform) {
    return [platform](AdHocRequest& r) {
      r.base = "r.example/base:12";
      r.platforms = {platform};
      r.adds = {"arm:/usr/bin/hello"};
    };
  };
  put(dir.path() / "arm", elf(183), 0755);
  EXPECT_EQ(must_build(flags(with("linux/arm64"))).images[0].platform.str(), "linux/arm64");
  const Error error = must_fail(flags(with("linux/s390x")), Errc::not_found);
  EXPECT_THAT(error.describe(), HasSubstr("it has linux/amd64, linux/arm64"));
}

TEST_F(BuildTest, TheLockDecidesTheBase) {
  const oci::Descriptor first = make_base("r.example/base", "12", {"linux/amd64"});
  request.lock_file = dir.path() / "slipway.lock";
  to_layout();
  const Recipe recipe = flags([](AdHocRequest& r) { r.base = "r.example/base:12"; });
  request.locked = true;
  EXPECT_THAT(must_fail(recipe, Errc::invalid_argument).describe(), HasSubstr("r.example/base:12"));
  EXPECT_FALSE(stdfs::exists(request.lock_file));
  request.locked = false;
  must_build(recipe);
  EXPECT_EQ(image::Lock::read(real_fs(), request.lock_file)->find("r.example/base:12"), first.digest);

  const oci::Descriptor second = make_base("r.example/base", "12", {"linux/amd64", "linux/arm64"});
  ASSERT_NE(first.digest, second.digest);
  request.locked = true;
  EXPECT_EQ(must_build(recipe).base->digest(), first.digest);
  request.locked = false;
  request.update_base = true;
  EXPECT_EQ(must_build(recipe).base->digest(), second.digest);
  EXPECT_EQ(image::Lock::read(real_fs(), request.lock_file)->find("r.example/base:12"), second.digest);
}

/// Stores an image with changed documents beside the one it was made of.
oci::Descriptor changed(store::Target& target, image::Image image, const std::string& tag) {
  const std::string config = image.config.serialize();
  image.manifest.config = oci::Descriptor(image.manifest.config.media_type, io::digest_of(config),
                                          static_cast<std::int64_t>(config.size()));
  io::TextSource source(config);
  EXPECT_TRUE(target.push(image.manifest.config, source));
  const std::string raw = oci::write_manifest(image.manifest);
  const oci::Descriptor stored(image.manifest.media_type, io::digest_of(raw), static_cast<std::int64_t>(raw.size()));
  EXPECT_TRUE(target.push_tagged(stored, raw, tag));
  return stored;
}

TEST_F(BuildTest, AHistoryThatDoesNotCountLayersIsLeftOut) {
  const oci::Descriptor base = make_base("r.example/base", "12", {"linux/amd64"});
  const auto target = book.registry("r.example/base");
  image::Image odd = load(*target, base);
  odd.config.history.push_back(odd.config.history[0]);
  const std::string raw = changed(*target, odd, "odd").digest.str();
  request.destinations = {to_registry("r.example/app", {"v1"})};
  const BuildResult result = must_build(flags([](AdHocRequest& r) { r.base = "r.example/base:odd"; }));
  const image::Image image = load(*book.registry("r.example/app"), result.root);
  EXPECT_EQ(image.config.history.size(), 2u) << "one line for each layer";
  ASSERT_EQ(result.warnings.size(), 1u) << raw;
  EXPECT_THAT(result.warnings[0].message, HasSubstr("has 1 layers, but a history of 2"));
}

TEST_F(BuildTest, APlatformThatIndexAndConfigDisagreeAboutIsTheIndexs) {
  const oci::Descriptor base = make_base("r.example/base", "12", {"linux/amd64"});
  const auto target = book.registry("r.example/base");
  oci::Index index;
  index.media_type = oci::kIndexType;
  index.manifests.push_back(base);
  index.manifests.back().platform = oci::Platform::parse("linux/arm64").value();
  const std::string raw = oci::write_index(index);
  const oci::Descriptor stored(std::string(oci::kIndexType), io::digest_of(raw), static_cast<std::int64_t>(raw.size()));
  ASSERT_TRUE(target->push_tagged(stored, raw, "odd"));
  request.destinations = {to_registry("r.example/app", {"v1"})};
  request.check = false;
  const BuildResult result = must_build(flags([](AdHocRequest& r) {
    r.base = "r.example/base:odd";
    r.platforms = {"linux/arm64"};
  }));
  const image::Image image = load(*book.registry("r.example/app"), result.root);
  EXPECT_EQ(image.config.platform.str(), "linux/arm64");
  ASSERT_GE(result.warnings.size(), 1u);
  EXPECT_THAT(result.warnings[0].message, HasSubstr("for linux/arm64, but the config says linux/amd64"));
}

TEST_F(BuildTest, LayersOfTheOtherFamilyOfMediaTypesAreNamedInTheManifests) {
  const oci::Descriptor base = make_base("r.example/base", "d", {"linux/amd64"}, true);
  const auto target = book.registry("r.example/base");
  image::Image odd = load(*target, base);
  odd.manifest.layers[0].media_type = oci::kLayerGzipType;
  changed(*target, odd, "odd");
  request.destinations = {to_registry("r.example/app", {"v1"})};
  const BuildResult result = must_build(flags([](AdHocRequest& r) { r.base = "r.example/base:odd"; }));
  const image::Image image = load(*book.registry("r.example/app"), result.root);
  for (const auto& layer : image.manifest.layers)
    EXPECT_EQ(layer.media_type, oci::kDockerLayerGzipType);
  ASSERT_EQ(result.warnings.size(), 1u);
  EXPECT_THAT(result.warnings[0].message, HasSubstr("mixes media types of docker and of OCI"));
}

}  // namespace
}  // namespace slipway::builder
