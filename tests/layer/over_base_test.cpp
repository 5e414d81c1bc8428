#include "layer/tree_fixture.h"

namespace slipway::layer {
namespace {

/// A base given as "path type link" lines.
class FakeBase final : public BaseFiles {
 public:
  void add(const std::string& path, EntryType type, std::string link = {}, std::uint32_t mode = 0755) {
    FileEntry entry;
    entry.path = path;
    entry.type = type;
    entry.link = std::move(link);
    entry.mode = mode;
    files_[path] = entry;
  }
  FileEntry& at(const std::string& path) { return files_.at(path); }
  std::optional<FileEntry> find(const std::string& path) const override {
    const auto found = files_.find(path);
    return found == files_.end() ? std::nullopt : std::optional(found->second);
  }

 private:
  std::map<std::string, FileEntry> files_;
};

class OverABase : public FileTreeTest {
 protected:
  OverABase() {
    for (const char* folder : {"usr", "usr/lib", "usr/bin", "etc"})
      base.add(folder, EntryType::directory);
    base.add("tmp", EntryType::directory, {}, 01777);
    base.add("lib", EntryType::symlink, "usr/lib");
    base.add("bin", EntryType::symlink, "/usr/bin");
    base.add("usr/lib64", EntryType::symlink, "../lib");
    base.add("etc/rc", EntryType::regular);
    base.add("loop", EntryType::symlink, "loop");
    base.add("dangling", EntryType::symlink, "nowhere/at/all");
    base.at("etc").uid = 7;
    base.at("etc").xattrs["user.a"] = "b";
    builder = FileTreeBuilder(real_fs(), {}, &base);
    put(dir.path() / "f");
  }
  FakeBase base;
};

TEST_F(OverABase, PathsAreLedThroughItsSymlinks) {
  for (const char* to : {"/lib/a.so", "/usr/lib64/b.so", "/bin/tool"})
    ASSERT_TRUE(add("f", to)) << to;
  ASSERT_TRUE(add("f", "/dangling/f"));
  ASSERT_TRUE(finish(0));
  EXPECT_THAT(names(), ElementsAre("nowhere/", "nowhere/at/", "nowhere/at/all/", "nowhere/at/all/f", "usr/", "usr/bin/",
                                   "usr/bin/tool", "usr/lib/", "usr/lib/a.so", "usr/lib/b.so"));
}

TEST_F(OverABase, AbsoluteSymlinksStartAtTheRootWhereverTheyLie) {
  base.add("etc/logs", EntryType::symlink, "/var/log");
  base.add("usr/lib/plugins", EntryType::symlink, "/etc/logs/../plugins");
  ASSERT_TRUE(add("f", "/etc/logs/x"));
  ASSERT_TRUE(add("f", "/lib/plugins/y"));
  ASSERT_TRUE(finish(0));
  EXPECT_THAT(names(), ElementsAre("var/", "var/log/", "var/log/x", "var/plugins/", "var/plugins/y"));
}

TEST_F(OverABase, BelowWhatIsRemovedNothingOfTheBaseIsLeft) {
  FileEntry gone;
  gone.type = EntryType::whiteout;
  gone.path = "usr";
  ASSERT_TRUE(builder.add_entry(gone));
  ASSERT_TRUE(add("f", "/usr/lib64/q"));
  ASSERT_TRUE(add("f", "/bin/tool"));
  ASSERT_TRUE(finish(0));
  EXPECT_THAT(names(),
              ElementsAre("usr/", "usr/.wh..wh..opq", "usr/bin/", "usr/bin/tool", "usr/lib64/", "usr/lib64/q"));
  EXPECT_EQ(entry("usr/bin").mode, 0755u);
}

TEST_F(OverABase, FoldersOfTheBaseKeepWhatTheyAre) {
  put(dir.path() / "tree/tmp/f");
  put(dir.path() / "tree/lib/f");
  put(dir.path() / "tree/etc/f");
  put(dir.path() / "tree/new/f");
  options.epoch = 9;
  ASSERT_TRUE(add("tree", "/"));
  ASSERT_TRUE(finish(9));
  EXPECT_THAT(names(), ElementsAre("etc/", "etc/f", "new/", "new/f", "tmp/", "tmp/f", "usr/", "usr/lib/", "usr/lib/f"));
  EXPECT_EQ(entry("tmp").mode, 01777u);
  EXPECT_EQ(entry("etc").uid, 7u);
  EXPECT_EQ(entry("etc").xattrs.at("user.a"), "b");
  EXPECT_EQ(entry("etc").mtime, 9);
  EXPECT_EQ(entry("new").mode, 0755u);
}

TEST_F(OverABase, AnOwnerIsOfTheFolderNamedAndOfWhatIsNew) {
  put(dir.path() / "tree/etc/f");
  put(dir.path() / "tree/etc/new/f");
  put(dir.path() / "tree/tmp/f");
  options.uid = 5;
  options.keep_modes = true;
  ASSERT_TRUE(add("tree", "/"));
  ASSERT_TRUE(finish(0));
  EXPECT_EQ(entry("etc").uid, 7u);
  EXPECT_EQ(entry("etc").xattrs.at("user.a"), "b");
  EXPECT_EQ(entry("etc/f").uid, 5u);
  EXPECT_EQ(entry("etc/new").uid, 5u);
  EXPECT_EQ(entry("tmp").mode, 01777u);
  EXPECT_EQ(entry("tmp").uid, 0u);
  builder = FileTreeBuilder(real_fs(), {}, &base);
  ASSERT_TRUE(add("tree/etc", "/etc"));
  ASSERT_TRUE(finish(0));
  EXPECT_EQ(entry("etc").uid, 5u);
}

TEST_F(OverABase, AModeIsOfTheFolderNamedItself) {
  std::filesystem::create_directories(dir.path() / "e");
  put(dir.path() / "full/tool");
  put(dir.path() / "tree/new/f");
  options.mode = 02770;
  for (const char* to : {"/etc", "/lib", "/new"})
    ASSERT_TRUE(add("e", to)) << to;
  options.mode = 0751;
  ASSERT_TRUE(add("full", "/usr/bin"));
  options.mode.reset();
  ASSERT_TRUE(add("tree", "/"));
  options.uid = 9;
  ASSERT_TRUE(add("e", "/tmp"));
  ASSERT_TRUE(finish(0));
  EXPECT_EQ(entry("etc").mode, 02770u);
  EXPECT_EQ(entry("etc").uid, 7u) << "no owner was named";
  EXPECT_EQ(entry("etc").xattrs.at("user.a"), "b");
  EXPECT_EQ(entry("usr/bin").mode, 0755u) << "a mode is that of the files in a folder";
  EXPECT_EQ(entry("usr/bin/tool").mode, 0751u);
  EXPECT_EQ(entry("usr/lib").mode, 02770u);
  EXPECT_EQ(entry("new").mode, 02770u) << "what is declared wins over what is found";
  EXPECT_EQ(entry("tmp").mode, 01777u);
  EXPECT_EQ(entry("tmp").uid, 9u);
}

TEST_F(OverABase, AFileThatReplacesASymlinkIsNotFollowed) {
  options.replace = true;
  ASSERT_TRUE(add("f", "/lib"));
  ASSERT_TRUE(add("f", "/lib/f"));
  expect_refused(finish(0), "/lib/f cannot lie below /lib");
}

TEST_F(OverABase, AnEntryOfAnArchiveLeavesItsFoldersAsTheyAre) {
  FileEntry folder;
  folder.path = "tmp";
  folder.type = EntryType::directory;
  folder.mode = 0755;
  folder.uid = 1000;
  ASSERT_TRUE(builder.add_entry(folder));
  ASSERT_TRUE(finish(0));
  EXPECT_EQ(entry("tmp").mode, 01777u);
  EXPECT_EQ(entry("tmp").uid, 0u);
}

TEST_F(OverABase, AFolderThatReplacesASymlinkHasItsFiles) {
  put(dir.path() / "tree/lib/f");
  options.replace = true;
  ASSERT_TRUE(add("tree/lib", "/lib"));
  ASSERT_TRUE(finish(0));
  EXPECT_THAT(names(), ElementsAre("lib/", "lib/f"));
}

TEST_F(OverABase, WhatIsRemovedIsNotFollowed) {
  put(dir.path() / "tree/lib/f");
  FileEntry gone;
  gone.type = EntryType::whiteout;
  gone.path = "lib";
  ASSERT_TRUE(builder.add_entry(gone));
  ASSERT_TRUE(add("tree/lib", "/lib"));
  ASSERT_TRUE(add("f", "/lib/q"));
  ASSERT_TRUE(finish(0));
  EXPECT_THAT(names(), ElementsAre("lib/", "lib/.wh..wh..opq", "lib/f", "lib/q"));
}

TEST_F(OverABase, AFileIsNoSymlinkToAFolder) {
  expect_refused(add("f", "/lib"), "/lib would be a file, but the base has a symlink to a folder there");
  ASSERT_TRUE(add("f", "/dangling"));
  options.replace = true;
  ASSERT_TRUE(add("f", "/bin"));
}

TEST_F(OverABase, NothingBecomesAnotherTypeUnlessAskedFor) {
  put(dir.path() / "tree/etc/rc/f");
  expect_refused(add("tree", "/"), "the base has a file there");
  expect_refused(add("f", "/etc/rc/below"), "/etc/rc would be a folder");
  expect_refused(add("f", "/usr"), "/usr would be a file, but the base has a folder there");
  expect_refused(add("f", "/loop/f"), "too many symlinks");
  options.replace = true;
  builder = FileTreeBuilder(real_fs(), {}, &base);
  ASSERT_TRUE(add("tree", "/"));
  ASSERT_TRUE(add("f", "/usr"));
  ASSERT_TRUE(finish(0));
  EXPECT_EQ(entry("etc/rc").type, EntryType::directory);
  EXPECT_EQ(entry("usr").type, EntryType::regular);
}

TEST_F(OverABase, OnlyWhatItHasCanBeRemoved) {
  FileEntry gone;
  gone.type = EntryType::whiteout;
  gone.path = "lib/nothing";
  expect_refused(builder.add_entry(gone), "/usr/lib/nothing cannot be removed: the base does not have it");
  base.add("usr/lib/old.so", EntryType::regular);
  gone.path = "lib/old.so";
  ASSERT_TRUE(builder.add_entry(gone));
  ASSERT_TRUE(finish(0));
  EXPECT_THAT(names(), ElementsAre("usr/", "usr/lib/", "usr/lib/.wh.old.so"));
}

}  // namespace
}  // namespace slipway::layer
