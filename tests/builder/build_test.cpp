#include "slipway/builder/build.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "builder/build_fixture.h"
#include "slipway/base/subprocess.h"
#include "slipway/image/image.h"
#include "slipway/image/lock.h"
#include "slipway/io/hash.h"
#include "slipway/layer/file_capabilities.h"
#include "slipway/layer/layer_reader.h"
#include "slipway/oci/media_type.h"
#include "support/blob_reads.h"
#include "support/temp_dir.h"

namespace slipway::builder {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST_F(BuildTest, AProgramFromScratch) {
  to_layout();
  const BuildResult result = must_build(flags([](AdHocRequest& r) {
    r.env = {"LANG=C.UTF-8"};
    r.user = "65532:65532";
    r.ports = {"8080"};
    r.annotations = {"team=blue"};
  }));
  ASSERT_EQ(result.locations.size(), 1u);
  EXPECT_EQ(result.locations[0].str(), fmt::format("oci:{}:v1@{}", out().native(), result.root.digest.str()));
  const auto layout = *store::LayoutTarget::open(out());
  EXPECT_EQ(layout->resolve(std::string("v1"))->digest, result.root.digest);
  EXPECT_TRUE(layout->validate()->empty());
  const image::Image image = load(*layout, result.root);
  EXPECT_EQ(image.config.platform.str(), "linux/amd64");
  EXPECT_EQ(image.config.created, "1970-01-01T00:00:00Z");
  EXPECT_THAT(image.config.entrypoint, ElementsAre("/usr/bin/hello"));
  EXPECT_THAT(image.config.env, ElementsAre("LANG=C.UTF-8"));
  EXPECT_THAT(image.config.exposed_ports, ElementsAre("8080/tcp"));
  ASSERT_EQ(image.config.history.size(), 1u);
  EXPECT_EQ(image.config.history[0].created_by, "slipway");
  EXPECT_EQ(image.config.history[0].comment, "add");
  EXPECT_EQ(image.manifest.annotations.at("io.slipway.compat"), "1");
  EXPECT_EQ(image.manifest.annotations.at("team"), "blue");
  EXPECT_THAT(names_in(*layout, image.manifest.layers.at(0)), ElementsAre("usr/", "usr/bin/", "usr/bin/hello"));
  EXPECT_FALSE(stdfs::exists(request.state_folder));
}

// The digest of one image, fixed at compatibility level 1: uncompressed, so that no library's version is in it.
TEST_F(BuildTest, WhatItStoresInALayoutIsNotReadBack) {
  to_layout();
  test::BlobReads fs;
  book.fs = &fs;
  must_build(flags());
  EXPECT_EQ(fs.count, 0);
}

TEST_F(BuildTest, GoldenImage) {
  put(dir.path() / "plain", "hello\n", 0755);
  to_layout();
  const BuildResult result = must_build(flags([](AdHocRequest& r) {
    r.adds = {"plain:/usr/bin/hello"};
    r.compression = "none";
    r.platforms = {"linux/amd64"};
  }));
  EXPECT_EQ(result.root.digest.str(), "sha256:4c04357ba6f2a8d5606a69acef7a6ec40d0ae10ebfaa8751896bbb7e97b9f805");
}

TEST_F(BuildTest, SameInputsSameDigest) {
  std::vector<std::string> digests;
  const mode_t before = ::umask(0);
  int round = 0;
  for (const mode_t mask : {mode_t{0022}, mode_t{0077}, mode_t{0002}}) {
    ::umask(mask);
    test::TempDir elsewhere;
    ::setenv("TZ", round == 1 ? "Asia/Tokyo" : "UTC", 1);
    const bool backwards = round++ == 1;
    for (int i = 0; i < 3; ++i) {
      const std::string name = "assets/" + std::string(1, static_cast<char>(backwards ? 'c' - i : 'a' + i));
      stdfs::create_directories(elsewhere.path() / "assets");
      std::ofstream(elsewhere.path() / name) << name;
    }
    AdHocRequest typed;
    typed.adds = {"assets:/srv"};
    typed.platforms = {"linux/amd64"};
    BuildRequest there = request;
    services.threads = static_cast<std::size_t>(round);
    there.state_folder = elsewhere.path() / "state";
    there.destinations = {{oci::Location::layout((elsewhere.path() / "o").native()), {"v"}}};
    const auto result = build_image(*recipe_from_flags(typed, elsewhere.path()), there, services);
    ASSERT_TRUE(result) << result.error().describe();
    digests.push_back(result->root.digest.str());
  }
  ::umask(before);
  EXPECT_EQ(digests[0], digests[1]);
  EXPECT_EQ(digests[0], digests[2]);
}

TEST_F(BuildTest, EpochAndCreated) {
  to_layout();
  request.epoch = 1'000'000'000;
  const auto both = must_build(flags());
  request.created = 1'500'000'000;
  const auto apart = must_build(flags());
  const auto layout = *store::LayoutTarget::open(out());
  EXPECT_EQ(load(*layout, both.root).config.created, "2001-09-09T01:46:40Z");
  EXPECT_EQ(load(*layout, apart.root).config.created, "2017-07-14T02:40:00Z");
  EXPECT_EQ(both.images[0].layers[0].digest, apart.images[0].layers[0].digest);
}

TEST_F(BuildTest, TheSameFilesOverOtherLayersAreAnotherLayer) {
  put(dir.path() / "amd64/usr/lib/x", "x");
  stdfs::create_symlink("usr/lib", dir.path() / "amd64/lib");
  put(dir.path() / "arm64/lib/x", "x");
  put(dir.path() / "f", "same everywhere");
  const Recipe recipe = yaml(R"(app: hello
image:
  platforms: [linux/amd64, linux/arm64]
  layers:
    - {name: root, files: [{from: "{arch}", to: /}]}
    - {name: app, files: [{from: f, to: /lib/f}]}
)");
  to_layout();
  const BuildResult result = must_build(recipe);
  const auto layout = *store::LayoutTarget::open(out());
  EXPECT_THAT(names_in(*layout, result.images[0].layers[1]), ElementsAre("usr/", "usr/lib/", "usr/lib/f"));
  EXPECT_THAT(names_in(*layout, result.images[1].layers[1]), ElementsAre("lib/", "lib/f"));
}

TEST_F(BuildTest, SeveralPlatformsMakeAnIndex) {
  put(dir.path() / "builder/amd64/hello", elf(62), 0755);
  put(dir.path() / "builder/arm64/hello", elf(183), 0755);
  put(dir.path() / "shared", "same everywhere");
  const Recipe recipe = yaml(R"(app: hello
image:
  platforms: [linux/amd64, linux/arm64]
  layers:
    - {name: common, files: [{from: shared, to: /srv/}]}
    - {name: app, files: [{from: "builder/{arch}/hello", to: /usr/bin/hello}]}
)");
  request.destinations = {to_registry("r.example/team/hello", {"v1", "v2"}),
                          {oci::Location::layout(out().native()), {}}};
  request.destinations[0].build_tag = true;
  request.destinations[1].build_tag = true;
  const BuildResult result = must_build(recipe);
  EXPECT_EQ(result.root.media_type, oci::kIndexType);
  ASSERT_EQ(result.images.size(), 2u);
  EXPECT_EQ(result.images[1].platform.str(), "linux/arm64");
  EXPECT_EQ(result.images[0].layers[0].digest, result.images[1].layers[0].digest);
  EXPECT_NE(result.images[0].layers[1].digest, result.images[1].layers[1].digest);
  auto registry = book.registry("r.example/team/hello");
  const std::string build_tag = "build-" + result.root.digest.short_hex();
  EXPECT_THAT(*registry->list_tags(), ElementsAre(build_tag, "v1", "v2"));
  ASSERT_EQ(result.locations.size(), 3u);
  EXPECT_EQ(result.locations[1].tag(), "v2");
  EXPECT_EQ(result.locations[2].tag(), build_tag);
  const auto index = oci::parse_index(registry->fetch_document(result.root.digest)->bytes, oci::kIndexType);
  ASSERT_TRUE(index);
  EXPECT_EQ(index->manifests[1].platform->str(), "linux/arm64");
  EXPECT_EQ(index->annotations.at("io.slipway.compat"), "1");
  EXPECT_TRUE((*store::LayoutTarget::open(out()))->validate()->empty());
  EXPECT_EQ(image::load_image(*registry, result.root, *oci::Platform::parse("linux/arm64"))->descriptor.digest,
            result.images[1].manifest.digest);
}

TEST_F(BuildTest, PlatformWhenNoneIsNamed) {
  to_layout();
  put(dir.path() / "arm", elf(183), 0755);
  put(dir.path() / "script", "no program\n", 0755);
  const auto add = [](const std::string& what) {
    return [what](AdHocRequest& r) { r.adds = {"script:/a", what + ":/b"}; };
  };
  EXPECT_EQ(must_build(flags(add("arm"))).images[0].platform.str(), "linux/arm64");
  const BuildResult host = must_build(flags(add("script")));
  EXPECT_EQ(host.images[0].platform, oci::host_platform());
  ASSERT_EQ(host.warnings.size(), 1u);
  make_base("r.example/base", "s390", {"linux/s390x"});
  const BuildResult base = must_build(flags([](AdHocRequest& r) {
    r.base = "r.example/base:s390";
    r.adds = {"script:/a"};
    r.entrypoint = "/a";
  }));
  EXPECT_EQ(base.images[0].platform.str(), "linux/s390x");
  EXPECT_TRUE(base.warnings.empty());
}

TEST_F(BuildTest, FilesByPatternWithAttributes) {
  to_layout();
  put(dir.path() / "tree/run.sh", "x");
  put(dir.path() / "tree/data/a.map", "x");
  put(dir.path() / "tree/data/a.js", "x");
  put(dir.path() / ".dockerignore", "\xEF\xBB\xBF# comment\n\n**/*.map\r\n  !keep.map \n");
  put(dir.path() / "tree/keep.map", "x");
  const BuildResult result = must_build(yaml(R"(app: a
image:
  platforms: [linux/amd64]
  layers:
    - name: one
      files:
        - {from: tree, to: /srv, exclude: ["*.sh"], ignore-file: .dockerignore}
        - {from: tree, to: /srv, include: ["*.sh"], mode: "0750", owner: "5:6", xattrs: {user.a: b},
           capabilities: cap_net_bind_service+ep}
)"));
  auto layout = store::LayoutTarget::open(out().native());
  auto blob = (*layout)->fetch(result.images[0].layers[0]);
  const auto tar = io::decompressor(*std::move(blob));
  std::vector<std::string> names;
  EXPECT_TRUE(layer::read_tar(*tar, {}, [&](const layer::FileEntry& entry, io::Source&) -> Status {
    names.push_back(layer::tar_name(entry));
    if (entry.path == "srv/run.sh") {
      EXPECT_EQ(entry.mode, 0750u);
      EXPECT_EQ(entry.uid * 10 + entry.gid, 56u);
      EXPECT_EQ(entry.xattrs.at("user.a"), "b");
      EXPECT_EQ(entry.xattrs.at("security.capability"), layer::file_capabilities("cap_net_bind_service+ep").value());
    } else {
      EXPECT_TRUE(entry.xattrs.empty()) << entry.path;
    }
    return {};
  }));
  EXPECT_THAT(names, ElementsAre("srv/", "srv/data/", "srv/data/a.js", "srv/keep.map", "srv/run.sh"));
}

TEST_F(BuildTest, SlipwaysOwnFolderIsNeverPacked) {
  to_layout();
  put(dir.path() / ".slipway/images/blobs/x", "an earlier image");
  put(dir.path() / "tree/.slipway/kept", "of another project");
  put(dir.path() / "tree/app", "x");
  const std::string text =
      "app: a\nimage:\n  platforms: [linux/amd64]\n  layers:\n    - name: one\n      files: [{from: ";
  for (const std::string& from : std::vector<std::string>{".", "./", "tree/..", dir.path().native()}) {
    const BuildResult result = must_build(yaml(text + from + ", to: /srv, exclude: [\"!**/.slipway\"]}]\n"));
    auto layout = store::LayoutTarget::open(out().native());
    const auto tar = io::decompressor(*(*layout)->fetch(result.images[0].layers[0]));
    std::vector<std::string> names;
    EXPECT_TRUE(layer::read_tar(*tar, {}, [&](const layer::FileEntry& entry, io::Source&) -> Status {
      names.push_back(layer::tar_name(entry));
      return {};
    }));
    EXPECT_THAT(names, Contains(testing::EndsWith("tree/.slipway/kept"))) << from;
    EXPECT_THAT(names, Not(Contains(HasSubstr("blobs/x")))) << from;
  }
}

TEST_F(BuildTest, FoldersAndSymlinksAreMadeFromNothing) {
  to_layout();
  put(dir.path() / "same", elf(62), 0755);
  const BuildResult result = must_build(yaml(R"(app: a
image:
  platforms: [linux/amd64]
  layers:
    - name: one
      files:
        - {from: hello, to: /bin/hello}
        - {from: same, to: /bin/hello}
        - {dir: /data/empty, mode: "0750", owner: "999:998"}
        - {link: hello, to: /bin/hi, owner: "5"}
    - name: two
      files:
        - {dir: /data/empty, owner: "7:8"}
)"));
  auto layout = store::LayoutTarget::open(out().native());
  std::vector<std::string> lines;
  for (const oci::Descriptor& layer : result.images[0].layers) {
    const auto tar = io::decompressor(*(*layout)->fetch(layer));
    EXPECT_TRUE(layer::read_tar(*tar, {}, [&](const layer::FileEntry& entry, io::Source&) -> Status {
      lines.push_back(
          fmt::format("{} {:o} {}:{} {}", layer::tar_name(entry), entry.mode, entry.uid, entry.gid, entry.link));
      return {};
    }));
  }
  EXPECT_THAT(lines, ElementsAre("bin/ 755 0:0 ", "bin/hello 755 0:0 ", "bin/hi 777 5:0 hello", "data/ 755 0:0 ",
                                 "data/empty/ 750 999:998 ", "data/ 755 0:0 ", "data/empty/ 750 7:8 "));
}

TEST_F(BuildTest, ALayerOfNoFilesIsLeftOut) {
  stdfs::create_directories(dir.path() / "empty");
  to_layout();
  const BuildResult result = must_build(
      yaml("app: a\nimage:\n  platforms: [linux/amd64]\n  layers:\n    - {name: none, files: [{from: empty, to: /}]}\n"
           "    - {name: one, files: [{from: hello, to: /hello}]}\n"));
  EXPECT_EQ(result.images[0].layers.size(), 1u);
  ASSERT_EQ(result.warnings.size(), 1u);
  EXPECT_THAT(result.warnings[0].describe(), HasSubstr("the layer \"none\" has no files"));
}

TEST_F(BuildTest, SplittingWithoutDebugInformationIsToldOnce) {
  to_layout();
  const BuildResult result =
      must_build(yaml("app: a\nimage:\n  debug: split\n  platforms: [linux/amd64, linux/arm64]\n"
                      "  layers: [{name: one, files: [{from: hello, to: /hello, mode: \"0644\"}]}]\n"));
  ASSERT_EQ(result.warnings.size(), 1u);
  EXPECT_THAT(result.warnings[0].message, HasSubstr("'debug: split' found no debug information"));
}

TEST_F(BuildTest, MistakesInPatternsAndAttributesHaveTheirPlace) {
  const std::string file = (dir.path() / "slipway.yaml").native();
  const auto documents = config::parse_yaml(R"(app: a
image:
  layers:
    - name: one
      files:
        - {from: hello, to: /x, capabilities: cap_fly+ep}
        - {from: hello, to: /y, xattrs: [a]}
        - {from: hello, to: /z, xattrs: {origin: here}}
        - {from: hello, to: /z, xattrs: {trusted.a: b}}
        - {from: hello, to: /z, xattrs: {security.capability: b}, capabilities: cap_net_bind_service+ep}
)",
                                            file);
  Diagnostics diagnostics;
  (void)decode_recipe(documents->front(), file, diagnostics);
  ASSERT_EQ(diagnostics.errors().size(), 5u);
  EXPECT_THAT(diagnostics.errors()[0].describe(), HasSubstr("slipway.yaml:6:"));
  EXPECT_THAT(diagnostics.errors()[0].describe(), HasSubstr("\"cap_fly\" is not a capability"));
  EXPECT_THAT(diagnostics.errors()[1].describe(), HasSubstr("slipway.yaml:7:"));
  EXPECT_THAT(diagnostics.errors()[2].describe(), HasSubstr("\"origin\" is not the name of an extended attribute"));
  EXPECT_THAT(diagnostics.errors()[3].describe(), HasSubstr("\"trusted.a\" is an attribute that only root's"));
  EXPECT_THAT(diagnostics.errors()[4].describe(), HasSubstr("slipway.yaml:10:"));
  to_layout();
  EXPECT_THAT(must_fail(yaml("app: a\nimage:\n  platforms: [linux/amd64]\n  layers:\n    - name: one\n      files:\n"
                             "        - {from: hello, to: /x, ignore-file: nowhere}\n"),
                        Errc::invalid_argument)
                  .describe(),
              HasSubstr("slipway.yaml:7:"));
}

TEST_F(BuildTest, MistakesComeAllAtOnceBeforeAnyNetwork) {
  to_layout();
  const Recipe recipe = yaml(R"(app: a
image:
  base: r.example/nowhere:1
  platforms: [linux/amd64, linux/arm64]
  layers:
    - {name: one, closure: [x], sysroot: /s}
    - {name: two, archive: a.tar}
    - name: three
      files:
        - {from: missing, to: /x}
        - {from: "{arch}/missing", to: /y}
)");
  const Error error = must_fail(recipe, Errc::invalid_argument);
  const std::string text = error.describe();
  for (const char* part :
       {"slipway.yaml:6:", "/x does not exist", "/s does not exist", "a.tar does not exist",
        "slipway.yaml:10:", "slipway.yaml:11:", "amd64/missing does not exist", "arm64/missing does not exist"}) {
    EXPECT_THAT(text, HasSubstr(part));
  }
  EXPECT_EQ(error.causes.size(), 6u) << text;
  EXPECT_EQ(book.reads, 0);
  EXPECT_FALSE(stdfs::exists(out()));
}

TEST_F(BuildTest, PathsWithPlaceholdersNeedAPlatform) {
  to_layout();
  Recipe recipe = flags([](AdHocRequest& r) { r.adds = {"hello:/x"}; });
  const auto why = [&] { return must_fail(recipe, Errc::invalid_argument).describe(); };
  recipe.layers[0].files[0].from.text = "{arch}/hello";
  EXPECT_THAT(why(), HasSubstr("--platform"));
  recipe.layers[0].files[0].from.text = "hello";
  recipe.layers[0].files[0].ignore_file = Placed{"{arch}.ignore", {}};
  EXPECT_THAT(why(), HasSubstr("--platform"));
  recipe.layers[0].files[0].ignore_file.reset();
  recipe.layers[0].dlopen = {{"lib{arch}.so", {}}};
  EXPECT_THAT(why(), HasSubstr("--platform"));
}

TEST_F(BuildTest, NothingAtAllIsNoImage) {
  to_layout();
  EXPECT_THAT(must_fail(flags([](AdHocRequest& r) { r.adds = {}; }), Errc::invalid_argument).describe(),
              HasSubstr("no layer"));
}

TEST_F(BuildTest, DryRunWritesNothingAndSaysTheSame) {
  to_layout();
  request.dry_run = true;
  const BuildResult dry = must_build(flags());
  EXPECT_FALSE(stdfs::exists(out()));
  EXPECT_FALSE(stdfs::exists(request.state_folder));
  request.dry_run = false;
  const BuildResult wet = must_build(flags());
  EXPECT_EQ(dry.root.digest, wet.root.digest);
  EXPECT_EQ(dry.locations[0].str(), wet.locations[0].str());
}

TEST_F(BuildTest, AnUnreadableFileFailsAndTagsNothing) {
  /// Opens fail for one file: permission bits do not stop root, who may run the tests.
  class NoEntry final : public FileSystem {
   public:
    Result<std::unique_ptr<File>> open(const stdfs::path& path, bool follow) override {
      if (path.filename() == "secret") return fail(Errc::failed, "cannot open {}: permission denied", path.native());
      return real_fs().open(path, follow);
    }
    Result<std::unique_ptr<File>> create(const stdfs::path& p, std::uint32_t m) override {
      return real_fs().create(p, m);
    }
    Status rename(const stdfs::path& a, const stdfs::path& b) override { return real_fs().rename(a, b); }
    Status remove(const stdfs::path& p) override { return real_fs().remove(p); }
    Status make_directories(const stdfs::path& p, std::uint32_t m) override { return real_fs().make_directories(p, m); }
    Status sync_directory(const stdfs::path& p) override { return real_fs().sync_directory(p); }
    Result<FileStat> stat(const stdfs::path& p, bool follow) override { return real_fs().stat(p, follow); }
    Result<std::vector<std::string>> list(const stdfs::path& p) override { return real_fs().list(p); }
    Result<std::string> read_link(const stdfs::path& p) override { return real_fs().read_link(p); }
    Result<std::unique_ptr<FileLock>> lock(const stdfs::path& p) override { return real_fs().lock(p); }
  };
  put(dir.path() / "secret", "x");
  NoEntry fs;
  to_layout();
  const auto result = build_image(flags([](AdHocRequest& r) {
                                    r.adds = {"hello:/a", "secret:/b"};
                                  }),
                                  request, {fs, book});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Errc::failed);
  EXPECT_THAT(result.error().describe(), HasSubstr("secret"));
  const auto layout = store::LayoutTarget::open(out());
  if (layout) {
    EXPECT_TRUE((*layout)->list_tags()->empty());
  }
}

TEST_F(BuildTest, StopsWhenAsked) {
  to_layout();
  std::stop_source stop;
  stop.request_stop();
  services.stop = stop.get_token();
  must_fail(flags(), Errc::cancelled);
}

TEST_F(BuildTest, GitSaysWhereItCameFrom) {
  const auto git = [this](std::vector<std::string> words) {
    Command command;
    command.argv = {"git", "-C", dir.path().native(), "-c", "user.name=t", "-c", "user.email=t@example.com"};
    command.argv.insert(command.argv.end(), words.begin(), words.end());
    command.extra_env = {{"GIT_COMMITTER_DATE", "1234567890 +0000"}, {"GIT_AUTHOR_DATE", "1234567890 +0000"}};
    const auto result = run_command(command);
    EXPECT_TRUE(result);
    EXPECT_EQ(result->status, 0) << result->err;
    return result->out;
  };
  const Recipe recipe = yaml("app: a\nimage: {source: git, layers: [{name: x, files: [{from: hello, to: /x}]}]}\n");
  to_layout();
  EXPECT_THAT(must_fail(recipe, Errc::invalid_argument).describe(), HasSubstr("git"));
  git({"init", "-q"});
  git({"remote", "add", "origin", "https://me:secret@git.example.com/team/hello.git"});
  git({"add", "hello"});
  git({"commit", "-q", "-m", "first"});
  const std::string revision = git({"rev-parse", "HEAD"}).substr(0, 40);
  request.created_from_git = true;
  const BuildResult clean = must_build(recipe);
  EXPECT_EQ(clean.annotations.at("org.opencontainers.image.revision"), revision);
  EXPECT_EQ(clean.annotations.at("org.opencontainers.image.source"), "https://git.example.com/team/hello.git");
  EXPECT_EQ(clean.annotations.at("io.slipway.source.dirty"), "false");
  EXPECT_EQ(load(**store::LayoutTarget::open(out()), clean.root).config.created, "2009-02-13T23:31:30Z");
  put(dir.path() / "hello", elf(62) + "changed", 0755);
  EXPECT_EQ(must_build(recipe).annotations.at("io.slipway.source.dirty"), "true");
}

}  // namespace
}  // namespace slipway::builder
