#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "builder/layer_stack.h"
#include "builder/place_book.h"
#include "slipway/base/forwarding_fs.h"
#include "slipway/builder/build.h"
#include "slipway/builder/reproducibility.h"
#include "slipway/layer/file_tree_builder.h"
#include "slipway/layer/layer_reader.h"
#include "support/temp_dir.h"

namespace slipway::builder {
namespace {

using layer::EntryType;
using layer::FileEntry;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

/// Layers over a base that looks like Debian's: /lib and /bin are symlinks into /usr, /tmp is sticky.
class OverBase : public ::testing::Test {
 protected:
  void SetUp() override {
    request.state_folder = dir.path() / ".slipway";
    put("root/usr/lib/libc.so", "libc");
    put("root/usr/bin/sh", "shell");
    put("root/usr/share/doc/readme", "long");
    put("root/etc/passwd", "root");
    put("root/opt/app/data", "data");
    stdfs::create_directories(at("root/tmp"));
    stdfs::create_directories(at("root/var/empty"));
    stdfs::create_directory_symlink("usr/lib", at("root/lib"));
    stdfs::create_directory_symlink("/usr/bin", at("root/bin"));
    stdfs::create_directory_symlink("app", at("root/opt/current"));
    ::chmod(at("root/tmp").c_str(), 01777);
    ::chmod(at("root/var/empty").c_str(), 0711);
    put("lib/libx.so", "x");
    put("tool", "tool", 0755);
    base =
        build("base", "  base: scratch\n  modes: keep\n  layers:\n    - {name: root, files: [{from: root, to: /}]}\n");
  }
  stdfs::path at(const std::string& name) const { return dir.path() / name; }
  void put(const std::string& name, std::string_view text, mode_t mode = 0644) {
    stdfs::create_directories(at(name).parent_path());
    std::ofstream(at(name), std::ios::binary) << text;
    ::chmod(at(name).c_str(), mode);
  }
  Result<BuildResult> try_build(const std::string& name, const std::string& image) {
    const std::string file = at("slipway.yaml").native();
    const auto documents = config::parse_yaml("app: a\nimage:\n  platforms: [linux/amd64]\n" + image, file);
    EXPECT_TRUE(documents) << documents.error().describe();
    Diagnostics diagnostics;
    const Recipe recipe = decode_recipe(documents->front(), file, diagnostics);
    if (diagnostics.has_errors()) return fail(diagnostics.errors().front());
    request.destinations = {{oci::Location::layout(at(name).native()), {"v1"}}};
    return build_image(recipe, request, services);
  }
  BuildResult build(const std::string& name, const std::string& image) {
    auto built = try_build(name, image);
    EXPECT_TRUE(built) << built.error().describe();
    if (!built) std::abort();
    return *std::move(built);
  }
  /// Builds layers over the base and returns the entries of the last one.
  std::vector<FileEntry> over(const std::string& layers) {
    const BuildResult built = build("app", "  base: oci:base:v1\n  layers:\n" + layers);
    const auto layout = *store::LayoutTarget::open(at("app"));
    const auto image = image::load_manifest(*layout, built.root);
    std::vector<FileEntry> entries;
    const auto keep = [&entries](const FileEntry& entry, io::Source&) -> Status {
      entries.push_back(entry);
      return {};
    };
    EXPECT_TRUE(image::read_layer(*layout, *image, image->manifest.layers.size() - 1, keep));
    return entries;
  }
  std::vector<std::string> names(const std::string& layers) {
    std::vector<std::string> out;
    for (const FileEntry& entry : over(layers))
      out.push_back(layer::tar_name(entry));
    return out;
  }
  Error refused(const std::string& layers) {
    const auto built = try_build("app", "  base: oci:base:v1\n  layers:\n" + layers);
    EXPECT_FALSE(built) << layers;
    if (built) return {};
    EXPECT_EQ(built.error().code, Errc::invalid_argument) << built.error().describe();
    return built.error();
  }
  static FileEntry find(const std::vector<FileEntry>& entries, const std::string& path) {
    for (const FileEntry& entry : entries) {
      if (entry.path == path) return entry;
    }
    ADD_FAILURE() << path;
    return {};
  }

  test::TempDir dir;
  PlaceBook book;
  BuildRequest request;
  BuildServices services{real_fs(), book};
  std::optional<BuildResult> base;
};

TEST_F(OverBase, PathsFollowTheBasesSymlinks) {
  EXPECT_THAT(names("    - {name: a, files: [{from: lib, to: /lib}, {from: tool, to: /bin/tool}]}\n"),
              ElementsAre("usr/", "usr/bin/", "usr/bin/tool", "usr/lib/", "usr/lib/libx.so"));
  EXPECT_THAT(names("    - {name: a, files: [{from: tool, to: /opt/current/tool}]}\n"),
              ElementsAre("opt/", "opt/app/", "opt/app/tool"));
}

TEST_F(OverBase, ParentsAreAsTheBaseHasThem) {
  const auto entries =
      over("    - {name: a, files: [{from: tool, to: /tmp/tool}, {from: tool, to: /var/empty/new/tool}]}\n");
  EXPECT_EQ(find(entries, "tmp").mode, 01777u);
  EXPECT_EQ(find(entries, "var/empty").mode, 0711u);
  EXPECT_EQ(find(entries, "var/empty/new").mode, 0755u);
  EXPECT_EQ(find(entries, "var").mode, 0755u);
}

TEST_F(OverBase, NothingBecomesAnotherTypeUnlessAsked) {
  const Error file = refused("    - {name: a, files: [{from: lib, to: /etc/passwd/}]}\n");
  EXPECT_THAT(file.describe(), HasSubstr("slipway.yaml:6:"));
  EXPECT_THAT(file.describe(), HasSubstr("/etc/passwd would be a folder, but the base has a file there"));
  EXPECT_THAT(file.describe(), HasSubstr("replace: true"));
  refused("    - {name: a, files: [{from: tool, to: /opt/app}]}\n");
  EXPECT_THAT(names("    - {name: a, files: [{from: lib, to: /etc/passwd, replace: true}]}\n"),
              ElementsAre("etc/", "etc/passwd/", "etc/passwd/libx.so"));
  EXPECT_THAT(names("    - {name: a, files: [{from: tool, to: /opt/app, replace: true}]}\n"),
              ElementsAre("opt/", "opt/app"));
}

TEST_F(OverBase, OnlyWhatIsThereCanBeRemoved) {
  EXPECT_THAT(names("    - {name: a, remove: [/usr/share/doc, /lib/libc.so]}\n"),
              ElementsAre("usr/", "usr/lib/", "usr/lib/.wh.libc.so", "usr/share/", "usr/share/.wh.doc"));
  const Error error = refused("    - {name: a, remove: [/usr/share/man]}\n");
  EXPECT_THAT(error.describe(), HasSubstr("/usr/share/man cannot be removed: the base does not have it"));
  EXPECT_THAT(error.describe(), HasSubstr("slipway.yaml:6:"));
}

TEST_F(OverBase, LayersSeeTheLayersBelow) {
  stdfs::create_directories(at("links"));
  stdfs::create_directory_symlink("/opt/app", at("links/srv"));
  const std::string links = "    - {name: l, files: [{from: links, to: /}]}\n";
  EXPECT_THAT(names(links + "    - {name: a, files: [{from: tool, to: /srv/tool}]}\n"),
              ElementsAre("opt/", "opt/app/", "opt/app/tool"));
  const std::string cut = "    - {name: cut, remove: [/etc/passwd, /usr/share, /lib]}\n";
  EXPECT_THAT(names(cut + "    - {name: a, files: [{from: lib, to: /etc/passwd}, {from: lib, to: /lib}]}\n"),
              ElementsAre("etc/", "etc/passwd/", "etc/passwd/libx.so", "lib/", "lib/libx.so"));
  EXPECT_THAT(refused(cut + "    - {name: a, remove: [/usr/share/doc]}\n").describe(), HasSubstr("cannot be removed"));
  const std::string tool = "    - {name: t, files: [{from: tool, to: /srv, mode: '0700'}]}\n";
  EXPECT_THAT(names(tool + "    - {name: a, remove: [/srv]}\n"), ElementsAre(".wh.srv"));
  EXPECT_THAT(refused(tool + "    - {name: a, files: [{from: tool, to: /srv/x}]}\n").describe(),
              HasSubstr("/srv would be a folder, but the base has a file there"));
}

TEST_F(OverBase, WithoutABaseLayersSeeEachOtherToo) {
  stdfs::create_directories(at("links/usr/lib"));
  stdfs::create_directory_symlink("usr/lib", at("links/lib"));
  ::chmod(at("links/usr/lib").c_str(), 0700);
  const BuildResult built = build("app",
                                  "  base: scratch\n  layers:\n    - {name: l, modes: keep, files: [{from: links, to: "
                                  "/}]}\n    - {name: a, files: [{from: lib, to: /lib}]}\n");
  const auto layout = *store::LayoutTarget::open(at("app"));
  const auto files = image::merge_files(*layout, *image::load_manifest(*layout, built.root));
  ASSERT_TRUE(files);
  EXPECT_EQ(files->find("lib")->type, EntryType::symlink);
  EXPECT_EQ(files->find("usr/lib")->mode, 0700u);
  EXPECT_EQ(files->file("usr/lib/libx.so")->layer, 1u);
}

TEST_F(OverBase, ALayerIsSharedOnlyWhereWhatLiesBelowIsTheSame) {
  for (const char* arch : {"amd64", "arm64"}) {
    stdfs::create_directories(at(arch) / "tmp");
    put(std::string(arch) + "/usr/lib/x", arch);
  }
  ::chmod(at("amd64/tmp").c_str(), 01777);
  ::chmod(at("arm64/tmp").c_str(), 0700);
  stdfs::create_directory_symlink("usr/lib", at("amd64/lib"));
  stdfs::create_directory(at("arm64/lib"));
  put("amd64.ignore", "libx.so\n");
  put("arm64.ignore", "nothing\n");
  request.platforms = {*oci::Platform::parse("linux/amd64"), *oci::Platform::parse("linux/arm64")};
  const BuildResult built = build("app", R"(  base: scratch
  layers:
    - {name: root, modes: keep, files: [{from: "{arch}", to: /}]}
    - {name: tmp, files: [{from: tool, to: /tmp/f}]}
    - {name: lib, files: [{from: tool, to: /lib/f}]}
    - {name: srv, files: [{from: tool, to: /srv/f}]}
    - {name: own, files: [{from: lib, to: /own, ignore-file: "{arch}.ignore"}]}
)");
  const auto layout = *store::LayoutTarget::open(at("app"));
  std::vector<image::FileList> files;
  for (const BuiltImage& image : built.images)
    files.push_back(*image::merge_files(*layout, *image::load_manifest(*layout, image.manifest)));
  ASSERT_EQ(files.size(), 2u);
  EXPECT_EQ(files[0].find("tmp")->mode, 01777u);
  EXPECT_EQ(files[1].find("tmp")->mode, 0700u);
  EXPECT_TRUE(files[0].find("usr/lib/f"));
  EXPECT_TRUE(files[1].find("lib/f"));
  EXPECT_EQ(built.images[0].layers[3].digest, built.images[1].layers[3].digest);
  EXPECT_FALSE(files[0].find("own/libx.so"));
  EXPECT_TRUE(files[1].find("own/libx.so"));
}

TEST_F(OverBase, ArchivesFollowTheBaseToo) {
  const char* data = std::getenv("SLIPWAY_TESTDATA");
  stdfs::copy_file(stdfs::path(data == nullptr ? "testdata" : data) / "archives" / "tree-xz.deb", at("tree-amd64.deb"));
  const std::string archive = "    - {name: a, archive: 'tree-{arch}.deb', files: [{from: lib, to: /lib}]}\n";
  const auto entries = over(archive);
  std::vector<std::string> listed;
  for (const FileEntry& entry : entries)
    listed.push_back(layer::tar_name(entry));
  EXPECT_THAT(listed, ElementsAre("empty/", "etc/", "etc/conf", "etc/link", "etc/none", "etc/nothing", "usr/",
                                  "usr/bin/", "usr/bin/again", "usr/bin/tool", "usr/lib/", "usr/lib/libx.so"));
  EXPECT_EQ(find(entries, "usr/bin/again").mode, 04755u);
  EXPECT_EQ(find(entries, "usr/bin/tool").type, EntryType::hardlink);
  EXPECT_EQ(find(entries, "empty").mode, 01777u);
  put("tree-amd64.deb", "!<arch>\n");
  const auto built = try_build("app", "  base: oci:base:v1\n  layers:\n" + archive);
  ASSERT_FALSE(built);
  EXPECT_EQ(built.error().code, Errc::malformed);
  EXPECT_THAT(built.error().describe(), HasSubstr("slipway.yaml:6:"));
  EXPECT_THAT(built.error().describe(), HasSubstr("reading the archive"));
}

TEST_F(OverBase, TheListIsReadOncePerBase) {
  image::FileListCache lists(real_fs(), at("lists"));
  services.file_lists = &lists;
  const std::string layer = "    - {name: a, files: [{from: tool, to: /lib/tool}]}\n";
  const auto first = names(layer);
  EXPECT_EQ(std::distance(stdfs::directory_iterator(at("lists")), stdfs::directory_iterator()), 1);
  // The destination has the base's layer by now: whoever wants it again wants to list it.
  stdfs::remove(at("base") / "blobs/sha256" / std::string(base->images[0].layers[0].digest.hex()));
  EXPECT_EQ(names(layer), first);
  stdfs::remove_all(at("lists"));
  EXPECT_FALSE(try_build("app", "  base: oci:base:v1\n  layers:\n" + layer));
}

/// A disk on which one file reads differently each time, though nothing else of it changes.
class FickleFiles final : public ForwardingFileSystem {
 public:
  using ForwardingFileSystem::ForwardingFileSystem;
  Result<std::unique_ptr<File>> open(const stdfs::path& path, bool follow) override {
    SLIPWAY_ASSIGN(auto file, inner().open(path, follow));
    if (path.filename() != "tool") return file;
    return std::unique_ptr<File>(std::make_unique<Fickle>(std::move(file), ++opened_));
  }

 private:
  class Fickle final : public File {
   public:
    Fickle(std::unique_ptr<File> file, int time) : file_(std::move(file)), time_(time) {}
    Result<std::size_t> read(std::span<std::byte> buffer) override {
      SLIPWAY_ASSIGN(const std::size_t n, file_->read(buffer));
      if (n > 0) buffer[0] = static_cast<std::byte>(time_);
      return n;
    }
    Result<std::size_t> read_at(std::span<std::byte> buffer, std::uint64_t at) override {
      return file_->read_at(buffer, at);
    }
    Status write(std::span<const std::byte> bytes) override { return file_->write(bytes); }
    Status seek(std::uint64_t offset) override { return file_->seek(offset); }
    Status sync() override { return file_->sync(); }
    Result<FileStat> stat() override { return file_->stat(); }

   private:
    std::unique_ptr<File> file_;
    int time_;
  };
  int opened_ = 0;
};

class Twice : public OverBase {
 protected:
  Result<BuildResult> build_twice(FileSystem& fs) {
    const std::string text =
        "app: a\nimage:\n  platforms: [linux/amd64]\n  base: oci:base:v1\n  layers:\n"
        "    - {name: lib, files: [{from: root, to: /copy}]}\n    - {name: app, files: [{from: tool, to: "
        "/bin/tool}]}\n";
    const auto documents = config::parse_yaml(text, at("slipway.yaml").native());
    Diagnostics diagnostics;
    const Recipe recipe = decode_recipe(documents->front(), at("slipway.yaml").native(), diagnostics);
    request.destinations = {{oci::Location::layout(at("app").native()), {"v1"}}};
    BuildServices with{fs, book};
    with.threads = services.threads;
    return builder::build_twice(recipe, request, with);
  }
};

TEST_F(Twice, TheSameUnderOtherConditionsIsPublished) {
  for (const std::size_t threads : {1u, 4u}) {
    services.threads = threads;
    const auto built = build_twice(real_fs());
    ASSERT_TRUE(built) << built.error().describe();
    const auto layout = *store::LayoutTarget::open(at("app"));
    EXPECT_EQ(layout->resolve(store::TagOrDigest("v1"))->digest, built->root.digest);
  }
  EXPECT_FALSE(stdfs::exists(request.state_folder / "check"));
}

TEST_F(Twice, AnythingElseIsNot) {
  FickleFiles fickle(real_fs());
  const auto built = build_twice(fickle);
  ASSERT_FALSE(built);
  EXPECT_EQ(built.error().code, Errc::verification_failed);
  EXPECT_THAT(built.error().message, HasSubstr("differs in the layer \"app\" for linux/amd64"));
  EXPECT_THAT(built.error().message, Not(HasSubstr("\"lib\"")));
  const auto layout = *store::LayoutTarget::open(at("app"));
  EXPECT_FALSE(layout->resolve(store::TagOrDigest("v1")));
  const std::string kept = "oci:" + (request.state_folder / "check").native();
  EXPECT_THAT(built.error().hint, HasSubstr("slipway diff " + kept + ":other " + kept + ":usual"));
  const auto check = *store::LayoutTarget::open(request.state_folder / "check");
  EXPECT_NE(check->resolve(store::TagOrDigest("other"))->digest, check->resolve(store::TagOrDigest("usual"))->digest);
}

TEST_F(Twice, ADryRunProvesToo) {
  request.dry_run = true;
  EXPECT_TRUE(build_twice(real_fs()));
  FickleFiles fickle(real_fs());
  EXPECT_FALSE(build_twice(fickle));
  EXPECT_FALSE(stdfs::exists(request.state_folder / "check"));
  EXPECT_FALSE(stdfs::exists(at("app")));
}

/// A stack's answer, without a base: "d", "f", "l" and the mode, or nothing.
class StackTest : public ::testing::Test {
 protected:
  static FileEntry entry(const std::string& path, EntryType type, std::uint32_t mode, std::string link = {}) {
    FileEntry out;
    out.path = path;
    out.type = type;
    out.mode = mode;
    out.link = std::move(link);
    return out;
  }
  void add(const std::vector<FileEntry>& entries) {
    layer::FileTreeBuilder files(real_fs(), {}, stack.empty() ? nullptr : &stack);
    for (const FileEntry& one : entries)
      ASSERT_TRUE(files.add_entry(one));
    ASSERT_TRUE(stack.add(std::move(files).finish(0).value()));
  }
  std::string show(const std::string& path) const {
    const auto found = stack.find(path);
    if (!found) return "";
    return fmt::format("{}{:o}", "dflh"[static_cast<int>(found->type)], found -> mode);
  }
  LayerStack stack{nullptr};
};

TEST_F(StackTest, RemembersWhatMatters) {
  EXPECT_TRUE(stack.empty());
  add({entry("a/b", EntryType::regular, 0600), entry("s", EntryType::symlink, 0777, "a"),
       entry("t", EntryType::directory, 01777)});
  EXPECT_FALSE(stack.empty());
  EXPECT_EQ(show("a"), "d755") << "a parent that nobody named";
  EXPECT_EQ(show("a/b"), "f644");
  EXPECT_EQ(show("s"), "l777");
  EXPECT_EQ(stack.find("s")->link, "a");
  EXPECT_EQ(show("t"), "d1777");
  EXPECT_EQ(show("t/x"), "");
  add({entry("t", EntryType::directory, 0755), entry("a/b", EntryType::symlink, 0777, "c")});
  EXPECT_EQ(show("t"), "d1777") << "a folder that is there stays as it is";
  EXPECT_EQ(show("a/b"), "l777");
}

TEST_F(StackTest, HidesWhatIsRemoved) {
  add({entry("a/b", EntryType::regular, 0644), entry("a/c", EntryType::regular, 0644),
       entry("t", EntryType::directory, 01777), entry("t/x", EntryType::regular, 0644)});
  add({entry("a/b", EntryType::whiteout, 0), entry("t", EntryType::whiteout, 0),
       entry("t/y", EntryType::regular, 0644)});
  EXPECT_EQ(show("a/b"), "");
  EXPECT_EQ(show("a/c"), "f644");
  EXPECT_EQ(show("t/x"), "") << "the folder became opaque";
  EXPECT_EQ(show("t/y"), "f644");
  EXPECT_EQ(show("t"), "d755") << "another folder";
  add({entry("a", EntryType::whiteout, 0)});
  EXPECT_EQ(show("a/c"), "");
}

}  // namespace
}  // namespace slipway::builder
