#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "builder/place_book.h"
#include "slipway/builder/build.h"
#include "slipway/image/image.h"
#include "slipway/io/hash.h"
#include "slipway/layer/layer_reader.h"
#include "slipway/oci/media_type.h"
#include "support/blob_reads.h"
#include "support/temp_dir.h"

namespace slipway::builder {

inline void put(const stdfs::path& file, std::string_view text, mode_t mode = 0644) {
  stdfs::create_directories(file.parent_path());
  std::ofstream(file, std::ios::binary) << text;
  ::chmod(file.c_str(), mode);
}

/// The first 20 bytes of an ELF program for a machine, and something after them.
inline std::string elf(unsigned char machine, unsigned char bits = 2) {
  std::string bytes(
      "\x7f"
      "ELF",
      4);
  bytes += std::string{static_cast<char>(bits), 1, 1};
  bytes.resize(16, '\0');
  bytes += std::string{2, 0, static_cast<char>(machine), 0};
  return bytes + "the program";
}

class BuildTest : public ::testing::Test {
 protected:
  void SetUp() override {
    request.state_folder = dir.path() / ".slipway";
    put(dir.path() / "hello", elf(62), 0755);
  }
  stdfs::path out() const { return dir.path() / "out"; }
  void to_layout(const std::string& tag = "v1") {
    request.destinations = {{oci::Location::layout(out().native()), {tag}}};
  }
  Destination to_registry(const std::string& place, std::vector<std::string> tags) {
    return {*oci::Location::parse(place), std::move(tags)};
  }
  Recipe flags(const std::function<void(AdHocRequest&)>& change = {}) {
    AdHocRequest typed;
    typed.adds = {"hello:/usr/bin/hello:0755"};
    typed.entrypoint = "/usr/bin/hello";
    if (change) change(typed);
    const bool has_hello = std::any_of(typed.adds.begin(), typed.adds.end(),
                                       [](const std::string& add) { return add.find("/usr/bin/hello") != add.npos; });
    if (typed.entrypoint == "/usr/bin/hello" && !has_hello) typed.entrypoint.reset();
    auto recipe = recipe_from_flags(typed, dir.path());
    EXPECT_TRUE(recipe) << recipe.error().describe();
    return *recipe;
  }
  Recipe yaml(const std::string& text) {
    const std::string file = (dir.path() / "slipway.yaml").native();
    const auto documents = config::parse_yaml(text, file);
    EXPECT_TRUE(documents) << documents.error().describe();
    Diagnostics diagnostics;
    Recipe recipe = decode_recipe(documents->front(), file, diagnostics);
    EXPECT_FALSE(diagnostics.has_errors()) << diagnostics.errors().front().describe();
    return recipe;
  }
  Result<BuildResult> build(const Recipe& recipe) { return build_image(recipe, request, services); }
  BuildResult must_build(const Recipe& recipe) {
    auto result = build(recipe);
    EXPECT_TRUE(result) << result.error().describe();
    if (!result) std::abort();
    return *std::move(result);
  }
  image::Image load(store::ReadTarget& target, const oci::Descriptor& manifest) {
    auto image = image::load_manifest(target, manifest);
    EXPECT_TRUE(image) << image.error().describe();
    if (!image) std::abort();
    return *std::move(image);
  }
  Error must_fail(const Recipe& recipe, Errc code) {
    const auto result = build(recipe);
    EXPECT_FALSE(result);
    if (result) return {};
    EXPECT_EQ(result.error().code, code) << result.error().describe();
    return result.error();
  }
  std::vector<std::string> names_in(store::ReadTarget& target, const oci::Descriptor& layer) {
    std::vector<std::string> names;
    auto blob = target.fetch(layer);
    EXPECT_TRUE(blob);
    const auto tar = io::decompressor(*std::move(blob));
    EXPECT_TRUE(layer::read_tar(*tar, {}, [&](const layer::FileEntry& entry, io::Source&) -> Status {
      names.push_back(layer::tar_name(entry));
      return {};
    }));
    return names;
  }
  /// Puts a base image with one foreign-looking layer into a registry.
  oci::Descriptor make_base(const std::string& place, const std::string& tag, std::vector<std::string> platforms,
                            bool docker = false) {
    Recipe recipe = flags([&](AdHocRequest& r) {
      r.adds = {"basefile:/etc/base"};
      r.env = {"PATH=/bin", "A=base"};
      r.cmd = R"(["basecmd"])";
      r.labels = {"from=base"};
      r.platforms = std::move(platforms);
    });
    put(dir.path() / "basefile", "base");
    BuildRequest base;
    base.state_folder = dir.path() / "base-state";
    base.destinations = {to_registry(place, {tag})};
    base.check = false;  // its program is nowhere
    auto built = build_image(recipe, base, services);
    EXPECT_TRUE(built) << built.error().describe();
    return docker ? as_docker(place, tag, built->root) : built->root;
  }
  oci::Descriptor as_docker(const std::string& place, const std::string& tag, const oci::Descriptor& root) {
    auto target = book.registry(place);
    image::Image image = load(*target, root);
    image.manifest.media_type = oci::kDockerManifestType;
    image.manifest.config.media_type = oci::kDockerConfigType;
    image.manifest.annotations.clear();
    for (auto& layer : image.manifest.layers)
      layer.media_type = oci::kDockerLayerGzipType;
    const std::string raw = oci::write_manifest(image.manifest);
    const oci::Descriptor stored(std::string(oci::kDockerManifestType), io::digest_of(raw),
                                 static_cast<std::int64_t>(raw.size()));
    EXPECT_TRUE(target->push_tagged(stored, raw, tag));
    return stored;
  }

  test::TempDir dir;
  PlaceBook book;
  BuildRequest request;
  BuildServices services{real_fs(), book};
};

}  // namespace slipway::builder
