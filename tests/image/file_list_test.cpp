#include "slipway/image/file_list.h"

#include <gmock/gmock.h>

#include <fstream>

#include "image/layered_image.h"
#include "support/temp_dir.h"

namespace slipway::image {
namespace {

using layer::EntryType;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class FileListTest : public ::testing::Test {
 protected:
  FileList merged(const std::vector<LayerEntries>& layers) {
    auto list = merge_files(images.store, images.make(layers));
    EXPECT_TRUE(list) << list.error().describe();
    return list.value_or(FileList());
  }
  static std::vector<std::string> paths(const FileList& list) {
    std::vector<std::string> out;
    for (std::size_t i = 0; i < list.size(); ++i)
      out.push_back(list.at(i).entry.path);
    return out;
  }
  std::vector<std::string> paths(const std::vector<LayerEntries>& layers) { return paths(merged(layers)); }
  Error refused(const std::vector<LayerEntries>& layers) {
    auto list = merge_files(images.store, images.make(layers));
    EXPECT_FALSE(list);
    return list ? Error() : list.error();
  }
  LayeredImages images;
};

TEST_F(FileListTest, EveryPathOnceByteSortedWithItsLayer) {
  images.compressed = true;
  const FileList list = merged({{folder("etc"), file("etc/a", "1"), file("etc/b", "old")},
                                {file("etc/b", "newer", 0600), folder("etc-x"), file("z", "")}});
  EXPECT_THAT(paths(list), ElementsAre("etc", "etc-x", "etc/a", "etc/b", "z"));
  const auto b = list.file("etc/b");
  ASSERT_TRUE(b);
  EXPECT_EQ(b->entry.size, 5u);
  EXPECT_EQ(b->entry.mode, 0600u);
  EXPECT_EQ(b->layer, 1u);
  EXPECT_EQ(b->member, "etc/b");
  EXPECT_EQ(list.file("etc/a")->layer, 0u);
  EXPECT_FALSE(list.file("etc/c"));
  EXPECT_FALSE(list.file(""));
  EXPECT_FALSE(list.file("etc/"));
}

TEST_F(FileListTest, EverythingOfAnEntryIsKept) {
  layer::FileEntry odd = file("dir/tab\there\\n\nnew", "x", 04755);
  odd.uid = 4'000'000'000;
  odd.gid = 7;
  odd.mtime = 1'700'000'000;
  odd.xattrs = {{"security.capability", std::string("\0\1=\n", 4)}, {"user.a b", ""}};
  layer::FileEntry device = other(EntryType::char_device, "dev", {}, 0666);
  device.device_major = 5;
  device.device_minor = 1;
  const FileList list = merged({{folder("dir", 01777), odd, device, other(EntryType::fifo, "pipe", {}, 0600)}});
  const auto found = list.file(odd.path);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->entry.uid, odd.uid);
  EXPECT_EQ(found->entry.gid, odd.gid);
  EXPECT_EQ(found->entry.mtime, odd.mtime);
  EXPECT_EQ(found->entry.mode, odd.mode);
  EXPECT_EQ(found->entry.xattrs, odd.xattrs);
  EXPECT_EQ(list.find("dir")->mode, 01777u);
  EXPECT_EQ(list.find("dev")->device_major, 5u);
  EXPECT_EQ(list.find("dev")->device_minor, 1u);
  EXPECT_EQ(list.find("pipe")->type, EntryType::fifo);
}

TEST_F(FileListTest, WhiteoutsHideLowerLayersOnly) {
  EXPECT_THAT(
      paths({{folder("a"), file("a/x", "1"), folder("a/sub"), file("a/sub/y", "2"), file("ab", "3")}, {whiteout("a")}}),
      ElementsAre("ab"));
  // In one layer the marker may even come last: what that layer brings itself stays.
  EXPECT_THAT(paths({{folder("a"), file("a/x", "1"), file("a/y", "1")}, {file("a/x", "2"), whiteout("a")}}),
              ElementsAre("a", "a/x"));
  EXPECT_THAT(paths({{file("gone", "1")}, {whiteout("gone")}, {file("gone", "back")}}), ElementsAre("gone"));
  EXPECT_THAT(paths({{file("a", "1")}, {whiteout("never/was")}}), ElementsAre("a"));
}

TEST_F(FileListTest, OpaqueFoldersHideWhatLiesBelow) {
  EXPECT_THAT(paths({{folder("a"), file("a/x", "1"), file("b", "")}, {folder("a"), opaque("a"), file("a/new", "2")}}),
              ElementsAre("a", "a/new", "b"));
  EXPECT_THAT(paths({{folder("a"), file("a/x", "1")}, {file("a/new", "2"), opaque("a")}}), ElementsAre("a", "a/new"));
  EXPECT_THAT(paths({{file("b", "")}, {opaque(""), file("c", "")}}), ElementsAre("c"));
}

TEST_F(FileListTest, TypesReplaceEachOther) {
  EXPECT_THAT(paths({{folder("a"), file("a/x", "1")}, {file("a", "now a file")}}), ElementsAre("a"));
  EXPECT_THAT(paths({{file("a", "file")}, {folder("a"), file("a/x", "1")}}), ElementsAre("a", "a/x"));
  EXPECT_THAT(paths({{folder("a"), file("a/x", "1")}, {symlink("a", "b")}}), ElementsAre("a"));
  const FileList kept = merged({{folder("a", 0700), file("a/x", "1")}, {folder("a", 0711)}});
  EXPECT_THAT(paths(kept), ElementsAre("a", "a/x"));
  EXPECT_EQ(kept.find("a")->mode, 0711u);
}

TEST_F(FileListTest, ParentsThatNoLayerHasAreMade) {
  const FileList list = merged({{file("deep/down/here", "x")}});
  EXPECT_THAT(paths(list), ElementsAre("deep", "deep/down", "deep/down/here"));
  EXPECT_EQ(list.find("deep/down")->type, EntryType::directory);
  EXPECT_EQ(list.find("deep/down")->mode, 0755u);
}

TEST_F(FileListTest, PathsBelowAnOlderSymlinkLandWhereItLeads) {
  const FileList list = merged({{folder("usr"), folder("usr/lib"), symlink("lib", "usr/lib")},
                                {file("lib/libx.so", "x"), file("usr/lib/liby.so", "y")},
                                {whiteout("lib/liby.so")}});
  EXPECT_THAT(paths(list), ElementsAre("lib", "usr", "usr/lib", "usr/lib/libx.so"));
  EXPECT_EQ(list.file("usr/lib/libx.so")->member, "lib/libx.so");
  // An explicit folder takes the symlink's place, as it does in containerd.
  EXPECT_THAT(paths({{folder("usr"), symlink("lib", "usr")}, {folder("lib"), file("lib/x", "")}}),
              ElementsAre("lib", "lib/x", "usr"));
}

TEST_F(FileListTest, HardLinksShowWhatTheirFileShows) {
  layer::FileEntry first = file("bin/tool", "program", 04755);
  first.uid = 12;
  const FileList list = merged({{folder("bin"), first, hardlink("bin/alias", "bin/tool"), symlink("s", "bin/tool"),
                                 hardlink("s2", "s"), hardlink("third", "bin/alias")},
                                {whiteout("bin/tool")}});
  EXPECT_THAT(paths(list), ElementsAre("bin", "bin/alias", "s", "s2", "third"));
  const auto alias = list.file("bin/alias");
  EXPECT_EQ(alias->entry.type, EntryType::hardlink);
  EXPECT_EQ(alias->entry.mode, 04755u);
  EXPECT_EQ(alias->entry.uid, 12u);
  EXPECT_EQ(alias->entry.size, 7u);
  EXPECT_EQ(alias->member, "bin/tool");
  EXPECT_EQ(list.file("third")->member, "bin/tool");
  EXPECT_EQ(list.find("s2")->type, EntryType::symlink);
}

TEST_F(FileListTest, OpenFollowsSymlinksInsideTheImage) {
  const FileList list =
      merged({{folder("usr"), folder("usr/bin"), file("usr/bin/tool", "x"), symlink("bin", "usr/bin"),
               symlink("abs", "/bin/tool"), symlink("usr/up", "../../../../abs"), symlink("loop", "loop2"),
               symlink("loop2", "loop"), symlink("dangling", "no/where"), symlink("root", "/")}});
  const auto real = [&list](const std::string& path) {
    const auto found = list.open(path);
    return found ? found->entry.path : fmt::format("{}: {}", name_of(found.error().code), found.error().message);
  };
  EXPECT_EQ(real("bin/tool"), "usr/bin/tool");
  EXPECT_EQ(real("abs"), "usr/bin/tool");
  EXPECT_EQ(real("usr/up"), "usr/bin/tool");
  EXPECT_EQ(real("usr/../bin/./tool"), "usr/bin/tool");
  EXPECT_EQ(real("../../usr//bin/tool"), "usr/bin/tool");
  EXPECT_EQ(real("root/root/bin"), "usr/bin");
  EXPECT_EQ(real("root"), "");
  EXPECT_THAT(real("loop"), HasSubstr("malformed: /loop leads through more than 40 symlinks"));
  EXPECT_THAT(real("dangling"), HasSubstr("not_found: the image has no /no/where, where /dangling leads"));
  EXPECT_THAT(real("bin/tool/x"), HasSubstr("not_found: /bin/tool/x lies below /usr/bin/tool, which is not a folder"));
  EXPECT_THAT(real("nothing"), HasSubstr("not_found: the image has no /nothing"));
}

TEST_F(FileListTest, WhatFitsNowhereIsRefused) {
  EXPECT_EQ(refused({{symlink("a", "b"), symlink("b", "a")}, {file("a/x", "2")}}).code, Errc::malformed);
  EXPECT_EQ(refused({{file("a", "1"), file("a/b", "2")}}).code, Errc::malformed);
  EXPECT_EQ(refused({{file("a", "1"), symlink("l", "a"), file("l/b", "2")}}).code, Errc::malformed);
  EXPECT_EQ(refused({{hardlink("b", "a")}}).code, Errc::malformed);
  EXPECT_EQ(refused({{hardlink("b", "a"), file("a", "1")}}).code, Errc::malformed) << "a later file";
  EXPECT_EQ(refused({{file("a", "1"), hardlink("a", "a")}}).code, Errc::malformed) << "itself";
  EXPECT_EQ(refused({{folder("d"), hardlink("a", "d")}}).code, Errc::malformed);
  EXPECT_EQ(refused({{file("a", "1")}, {whiteout("a"), hardlink("b", "a")}}).code, Errc::malformed) << "removed";
}

TEST_F(FileListTest, EntriesBelowSymlinksOfTheirOwnLayerLandWhereTheyLead) {
  const FileList list = merged({{folder("opt"), symlink("bin", "opt"), file("bin/prog", "x")}});
  EXPECT_THAT(paths(list), ElementsAre("bin", "opt", "opt/prog"));
  EXPECT_EQ(list.file("opt/prog")->member, "bin/prog");
  EXPECT_THAT(paths({{symlink("a", "../../../etc"), file("a/x", "")}}), ElementsAre("a", "etc", "etc/x"));
  EXPECT_THAT(paths({{symlink("a", "/not/there"), file("a/x", "")}}),
              ElementsAre("a", "not", "not/there", "not/there/x"));
}

TEST_F(FileListTest, AFolderReplacesAFileOfALowerLayer) {
  const FileList list = merged({{file("a", "1"), symlink("l", "a")}, {file("a/b", "2")}});
  EXPECT_THAT(paths(list), ElementsAre("a", "a/b", "l"));
  EXPECT_EQ(list.find("a")->type, EntryType::directory);
  EXPECT_EQ(list.file("a")->layer, 1u);
  EXPECT_THAT(paths({{file("a", "1"), symlink("l", "a")}, {file("l/b", "2")}}), ElementsAre("a", "a/b", "l"));
  EXPECT_THAT(paths({{other(EntryType::fifo, "p", {}, 0600)}, {file("p/deep/x", "")}}),
              ElementsAre("p", "p/deep", "p/deep/x"));
}

TEST_F(FileListTest, AHardLinksFileMayBeInALowerLayer) {
  const FileList list = merged({{file("a", "one"), symlink("s", "a")},
                                {hardlink("b", "a"), hardlink("t", "s")},
                                {whiteout("a"), file("c", "")}});
  EXPECT_THAT(paths(list), ElementsAre("b", "c", "s", "t"));
  const auto b = list.file("b");
  EXPECT_EQ(b->entry.size, 3u);
  EXPECT_EQ(b->layer, 0u) << "the layer that has its bytes";
  EXPECT_EQ(b->member, "a");
  EXPECT_EQ(list.find("t")->type, EntryType::symlink);
  EXPECT_THAT(paths({{file("a", "one")}, {hardlink("b", "a")}, {whiteout("b")}}), ElementsAre("a"));
  EXPECT_THAT(paths({{file("a", "one")}, {hardlink("b", "a"), whiteout("b")}}), ElementsAre("a", "b"));
}

TEST_F(FileListTest, OfEqualPathsTheLastOneCounts) {
  const FileList list = merged({{file("a", "1"), file("a", "two"), symlink("d", "x"), folder("d"), file("d/y", "")}});
  EXPECT_THAT(paths(list), ElementsAre("a", "d", "d/y"));
  EXPECT_EQ(list.find("a")->size, 3u);
  EXPECT_THAT(paths({{folder("d"), file("d/y", ""), file("d", "")}}), ElementsAre("d"));
}

TEST_F(FileListTest, NamesThatClimbStayInTheRoot) {
  const FileList list = merged({{file("../../etc/a", "1"), file("dne/../b", "2")}, {whiteout("../etc/a")}});
  EXPECT_THAT(paths(list), ElementsAre("b", "etc"));
}

TEST_F(FileListTest, ALayerMustHaveItsDiffId) {
  Image image = images.make({{file("a", "1")}, {file("b", "2")}});
  image.config.diff_ids[1] = image.config.diff_ids[0];
  const auto list = merge_files(images.store, image);
  ASSERT_FALSE(list);
  EXPECT_EQ(list.error().code, Errc::verification_failed);
  EXPECT_THAT(list.error().message, HasSubstr("layer 2 of memory"));
}

TEST_F(FileListTest, AMissingLayerIsNamed) {
  Image image = images.make({{file("a", "1")}});
  image.manifest.layers[0].digest = io::digest_of("elsewhere");
  image.manifest.layers[0].urls = {"https://example.com/layer"};
  const auto list = merge_files(images.store, image);
  ASSERT_FALSE(list);
  EXPECT_EQ(list.error().code, Errc::not_found);
  EXPECT_THAT(list.error().describe(), HasSubstr("https://example.com/layer"));
}

TEST_F(FileListTest, StopsWhenAsked) {
  std::stop_source stop;
  stop.request_stop();
  const auto list = merge_files(images.store, images.make({{file("a", "1")}}), stop.get_token());
  ASSERT_FALSE(list);
  EXPECT_EQ(list.error().code, Errc::cancelled);
}

TEST_F(FileListTest, TheTextReadsBackAndNothingElseDoes) {
  const FileList list = merged({{folder("a"), file("a/b", "1"), symlink("c", "a\tb")}});
  const std::string text = list.serialize();
  EXPECT_EQ(text,
            "a\td\t755\t0\t0\t0\t0\t0\t\t\t0:0\t\n"
            "a/b\tf\t644\t0\t0\t0\t1\t0\t\ta/b\t0:0\t\n"
            "c\tl\t777\t0\t0\t0\t0\t0\ta\\tb\t\t0:0\t\n");
  EXPECT_EQ(FileList::parse(text)->serialize(), text);
  for (const std::string& broken :
       {text.substr(0, text.size() - 1), text + text, text + "d\n", text + "d\tx\t755\t0\t0\t0\t0\t0\t\t\t0:0\t\n",
        text + "d\tf\t8\t0\t0\t0\t0\t0\t\t\t0:0\t\n", text + "d\tf\t7\t-1\t0\t0\t0\t0\t\t\t0:0\t\n",
        text + "d\tf\t7\t0\t0\t0\t0\t0\t\t\t0\t\n", text + "d\tf\t7\t0\t0\t0\t0\t0\t\t\t0:0\tabc\n",
        text + "\tf\t7\t0\t0\t0\t0\t0\t\t\t0:0\t\n"}) {
    EXPECT_FALSE(FileList::parse(broken)) << broken;
  }
}

/// Counts what is fetched.
class CountingTarget final : public store::ReadTarget {
 public:
  explicit CountingTarget(store::ReadTarget& inner) : inner_(inner) {}
  std::string name() const override { return inner_.name(); }
  Result<oci::Descriptor> resolve(const store::TagOrDigest& reference) override { return inner_.resolve(reference); }
  Result<bool> exists(const oci::Descriptor& descriptor) override { return inner_.exists(descriptor); }
  Result<std::unique_ptr<io::Source>> fetch(const oci::Descriptor& descriptor) override {
    ++fetches;
    return inner_.fetch(descriptor);
  }
  int fetches = 0;

 private:
  store::ReadTarget& inner_;
};

TEST_F(FileListTest, AListIsMadeOnceAndMendedWhenDamaged) {
  const test::TempDir dir;
  const stdfs::path folder = dir.path() / "deep" / "files";
  FileListCache cache(real_fs(), folder);
  CountingTarget target(images.store);
  const Image image = images.make({{file("a", "1")}, {file("b", "2")}});
  const stdfs::path record = folder / image.descriptor.digest.hex();
  const auto list = [&] { return paths(cache.list(target, image).value_or(FileList())); };
  EXPECT_THAT(list(), ElementsAre("a", "b"));
  EXPECT_EQ(target.fetches, 2);
  EXPECT_THAT(list(), ElementsAre("a", "b"));
  EXPECT_EQ(target.fetches, 2);
  const std::string sound = *read_file(real_fs(), record);
  EXPECT_THAT(sound, ::testing::StartsWith("slipway/v1/files sha256:"));
  std::string swapped = sound;
  swapped[swapped.find("\na\t") + 1] = 'A';
  for (const std::string& broken : {std::string(), std::string("x"), sound.substr(0, sound.size() / 2), swapped,
                                    "slipway/v2/files" + sound.substr(16)}) {
    std::ofstream(record, std::ios::binary | std::ios::trunc) << broken;
    const int before = target.fetches;
    EXPECT_THAT(list(), ElementsAre("a", "b"));
    EXPECT_EQ(target.fetches, before + 2) << broken;
    EXPECT_EQ(*read_file(real_fs(), record), sound);
  }
}

TEST_F(FileListTest, ACacheThatTakesNothingChangesNothing) {
  const test::TempDir dir;
  std::ofstream(dir.path() / "file") << "in the way";
  const Image image = images.make({{file("a", "1")}});
  for (const stdfs::path& folder : {stdfs::path(), dir.path() / "file" / "below"}) {
    FileListCache cache(real_fs(), folder);
    EXPECT_THAT(paths(cache.list(images.store, image).value_or(FileList())), ElementsAre("a"));
  }
}

}  // namespace
}  // namespace slipway::image
