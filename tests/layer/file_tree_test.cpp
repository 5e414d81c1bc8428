#include "slipway/layer/file_tree.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <fstream>

#include "support/temp_dir.h"

namespace slipway::layer {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

void put(const stdfs::path& file, std::string_view text = "x") {
  stdfs::create_directories(file.parent_path());
  std::ofstream(file, std::ios::binary) << text;
}

class FileTreeTest : public ::testing::Test {
 protected:
  Status add(const std::string& from, const std::string& to) {
    return tree.add(real_fs(), dir.path() / from, to, options, diagnostics);
  }
  std::vector<std::string> names() const {
    std::vector<std::string> out;
    for (const Entry& entry : tree.entries())
      out.push_back(tar_name(entry));
    return out;
  }
  const Entry& entry(const std::string& path) const {
    for (const Entry& e : tree.entries()) {
      if (e.path == path) return e;
    }
    ADD_FAILURE() << "no entry " << path;
    return tree.entries().front();
  }
  void expect_refused(const Status& status, const std::string& text) {
    ASSERT_FALSE(status) << "expected: " << text;
    EXPECT_EQ(status.error().code, Errc::invalid_argument);
    EXPECT_THAT(status.error().describe(), HasSubstr(text));
  }
  test::TempDir dir;
  TreeOptions options;
  Diagnostics diagnostics;
  FileTree tree;
};

TEST_F(FileTreeTest, AFileBecomesItsTarget) {
  put(dir.path() / "hello");
  ASSERT_TRUE(add("hello", "/usr/bin/hello"));
  ASSERT_TRUE(add("hello", "/opt/"));
  ASSERT_TRUE(tree.finish(0));
  EXPECT_THAT(names(), ElementsAre("opt/", "opt/hello", "usr/", "usr/bin/", "usr/bin/hello"));
}

TEST_F(FileTreeTest, AFoldersContentsGoInto) {
  put(dir.path() / "assets/b");
  put(dir.path() / "assets/a/x");
  put(dir.path() / "assets/a-b");
  stdfs::create_directories(dir.path() / "assets/empty");
  ASSERT_TRUE(add("assets", "/srv"));
  ASSERT_TRUE(tree.finish(0));
  EXPECT_THAT(names(), ElementsAre("srv/", "srv/a/", "srv/a/x", "srv/a-b", "srv/b", "srv/empty/"));
}

TEST_F(FileTreeTest, AFolderMayFillTheRoot) {
  put(dir.path() / "root/etc/x");
  ASSERT_TRUE(add("root", "/"));
  ASSERT_TRUE(tree.finish(0));
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
  ASSERT_TRUE(tree.finish(options.epoch));
  EXPECT_EQ(entry("d/tool").mode, 0755u);
  EXPECT_EQ(entry("d/data").mode, 0644u);
  EXPECT_EQ(entry("d").mode, 0755u);
  EXPECT_EQ(entry("d/link").mode, 0777u);
  EXPECT_EQ(entry("d/link").link, "tool");
  for (const Entry& e : tree.entries()) {
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
  ASSERT_TRUE(tree.finish(0));
  EXPECT_EQ(entry("kept").mode, 0700u);
  EXPECT_EQ(entry("kept/tool").mode, 02750u);
  EXPECT_EQ(entry("su").mode, 04755u);
  EXPECT_EQ(entry("su").uid, 65532u);
  EXPECT_EQ(entry("su").gid, 7u);
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
  EXPECT_EQ(entry("old").mtime, 1000);
  EXPECT_EQ(entry("new").mtime, 5000);
}

TEST_F(FileTreeTest, ANamedSymlinkIsFollowedAndOthersAreNot) {
  put(dir.path() / "libx.so.1.2", "elf");
  stdfs::create_symlink("libx.so.1.2", dir.path() / "libx.so.1");
  stdfs::create_directory(dir.path() / "d");
  stdfs::create_symlink("/etc/passwd", dir.path() / "d/link");
  ASSERT_TRUE(add("libx.so.1", "/lib/libx.so.1"));
  ASSERT_TRUE(add("d", "/d"));
  ASSERT_TRUE(tree.finish(0));
  EXPECT_EQ(entry("lib/libx.so.1").type, EntryType::regular);
  EXPECT_EQ(entry("lib/libx.so.1").size, 3u);
  EXPECT_EQ(entry("d/link").type, EntryType::symlink);
  EXPECT_EQ(entry("d/link").link, "/etc/passwd");
}

TEST_F(FileTreeTest, HardLinksPointToTheFirstName) {
  put(dir.path() / "d/z", "same");
  stdfs::create_hard_link(dir.path() / "d/z", dir.path() / "d/a");
  stdfs::create_hard_link(dir.path() / "d/z", dir.path() / "outside");
  ASSERT_TRUE(add("d", "/d"));
  ASSERT_TRUE(tree.finish(0));
  EXPECT_EQ(entry("d/a").type, EntryType::regular);
  EXPECT_EQ(entry("d/z").type, EntryType::hardlink);
  EXPECT_EQ(entry("d/z").link, "d/a");
}

TEST_F(FileTreeTest, OneNameAddedTwiceIsTwoFilesWhateverLinksToIt) {
  put(dir.path() / "tool");
  stdfs::create_hard_link(dir.path() / "tool", dir.path() / "cached");
  ASSERT_TRUE(add("tool", "/a"));
  ASSERT_TRUE(add("tool", "/b"));
  ASSERT_TRUE(tree.finish(0));
  EXPECT_EQ(entry("b").type, EntryType::regular);
}

TEST_F(FileTreeTest, TwiceIsAnErrorUnlessIdentical) {
  put(dir.path() / "one", "same");
  put(dir.path() / "two", "same");
  put(dir.path() / "three", "else");
  put(dir.path() / "four", "longer");
  ASSERT_TRUE(add("one", "/x"));
  EXPECT_TRUE(add("two", "/x"));
  expect_refused(add("three", "/x"), "/x is given twice");
  expect_refused(add("four", "/x"), "/x is given twice");
  options.mode = 0700;
  expect_refused(add("one", "/x"), "/x is given twice");
  ASSERT_TRUE(tree.finish(0));
  EXPECT_THAT(names(), ElementsAre("x"));
}

TEST_F(FileTreeTest, NothingLiesBelowAFileOrSymlink) {
  put(dir.path() / "f");
  put(dir.path() / "r/lib");
  ASSERT_TRUE(add("r/lib", "/lib"));
  ASSERT_TRUE(add("f", "/lib/f"));
  expect_refused(tree.finish(0), "/lib/f cannot lie below /lib");
}

TEST_F(FileTreeTest, NothingLiesDeepBelowAFileEither) {
  put(dir.path() / "f");
  ASSERT_TRUE(add("f", "/a"));
  ASSERT_TRUE(add("f", "/a/b/c"));
  expect_refused(tree.finish(0), "/a/b/c cannot lie below /a");
}

TEST_F(FileTreeTest, ExcludesAndTakesBack) {
  put(dir.path() / "a/keep.js");
  put(dir.path() / "a/keep.js.map");
  put(dir.path() / "a/deep/x.map");
  put(dir.path() / "a/tmp/want");
  put(dir.path() / "a/tmp/other");
  options.exclude = {"**/*.map", "tmp", "!tmp/want"};
  ASSERT_TRUE(add("a", "/a"));
  ASSERT_TRUE(tree.finish(0));
  EXPECT_THAT(names(), ElementsAre("a/", "a/deep/", "a/keep.js", "a/tmp/", "a/tmp/want"));
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
  ASSERT_TRUE(tree.finish(0));
  EXPECT_THAT(names(), ElementsAre("d/", "d/p"));
  ASSERT_EQ(diagnostics.warnings().size(), 1u);
  EXPECT_THAT(diagnostics.warnings()[0].message, HasSubstr("socket"));
}

TEST_F(FileTreeTest, RefusesNamesNoLayerCanHold) {
  put(dir.path() / "f");
  put(dir.path() / "w/.wh.x");
  put(dir.path() / "n/a\nb");
  put(dir.path() / "u/\xff");
  for (const std::string to : {"relative", "/a/../b", "/..", "/a\nb", "/\xff", "/.wh.x"}) {
    EXPECT_FALSE(add("f", to)) << to;
  }
  expect_refused(add("w", "/w"), ".wh.");
  expect_refused(add("n", "/n"), "control characters");
  expect_refused(add("u", "/u"), "not UTF-8");
  expect_refused(tree.add(real_fs(), "/dev/null", "/null", options, diagnostics), "neither a file nor a folder");
  const Status missing = add("nowhere", "/x");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, Errc::not_found);
}

TEST_F(FileTreeTest, WhiteoutsComeBeforeTheirSiblings) {
  put(dir.path() / "f");
  ASSERT_TRUE(add("f", "/usr/share/!first"));
  Entry gone;
  gone.type = EntryType::whiteout;
  gone.path = "usr/share/doc";
  ASSERT_TRUE(tree.add_entry(gone));
  ASSERT_TRUE(tree.finish(0));
  EXPECT_THAT(names(), ElementsAre("usr/", "usr/share/", "usr/share/.wh.doc", "usr/share/!first"));
}

TEST_F(FileTreeTest, RemovingAndAddingOnePath) {
  put(dir.path() / "f");
  const auto remove = [this](const std::string& path) {
    Entry gone;
    gone.type = EntryType::whiteout;
    gone.path = path;
    return tree.add_entry(gone);
  };
  ASSERT_TRUE(remove("etc/app"));  // a folder that comes back with other content: opaque
  ASSERT_TRUE(add("f", "/etc/app/new"));
  ASSERT_TRUE(remove("etc/app/old"));  // inside what is gone already
  ASSERT_TRUE(remove("bin/tool"));     // a file that is replaced
  ASSERT_TRUE(add("f", "/bin/tool"));
  ASSERT_TRUE(remove("var"));
  ASSERT_TRUE(remove("var/log/x"));
  ASSERT_TRUE(tree.finish(0));
  EXPECT_THAT(names(),
              ElementsAre(".wh.var", "bin/", "bin/tool", "etc/", "etc/app/", "etc/app/.wh..wh..opq", "etc/app/new"));
}

TEST_F(FileTreeTest, TheRootCannotBeRemoved) {
  Entry gone;
  gone.type = EntryType::whiteout;
  gone.path = "";
  expect_refused(tree.add_entry(gone), "root folder");
}

}  // namespace
}  // namespace slipway::layer
