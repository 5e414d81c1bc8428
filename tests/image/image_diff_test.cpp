#include "slipway/image/image_diff.h"

#include <gmock/gmock.h>

#include "image/layered_image.h"
#include "support/temp_dir.h"

namespace slipway::image {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// "part[layer]path field: a -> b"
std::string text(const Difference& d) {
  constexpr const char* kParts[] = {"manifest", "annotation", "config", "layer", "file"};
  return fmt::format("{}[{}]{} {}: {} -> {}", kParts[static_cast<int>(d.part)], d.layer, d.path, d.field,
                     d.a.value_or("-"), d.b.value_or("-"));
}

class ImageDiffTest : public ::testing::Test {
 protected:
  std::vector<std::string> diff(const Image& a, const Image& b) {
    std::vector<std::string> out;
    const Status done = compare(a, b, {}, out);
    EXPECT_TRUE(done) << done.error().describe();
    return out;
  }
  Status compare(const Image& a, const Image& b, const layer::SpillPlace& spill, std::vector<std::string>& out) {
    const auto visit = [&out](const Difference& difference) -> Status {
      out.push_back(text(difference));
      return {};
    };
    return compare_images({images.store, a}, {images.store, b}, visit, {}, spill);
  }
  std::vector<std::string> diff(const LayerEntries& a, const LayerEntries& b) {
    return diff(images.make({a}), images.make({b}));
  }
  /// The differences when only the config differs.
  std::vector<std::string> configs(const std::function<void(oci::ImageConfig&)>& a,
                                   const std::function<void(oci::ImageConfig&)>& b) {
    return diff(images.make({{file("a", "1")}}, a), images.make({{file("a", "1")}}, b));
  }
  static std::string sha(const std::string& bytes) { return io::digest_of(bytes).str(); }
  LayeredImages images;
};

TEST_F(ImageDiffTest, TheSameImageHasNoDifference) { EXPECT_THAT(diff({file("a", "1")}, {file("a", "1")}), IsEmpty()); }

TEST_F(ImageDiffTest, EveryHeaderFieldIsNamed) {
  layer::FileEntry a = file("a", "1"), b = file("a", "1", 0755);
  b.uid = 5;
  b.mtime = 60;
  b.xattrs["user.x"] = "y";
  EXPECT_THAT(diff({a}, {b}),
              ElementsAre("file[1]a mode: 0644 -> 0755", "file[1]a mtime: 1970-01-01T00:00:00Z -> 1970-01-01T00:01:00Z",
                          "file[1]a owner: 0:0 -> 5:0", "file[1]a xattr user.x: - -> eQ=="));
  EXPECT_THAT(diff({file("a", "1")}, {file("a", "22")}),
              ElementsAre("file[1]a content: " + sha("1") + " -> " + sha("22"), "file[1]a size: 1 -> 2"));
  EXPECT_THAT(diff({symlink("a", "x")}, {symlink("a", "y")}), ElementsAre("file[1]a link: x -> y"));
  EXPECT_THAT(diff({file("a", "")}, {symlink("a", "y")}),
              ElementsAre("file[1]a content: " + sha("") + " -> -", "file[1]a link: - -> y",
                          "file[1]a mode: 0644 -> 0777", "file[1]a size: 0 -> -", "file[1]a type: file -> symlink"));
  layer::FileEntry device = other(layer::EntryType::char_device, "d"),
                   block = other(layer::EntryType::block_device, "d");
  device.device_major = block.device_major = 1;
  EXPECT_THAT(diff({device}, {block}), ElementsAre("file[1]d device: c 1:0 -> b 1:0"));
}

TEST_F(ImageDiffTest, FilesOfOneSideAndTheirOrder) {
  EXPECT_THAT(diff({file("a", "1"), folder("b")}, {file("c", "333"), folder("b")}),
              ElementsAre("file[1]c : - -> file, 3 bytes", "file[1]a : file, 1 bytes -> -"));
  EXPECT_THAT(diff({file("a", "1"), file("b", "2")}, {file("b", "2"), file("a", "1")}),
              ElementsAre("file[1]a order: later in the tar -> earlier in the tar"));
  EXPECT_THAT(diff({whiteout("a")}, {file("a", "")}),
              ElementsAre("file[1]a : - -> file, 0 bytes", "file[1].wh.a : whiteout -> -"));
}

/// Entries under names in order, of which every hundredth differs between two sides.
LayerEntries many_entries(const std::string& content) {
  LayerEntries entries;
  for (int i = 0; i < 2000; ++i)
    entries.push_back(file(fmt::format("{:04}", i), i % 100 == 0 ? content : "same"));
  return entries;
}

TEST_F(ImageDiffTest, EntriesBeyondTheMemoryGoToTheDiskAndChangeNothing) {
  LayerEntries of_a = many_entries("1"), of_b = many_entries("2");
  of_a.push_back(file("a", "only here"));
  of_b.push_back(file("0007", "same"));  // a second time
  std::swap(of_b[3], of_b[4]);
  const Image a = images.make({of_a}), b = images.make({of_b});
  const auto in_memory = diff(a, b);
  ASSERT_EQ(in_memory.size(), 23u);  // content of 20 entries, one entry on each side only, an order
  const test::TempDir dir;
  std::vector<std::string> spilled, ignored;
  const Status done = compare(a, b, {&real_fs(), dir.path(), 32u << 10}, spilled);
  ASSERT_TRUE(done) << done.error().describe();
  EXPECT_EQ(spilled, in_memory);
  const layer::SpillPlace missing{&real_fs(), dir.path() / "missing", 32u << 10};
  EXPECT_FALSE(compare(a, b, missing, ignored));  // so the first one did spill
}

TEST_F(ImageDiffTest, AVisitorThatFailsEndsTheComparison) {
  const Image a = images.make({{file("a", "1"), file("b", "1")}}), b = images.make({{file("a", "2"), file("b", "2")}});
  int visits = 0;
  const auto visit = [&visits](const Difference&) -> Status {
    ++visits;
    return fail(Errc::failed, "no more");
  };
  const Status done = compare_images({images.store, a}, {images.store, b}, visit);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().message, "no more");
  EXPECT_EQ(visits, 1);
}

TEST_F(ImageDiffTest, VeryManyLayersArePairedInLinearTimeAndMemory) {
  Image a = images.make({{file("a", "1")}}), b = a;
  b.descriptor.digest = io::digest_of("another image");
  const oci::Descriptor of_one = a.manifest.layers[0];
  const auto fill = [&of_one](Image& image, std::size_t first, std::size_t count) {
    image.config.diff_ids.clear();
    image.manifest.layers.clear();
    for (std::size_t i = first; i < first + count; ++i) {
      image.config.diff_ids.push_back(io::digest_of(std::to_string(i)));
      oci::Descriptor layer = of_one;
      layer.digest = image.config.diff_ids.back();
      image.manifest.layers.push_back(std::move(layer));
    }
  };
  constexpr std::size_t kCount = 20'000;  // 800 MB in a table of pairs
  fill(a, 0, kCount);
  fill(b, 1, kCount);
  b.config.diff_ids.back() = a.config.diff_ids.front();  // so that the two lists have the same layers
  b.manifest.layers.back() = a.manifest.layers.front();
  EXPECT_THAT(diff(a, b), ElementsAre("layer[20000] order: layer 1 -> layer 20000"));
}

/// A tar of one file whose header was changed.
std::string with_header(const std::function<void(std::string&)>& change) {
  std::string tar = tar_of({file("a", "1")});
  change(tar);
  tar.replace(148, 8, "        ");
  unsigned sum = 0;
  for (std::size_t i = 0; i < 512; ++i)
    sum += static_cast<unsigned char>(tar[i]);
  tar.replace(148, 7, fmt::format("{:06o}", sum) + '\0');
  return tar;
}

TEST_F(ImageDiffTest, TarsThatOnlyAnotherWriterTellsApart) {
  const Image a = images.make({{file("a", "1")}});
  const auto image_of = [&](const std::string& tar) {
    oci::ImageConfig config = a.config;
    config.diff_ids = {io::digest_of(tar)};
    oci::Manifest manifest = a.manifest;
    manifest.layers = {images.push(oci::kLayerType, tar)};
    manifest.config = images.push(oci::kConfigType, config.serialize());
    return *load_manifest(images.store, images.push(oci::kManifestType, oci::write_manifest(manifest)));
  };
  EXPECT_THAT(diff(a, image_of(tar_of({file("a", "1")}) + std::string(10240 - 2048, '\0'))),
              ElementsAre("layer[1] tar end of the archive: 1024 bytes -> 9216 bytes"));
  EXPECT_THAT(diff(a, image_of(with_header([](std::string& tar) { tar.replace(265, 4, "root"); }))),
              ElementsAre("file[1]a tar uname: \"\" -> \"root\""));
  EXPECT_THAT(
      diff(a, image_of(with_header([](std::string& tar) { tar.replace(257, 8, std::string("ustar  \0", 8)); }))),
      Contains(HasSubstr("file[1]a tar magic:")));
  // A pax header that says what the header says already.
  std::string pax = tar_of({file("a", "1")}).substr(0, 512);
  pax[156] = 'x';
  pax.replace(124, 12, std::string("00000000022\0", 12));
  pax = with_header([&](std::string& tar) { tar = pax; });
  pax += std::string("18 atime=123456.5\n") + std::string(512 - 18, '\0');
  EXPECT_THAT(diff(a, image_of(pax + tar_of({file("a", "1")}))),
              ElementsAre("file[1]a tar pax atime: none -> \"123456.5\""));
}

TEST_F(ImageDiffTest, TheSameLayerCompressedOtherwise) {
  const Image a = images.make({{file("a", "1")}});
  images.compressed = true;
  const auto found = diff(a, images.make({{file("a", "1")}}));
  ASSERT_EQ(found.size(), 1u);
  EXPECT_THAT(found[0], HasSubstr("layer[1] compression: application/vnd.oci.image.layer.v1.tar sha256:"));
  EXPECT_THAT(found[0], HasSubstr("(not compressed) -> application/vnd.oci.image.layer.v1.tar+gzip sha256:"));
  EXPECT_THAT(found[0], HasSubstr("bytes (gzip"));
}

TEST_F(ImageDiffTest, LayersArePairedByContentThenNameThenPlace) {
  const LayerEntries one{file("a", "1")}, two{file("b", "2")}, three{file("c", "3")};
  EXPECT_THAT(diff(images.make({one, two}), images.make({one, three, two})),
              ElementsAre(HasSubstr("layer[2] : - -> application/vnd.oci.image.layer.v1.tar sha256:")));
  EXPECT_THAT(diff(images.make({one, two, three}), images.make({one, three})), ElementsAre(HasSubstr("layer[2] : ")));
  EXPECT_THAT(diff(images.make({one, two}), images.make({two, one})), ElementsAre(HasSubstr("order: layer ")));
  const auto named = [](std::vector<std::string> names) {
    return [names](oci::ImageConfig& config) {
      for (const std::string& name : names)
        config.history.push_back({{}, {}, {}, name, false, {}});
    };
  };
  const auto found = diff(images.make({one, two}, named({"app", "data"})),
                          images.make({three, {file("b", "22")}, one}, named({"new", "data", "app"})));
  EXPECT_THAT(found, ::testing::Contains("file[2 (data)]b size: 1 -> 2"));
  EXPECT_THAT(found, ::testing::Contains(HasSubstr("layer[1 (new)] : - -> ")));
}

TEST_F(ImageDiffTest, ConfigKeyByKey) {
  EXPECT_THAT(configs(
                  [](auto& c) {
                    c.env = {"A=1", "B=2"};
                  },
                  [](auto& c) {
                    c.env = {"A=1", "B=3", "C="};
                  }),
              ElementsAre("config[]config.Env.B : 2 -> 3", "config[]config.Env.C : - -> "));
  EXPECT_THAT(configs(
                  [](auto& c) {
                    c.env = {"A=1", "B=2"};
                  },
                  [](auto& c) {
                    c.env = {"B=2", "A=1"};
                  }),
              ElementsAre("config[]config.Env order: A B -> B A"));
  EXPECT_THAT(configs([](auto& c) { c.entrypoint = {"/a"}; },
                      [](auto& c) {
                        c.entrypoint = {"/a", "b"};
                      }),
              ElementsAre(R"(config[]config.Entrypoint : ["/a"] -> ["/a","b"])"));
  EXPECT_THAT(configs([](auto& c) { c.created = "1970-01-01T00:00:00Z"; }, [](auto& c) { c.labels["k"] = "v"; }),
              ElementsAre("config[]created : 1970-01-01T00:00:00Z -> -", "config[]config.Labels.k : - -> v"));
  const auto history = [](const char* by) {
    return [by](oci::ImageConfig& c) { c.history.push_back({{}, by, {}, {}, false, {}}); };
  };
  EXPECT_THAT(configs(history("x"), history("y")), ElementsAre("config[]history.1.created_by : x -> y"));
}

TEST_F(ImageDiffTest, SameMeaningOtherBytes) {
  const Image a = images.make({{file("a", "1")}});
  oci::Manifest manifest = a.manifest;
  manifest.config = images.push(oci::kConfigType, a.raw_config + "\n");
  const Image b = *load_manifest(images.store, images.push(oci::kManifestType, oci::write_manifest(manifest)));
  EXPECT_THAT(diff(a, b), ElementsAre(HasSubstr("config[] encoding: sha256:")));
  const Image c = *load_manifest(images.store, images.push(oci::kManifestType, a.manifest.raw + " "));
  EXPECT_THAT(diff(a, c), ElementsAre(HasSubstr("manifest[] encoding: sha256:")));
}

TEST_F(ImageDiffTest, Annotations) {
  const LayerEntries layer{file("a", "1")};
  EXPECT_THAT(diff(images.make({layer}, {}, {{"k", "1"}, {"only", "a"}}), images.make({layer}, {}, {{"k", "2"}})),
              ElementsAre("annotation[]k : 1 -> 2", "annotation[]only : a -> -"));
}

TEST_F(ImageDiffTest, WhatMustMove) {
  const LayerEntries base{file("base", std::string(5000, 'x'))};
  const Image a = images.make({base, {file("a", "1")}}), b = images.make({base, {file("a", "22")}});
  const TransferCost same = transfer_cost({a}, {a});
  EXPECT_EQ(same.bytes, 0);
  EXPECT_EQ(same.blobs, 0);
  const TransferCost cost = transfer_cost({a}, {b});
  EXPECT_EQ(cost.blobs, 3);  // layer, config, manifest
  EXPECT_EQ(cost.bytes, b.manifest.layers[1].size + b.manifest.config.size + b.descriptor.size);
  EXPECT_EQ(cost.shared_bytes, b.manifest.layers[0].size);
  EXPECT_EQ(transfer_cost({}, {b, b}).bytes, cost.bytes + cost.shared_bytes);
}

TEST_F(ImageDiffTest, ALayerThatCannotBeReadIsAnError) {
  const Image a = images.make({{file("a", "1")}});
  Image b = images.make({{file("a", "2")}});
  b.config.diff_ids[0] = io::digest_of("another");
  std::vector<std::string> found;
  const Status done = compare(a, b, {}, found);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, Errc::verification_failed);
}

}  // namespace
}  // namespace slipway::image
