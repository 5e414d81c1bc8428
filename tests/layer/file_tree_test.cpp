#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <fstream>

#include "layer/entries_of.h"
#include "layer/tree_fixture.h"
#include "slipway/base/forwarding_fs.h"
#include "slipway/layer/file_tree_builder.h"
#include "support/fault_fs.h"
#include "support/temp_dir.h"

namespace slipway::layer {
namespace {

TEST_F(FileTreeTest, AFileBecomesItsTarget) {
  put(dir.path() / "hello");
  ASSERT_TRUE(add("hello", "/usr/bin/hello"));
  ASSERT_TRUE(add("hello", "/opt/"));
  ASSERT_TRUE(finish(0));
  EXPECT_THAT(names(), ElementsAre("opt/", "opt/hello", "usr/", "usr/bin/", "usr/bin/hello"));
}

TEST_F(FileTreeTest, AFoldersContentsGoInto) {
  put(dir.path() / "assets/b");
  put(dir.path() / "assets/a/x");
  put(dir.path() / "assets/a-b");
  stdfs::create_directories(dir.path() / "assets/empty");
  ASSERT_TRUE(add("assets", "/srv"));
  ASSERT_TRUE(finish(0));
  EXPECT_THAT(names(), ElementsAre("srv/", "srv/a/", "srv/a/x", "srv/a-b", "srv/b", "srv/empty/"));
}

TEST_F(FileTreeTest, AFolderMayFillTheRoot) {
  put(dir.path() / "root/etc/x");
  ASSERT_TRUE(add("root", "/"));
  ASSERT_TRUE(finish(0));
  EXPECT_THAT(names(), ElementsAre("etc/", "etc/x"));
}

TEST_F(FileTreeTest, DefaultsOfALayer) {
  put(dir.path() / "d/tool");
  put(dir.path() / "d/data");
  ::chmod((dir.path() / "d/tool").c_str(), 04711);
  ::chmod((dir.path() / "d/data").c_str(), 0600);
  ::chmod((dir.path() / "d").c_str(), 0700);
  stdfs::create_symlink("tool", dir.path() / "d/link");
  options.epoch = 77;
  ASSERT_TRUE(add("d", "/d"));
  ASSERT_TRUE(finish(options.epoch));
  EXPECT_EQ(entry("d/tool").mode, 0755u);
  EXPECT_EQ(entry("d/data").mode, 0644u);
  EXPECT_EQ(entry("d").mode, 0755u);
  EXPECT_EQ(entry("d/link").mode, 0777u);
  EXPECT_EQ(entry("d/link").link, "tool");
  for (const FileEntry& e : entries_of(*tree)) {
    EXPECT_EQ(e.mtime, 77) << e.path;
    EXPECT_EQ(e.uid + e.gid, 0u) << e.path;
    EXPECT_TRUE(e.xattrs.empty()) << e.path;
  }
}

TEST_F(FileTreeTest, ModesAndOwnersWhereDeclared) {
  put(dir.path() / "d/tool");
  ::chmod((dir.path() / "d/tool").c_str(), 02750);
  ::chmod((dir.path() / "d").c_str(), 0700);
  options.keep_modes = true;
  options.uid = 65532;
  options.gid = 7;
  ASSERT_TRUE(add("d", "/kept"));
  options.mode = 04755;
  ASSERT_TRUE(add("d/tool", "/su"));
  ASSERT_TRUE(finish(0));
  EXPECT_EQ(entry("kept").mode, 0700u);
  EXPECT_EQ(entry("kept/tool").mode, 02750u);
  EXPECT_EQ(entry("su").mode, 04755u);
  EXPECT_EQ(entry("su").uid, 65532u);
  EXPECT_EQ(entry("su").gid, 7u);
}

/// A disk whose files have the attributes that a test gives them, by file name.
class AttributedFs final : public ForwardingFileSystem {
 public:
  AttributedFs() : ForwardingFileSystem(real_fs()) {}
  Result<FileAttributes> attributes(const stdfs::path& path) override {
    const auto at = given.find(path.filename().native());
    return at == given.end() ? FileAttributes() : at->second;
  }
  std::map<std::string, FileAttributes> given;
};

TEST_F(FileTreeTest, KeptModesKeepCapabilities) {
  put(dir.path() / "d/ping");
  put(dir.path() / "d/data");
  AttributedFs fs;
  builder = FileTreeBuilder(fs);
  fs.given["ping"].capabilities = "bytes";
  ASSERT_TRUE(builder.add(dir.path() / "d", "/plain", options, diagnostics));
  options.keep_modes = true;
  ASSERT_TRUE(builder.add(dir.path() / "d", "/kept", options, diagnostics));
  ASSERT_TRUE(builder.add(dir.path() / "d/ping", "/alone", options, diagnostics));
  options.xattrs["security.capability"] = "declared";
  ASSERT_TRUE(builder.add(dir.path() / "d/ping", "/declared", options, diagnostics));
  ASSERT_TRUE(finish(0));
  EXPECT_TRUE(entry("plain/ping").xattrs.empty());
  EXPECT_EQ(entry("kept/ping").xattrs.at("security.capability"), "bytes");
  EXPECT_TRUE(entry("kept/data").xattrs.empty());
  EXPECT_EQ(entry("alone").xattrs.at("security.capability"), "bytes");
  EXPECT_EQ(entry("declared").xattrs.at("security.capability"), "declared");
}

TEST_F(FileTreeTest, FoldersThatArePackedAreToldWithTheirStat) {
  for (const char* name : {"d/a", "d/sub/c", "d/out/x", "d/skipped/x.o"})
    put(dir.path() / name);
  stdfs::create_symlink("sub", dir.path() / "d/link");
  std::vector<std::string> folders;
  options.on_folder = [&](const std::string& source, const FileStat& stat) -> Status {
    EXPECT_EQ(stat.inode, real_fs().stat(source, false)->inode);
    folders.push_back(source.substr(dir.path().native().size()));
    return {};
  };
  options.exclude = {"out", "**/*.o"};
  ASSERT_TRUE(builder.add(dir.path() / "d", "/d", options, diagnostics));
  EXPECT_THAT(folders, ElementsAre("/d", "/d/sub"));
}

TEST_F(FileTreeTest, ClampedTimesKeepOlderOnes) {
  put(dir.path() / "old");
  put(dir.path() / "new");
  const timespec old_times[2] = {{1000, 999'999'999}, {1000, 999'999'999}};
  ASSERT_EQ(::utimensat(AT_FDCWD, (dir.path() / "old").c_str(), old_times, 0), 0);
  options.epoch = 5000;
  options.clamp_times = true;
  ASSERT_TRUE(add("old", "/old"));
  ASSERT_TRUE(add("new", "/new"));
  ASSERT_TRUE(finish(options.epoch));
  EXPECT_EQ(entry("old").mtime, 1000);
  EXPECT_EQ(entry("new").mtime, 5000);
}

TEST_F(FileTreeTest, OnlyWhatIsIncludedAndNotExcluded) {
  for (const char* name : {"d/a.sh", "d/a.txt", "d/bin/b.sh", "d/bin/c", "d/docs/x", "d/docs/y/z", "d/none/n"})
    put(dir.path() / name);
  options.include = {"**/*.sh", "docs"};
  options.exclude = {"docs/y"};
  options.xattrs = {{"user.k", "v"}};
  ASSERT_TRUE(add("d", "/d"));
  ASSERT_TRUE(finish(0));
  EXPECT_THAT(names(), ElementsAre("d/", "d/a.sh", "d/bin/", "d/bin/b.sh", "d/docs/", "d/docs/x"));
  EXPECT_EQ(entry("d/a.sh").xattrs.at("user.k"), "v");
  EXPECT_TRUE(entry("d/docs").xattrs.empty());
}

TEST_F(FileTreeTest, PatternsThatFitNothingAreToldOf) {
  put(dir.path() / "d/a");
  options.include = {"a"};
  ASSERT_TRUE(add("d", "/d"));
  EXPECT_TRUE(diagnostics.warnings().empty());
  options.include = {"nope"};
  ASSERT_TRUE(add("d", "/d"));
  ASSERT_EQ(diagnostics.warnings().size(), 1u);
  EXPECT_EQ(diagnostics.warnings()[0].describe(),
            fmt::format("no file in {} matches 'include'", (dir.path() / "d").native()));
}

TEST_F(FileTreeTest, ANamedSymlinkIsFollowedAndOthersAreNot) {
  put(dir.path() / "libx.so.1.2", "elf");
  stdfs::create_symlink("libx.so.1.2", dir.path() / "libx.so.1");
  stdfs::create_directory(dir.path() / "d");
  stdfs::create_symlink("/etc/passwd", dir.path() / "d/link");
  ASSERT_TRUE(add("libx.so.1", "/lib/libx.so.1"));
  ASSERT_TRUE(add("d", "/d"));
  ASSERT_TRUE(finish(0));
  EXPECT_EQ(entry("lib/libx.so.1").type, EntryType::regular);
  EXPECT_EQ(entry("lib/libx.so.1").size, 3u);
  EXPECT_EQ(entry("d/link").type, EntryType::symlink);
  EXPECT_EQ(entry("d/link").link, "/etc/passwd");
}

TEST_F(FileTreeTest, LinksThatLeadOutAreFollowedWhereAsked) {
  for (const char* name : {"out/file", "out/folder/x", "tree/inside/a"})
    put(dir.path() / name);
  const stdfs::path folder = dir.path() / "tree/inside";
  stdfs::create_symlink("a", folder / "near");
  stdfs::create_symlink("../inside/a", folder / "sideways");
  stdfs::create_symlink("../../out/file", folder / "far");
  stdfs::create_symlink(dir.path() / "out/folder", folder / "far-folder");
  stdfs::create_symlink("../file", dir.path() / "out/folder/on");
  stdfs::create_symlink("x", dir.path() / "out/folder/within");
  stdfs::create_symlink("/nowhere", folder / "nowhere");
  std::vector<StrayLink> strays;
  options.stray_links = &strays;
  ASSERT_TRUE(add("tree", "/kept"));
  std::vector<std::string> lost;
  for (const StrayLink& link : strays)
    lost.push_back(link.path);
  EXPECT_THAT(lost, ElementsAre("kept/inside/far", "kept/inside/far-folder"));
  options.follow_links = true;
  ASSERT_TRUE(add("tree", "/t"));
  ASSERT_TRUE(finish(0));
  EXPECT_EQ(strays.size(), 2u);
  EXPECT_EQ(entry("kept/inside/far").type, EntryType::symlink);
  EXPECT_EQ(entry("t/inside/near").link, "a");
  EXPECT_EQ(entry("t/inside/sideways").link, "../inside/a");
  EXPECT_EQ(entry("t/inside/nowhere").link, "/nowhere");
  EXPECT_EQ(entry("t/inside/far").type, EntryType::regular);
  EXPECT_EQ(entry("t/inside/far").size, 1u);
  EXPECT_EQ(entry("t/inside/far-folder").type, EntryType::directory);
  EXPECT_EQ(entry("t/inside/far-folder/x").type, EntryType::regular);
  EXPECT_EQ(entry("t/inside/far-folder/on").type, EntryType::regular);
  EXPECT_EQ(entry("t/inside/far-folder/within").link, "x");
}

TEST_F(FileTreeTest, ALinkToAFolderThatItLiesInIsNotFollowed) {
  put(dir.path() / "d/sub/a");
  stdfs::create_symlink(dir.path() / "d", dir.path() / "d/sub/up");
  options.follow_links = true;
  expect_refused(add("d", "/d"), "leads to a folder that it lies in");
}

TEST_F(FileTreeTest, HardLinksPointToTheFirstName) {
  put(dir.path() / "d/z", "same");
  stdfs::create_hard_link(dir.path() / "d/z", dir.path() / "d/a");
  stdfs::create_hard_link(dir.path() / "d/z", dir.path() / "outside");
  ASSERT_TRUE(add("d", "/d"));
  ASSERT_TRUE(finish(0));
  EXPECT_EQ(entry("d/a").type, EntryType::regular);
  EXPECT_EQ(entry("d/z").type, EntryType::hardlink);
  EXPECT_EQ(entry("d/z").link, "d/a");
}

TEST_F(FileTreeTest, OneNameAddedTwiceIsTwoFilesWhateverLinksToIt) {
  put(dir.path() / "tool");
  stdfs::create_hard_link(dir.path() / "tool", dir.path() / "cached");
  ASSERT_TRUE(add("tool", "/a"));
  ASSERT_TRUE(add("tool", "/b"));
  ASSERT_TRUE(finish(0));
  EXPECT_EQ(entry("b").type, EntryType::regular);
}

TEST_F(FileTreeTest, TwiceIsAnErrorUnlessIdentical) {
  put(dir.path() / "one", "same");
  put(dir.path() / "two", "same");
  put(dir.path() / "three", "else");
  put(dir.path() / "four", "longer");
  ASSERT_TRUE(add("one", "/x"));
  ASSERT_TRUE(add("two", "/x"));
  ASSERT_TRUE(finish(0));
  EXPECT_THAT(names(), ElementsAre("x"));
  for (const char* other : {"three", "four", "one"}) {
    builder = FileTreeBuilder(real_fs());
    ASSERT_TRUE(add("one", "/x"));
    if (std::string_view(other) == "one") options.mode = 0700;
    ASSERT_TRUE(add(other, "/x"));
    expect_refused(finish(0), "/x is given twice");
  }
}

TEST_F(FileTreeTest, TwinsThatDifferInAttributesOnlyAreAnError) {
  put(dir.path() / "f");
  ASSERT_TRUE(add("f", "/x"));
  options.xattrs = {{"user.note", "y"}};
  ASSERT_TRUE(add("f", "/x"));
  expect_refused(finish(0), "/x is given twice");
}

TEST_F(FileTreeTest, TheNewestChangeIsTheCtimeWhereTheMtimeWasPutBack) {
  put(dir.path() / "f");
  const auto an_hour_ago = stdfs::file_time_type::clock::now() - std::chrono::hours(1);
  stdfs::last_write_time(dir.path() / "f", an_hour_ago);
  ASSERT_TRUE(add("f", "/x"));
  ASSERT_TRUE(finish(0));
  const FileStat now = real_fs().stat(dir.path() / "f").value();
  EXPECT_GT(now.ctime_ns, now.mtime_ns + 1'000'000'000'000);
  EXPECT_EQ(tree->listing().newest_ns, now.ctime_ns);
}

TEST_F(FileTreeTest, NothingLiesBelowAFileOrSymlink) {
  put(dir.path() / "f");
  put(dir.path() / "r/lib");
  ASSERT_TRUE(add("r/lib", "/lib"));
  ASSERT_TRUE(add("f", "/lib/f"));
  expect_refused(finish(0), "/lib/f cannot lie below /lib");
}

TEST_F(FileTreeTest, NothingLiesDeepBelowAFileEither) {
  put(dir.path() / "f");
  ASSERT_TRUE(add("f", "/a"));
  ASSERT_TRUE(add("f", "/a/b/c"));
  expect_refused(finish(0), "/a/b/c cannot lie below /a");
}

TEST_F(FileTreeTest, ExcludesAndTakesBack) {
  put(dir.path() / "a/keep.js");
  put(dir.path() / "a/keep.js.map");
  put(dir.path() / "a/deep/x.map");
  put(dir.path() / "a/tmp/want");
  put(dir.path() / "a/tmp/other");
  options.exclude = {"**/*.map", "tmp", "!tmp/want"};
  ASSERT_TRUE(add("a", "/a"));
  ASSERT_TRUE(finish(0));
  EXPECT_THAT(names(), ElementsAre("a/", "a/keep.js", "a/tmp/", "a/tmp/want"));
}

TEST_F(FileTreeTest, FoldersInFoldersHaveALimit) {
  std::string path;
  for (int i = 0; i < 500; ++i)
    path += "/d";
  stdfs::create_directories(dir.path() / ("deep" + path));
  FileTreeBuilder fits(real_fs());
  EXPECT_TRUE(fits.add(dir.path() / "deep", "/deep", options, diagnostics));
  for (int i = 0; i < 20; ++i)
    path += "/d";
  stdfs::create_directories(dir.path() / ("deep" + path));
  FileTreeBuilder deeper(real_fs());
  const Status refused = deeper.add(dir.path() / "deep", "/deep", options, diagnostics);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::invalid_argument);
  EXPECT_NE(refused.error().message.find("is nested too deeply"), std::string::npos);
}

TEST_F(FileTreeTest, FoldersOfWhichNothingIsTakenAreLeftOut) {
  for (const char* name : {"d/a/b/c/x", "d/a/b/y", "d/keep/k", "e/f/x"})
    put(dir.path() / name);
  stdfs::create_directories(dir.path() / "d/empty/too");
  options.exclude = {"a/b/**", "**/x"};
  ASSERT_TRUE(add("d", "/d"));
  ASSERT_TRUE(add("e", "/e"));
  options.uid = 7;
  ASSERT_TRUE(add("e", "/declared"));
  ASSERT_TRUE(finish(0));
  EXPECT_THAT(names(), ElementsAre("d/", "d/empty/", "d/empty/too/", "d/keep/", "d/keep/k", "declared/"));
}

TEST_F(FileTreeTest, SocketsAreLeftOutWithAWarning) {
  stdfs::create_directory(dir.path() / "d");
  const std::string name = (dir.path() / "d/s").native();
  const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  name.copy(address.sun_path, sizeof(address.sun_path) - 1);
  ASSERT_EQ(::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  ::mkfifo((dir.path() / "d/p").c_str(), 0600);
  ASSERT_TRUE(add("d", "/d"));
  ::close(fd);
  ASSERT_TRUE(finish(0));
  EXPECT_THAT(names(), ElementsAre("d/", "d/p"));
  ASSERT_EQ(diagnostics.warnings().size(), 1u);
  EXPECT_THAT(diagnostics.warnings()[0].message, HasSubstr("socket"));
}

TEST_F(FileTreeTest, AFifoNamedItself) {
  ::mkfifo((dir.path() / "pipe").c_str(), 0600);
  options.mode = 0620;
  ASSERT_TRUE(add("pipe", "/run/"));
  ASSERT_TRUE(finish(0));
  const FileEntry pipe = entry("run/pipe");
  EXPECT_EQ(pipe.type, EntryType::fifo);
  EXPECT_EQ(pipe.mode, 0620u);
}

TEST_F(FileTreeTest, RefusesNamesNoLayerCanHold) {
  put(dir.path() / "f");
  put(dir.path() / "w/.wh.x");
  for (const std::string to : {"relative", "/a/../b", "/..", "/a\nb", "/.wh.x"}) {
    EXPECT_FALSE(add("f", to)) << to;
  }
  expect_refused(add("w", "/w"), ".wh.");
  expect_refused(builder.add("/dev/null", "/null", options, diagnostics), "neither a file nor a folder");
  const Status missing = add("nowhere", "/x");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, Errc::not_found);
}

TEST_F(FileTreeTest, FilesWhoseNamesHaveControlCharactersArePacked) {
  put(dir.path() / "n/Icon\r");
  put(dir.path() / "n/a\nb/c\x7f");
  ASSERT_TRUE(add("n", "/n"));
  ASSERT_TRUE(add("n/Icon\r", "/m/"));
  ASSERT_TRUE(finish(0));
  EXPECT_THAT(names(), ElementsAre("m/", "m/Icon\r", "n/", "n/Icon\r", "n/a\nb/", "n/a\nb/c\x7f"));
}

TEST_F(FileTreeTest, WhiteoutsComeBeforeTheirSiblings) {
  put(dir.path() / "f");
  ASSERT_TRUE(add("f", "/usr/share/!first"));
  FileEntry gone;
  gone.type = EntryType::whiteout;
  gone.path = "usr/share/doc";
  ASSERT_TRUE(builder.add_entry(gone));
  ASSERT_TRUE(finish(0));
  EXPECT_THAT(names(), ElementsAre("usr/", "usr/share/", "usr/share/.wh.doc", "usr/share/!first"));
}

TEST_F(FileTreeTest, RemovingAndAddingOnePath) {
  put(dir.path() / "f");
  const auto remove = [this](const std::string& path) {
    FileEntry gone;
    gone.type = EntryType::whiteout;
    gone.path = path;
    return builder.add_entry(gone);
  };
  ASSERT_TRUE(remove("etc/app"));  // a folder that comes back with other content: opaque
  ASSERT_TRUE(add("f", "/etc/app/new"));
  ASSERT_TRUE(remove("etc/app/old"));  // inside what is gone already
  ASSERT_TRUE(remove("bin/tool"));     // a file that is replaced
  ASSERT_TRUE(add("f", "/bin/tool"));
  ASSERT_TRUE(remove("var"));
  ASSERT_TRUE(remove("var/log/x"));
  ASSERT_TRUE(finish(0));
  EXPECT_THAT(names(),
              ElementsAre(".wh.var", "bin/", "bin/tool", "etc/", "etc/app/", "etc/app/.wh..wh..opq", "etc/app/new"));
}

TEST_F(FileTreeTest, TheRootCannotBeRemoved) {
  FileEntry gone;
  gone.type = EntryType::whiteout;
  gone.path = "";
  expect_refused(builder.add_entry(gone), "root folder");
}

/// Everything that decides a tar.
std::string shown(const FileTree& tree) {
  std::string out;
  for (const FileEntry& e : entries_of(tree)) {
    out += fmt::format("{} {} {:o} {}:{} {} {} -> {} [{}]", tar_name(e), static_cast<int>(e.type), e.mode, e.uid, e.gid,
                       e.mtime, e.size, e.link, e.content);
    for (const auto& [name, value] : e.xattrs)
      out += fmt::format(" {}={}", name, value);
    out += fmt::format(" {} {}\n", e.source, e.seen.inode);
  }
  return out;
}

TEST_F(FileTreeTest, WhatSpillsIsTheSameAsWhatDoesNot) {
  for (int i = 0; i < 300; ++i) {
    const std::string name = fmt::format("d/{:x}/{:x}/f{}", i * 7919 % 16, i * 31 % 5, i);
    put(dir.path() / name, std::to_string(i));
    if (i % 9 == 0) stdfs::create_hard_link(dir.path() / name, dir.path() / fmt::format("d/{:x}-link{}", i % 4, i));
  }
  stdfs::create_symlink("f0", dir.path() / "d/link");
  stdfs::create_directory(dir.path() / "spill");
  std::vector<std::string> results;
  for (const std::size_t memory : {8u << 20, 20'000u, 3'000u, 200u}) {
    builder = FileTreeBuilder(real_fs(), {&real_fs(), dir.path() / "spill", memory});
    options.xattrs = {{"user.x", "y"}};
    ASSERT_TRUE(add("d", "/z"));
    options.xattrs = {};
    ASSERT_TRUE(add("d", "/a/b"));
    ASSERT_TRUE(add("d/0/0/f0", "/m"));
    FileEntry gone;
    gone.type = EntryType::whiteout;
    gone.path = "a/gone";
    ASSERT_TRUE(builder.add_entry(gone));
    ASSERT_TRUE(finish(3));
    results.push_back(shown(*tree));
    EXPECT_TRUE(stdfs::is_empty(dir.path() / "spill")) << "temporary files have no names";
  }
  EXPECT_GT(tree->size(), 700u);
  for (const std::string& result : results)
    EXPECT_EQ(result, results.front());
}

TEST_F(FileTreeTest, AFullDiskWhileSpillingIsAFailure) {
  test::FaultFs full;
  full.fail_at(1, Error(Errc::failed, "no space"));
  put(dir.path() / "d/f");
  builder = FileTreeBuilder(real_fs(), {&full, dir.path(), 10});
  EXPECT_EQ(add("d", "/d").error().message, "no space");
}

TEST_F(FileTreeTest, WhatAFolderCannotHave) {
  std::filesystem::create_directories(dir.path() / "d");
  options.mode = 0700;
  expect_refused(add("d", "/"), "whose mode cannot be declared");
  ASSERT_TRUE(add("d", "/d"));
  options.mode = 0755;
  expect_refused(add("d", "/d"), "a folder with mode 0700 and owner 0:0");
  options.xattrs["security.capability"] = "x";
  expect_refused(add("d", "/x"), "cannot have the capabilities");
}

/// Counts how often each folder is opened.
class CountingFs final : public ForwardingFileSystem {
 public:
  CountingFs() : ForwardingFileSystem(real_fs()) {}
  Result<std::unique_ptr<Folder>> open_folder(const stdfs::path& path) override {
    ++opened[path.filename().native()];
    return real_fs().open_folder(path);
  }
  std::map<std::string, int> opened;
};

TEST_F(FileTreeTest, EveryFolderIsListedOnce) {
  put(dir.path() / "full/sub/f");
  stdfs::create_directories(dir.path() / "empty");
  CountingFs counting;
  builder = FileTreeBuilder(counting);
  options.mode = 0700;
  ASSERT_TRUE(add("full", "/full"));
  ASSERT_TRUE(add("empty", "/empty"));
  ASSERT_TRUE(finish(0));
  EXPECT_THAT(counting.opened, ElementsAre(Pair("empty", 1), Pair("full", 1), Pair("sub", 1)));
  EXPECT_EQ(entry("empty").mode, 0700u);
  EXPECT_EQ(entry("full").mode, 0755u) << "a mode is that of the files in it";
  EXPECT_EQ(entry("full/sub/f").mode, 0700u);
}

TEST_F(FileTreeTest, AFolderThatIsNowhereOnDisk) {
  options.epoch = 9;
  ASSERT_TRUE(builder.add_folder("/plain", options));
  options.mode = 01777;
  options.uid = 5;
  ASSERT_TRUE(builder.add_folder("/data/tmp", options));
  expect_refused(builder.add_folder("/", options), "whose mode cannot be declared");
  expect_refused(builder.add_folder("relative", options), "relative");
  ASSERT_TRUE(finish(3));
  EXPECT_THAT(names(), ElementsAre("data/", "data/tmp/", "plain/"));
  EXPECT_EQ(entry("plain").mode, 0755u);
  EXPECT_EQ(entry("plain").mtime, 9);
  EXPECT_EQ(entry("data").mtime, 3);
  EXPECT_EQ(entry("data/tmp").mode, 01777u);
  EXPECT_EQ(entry("data/tmp").uid, 5u);
}

TEST_F(FileTreeTest, CopiesShareWhatDoesNotChange) {
  put(dir.path() / "f");
  ASSERT_TRUE(add("f", "/f"));
  ASSERT_TRUE(finish(0));
  const FileTree copy = *tree;
  const Digest listed = copy.listing().digest;
  tree.reset();
  EXPECT_EQ(copy.listing().digest, listed);
  EXPECT_EQ(entries_of(copy).size(), 1u);
}

}  // namespace
}  // namespace slipway::layer
