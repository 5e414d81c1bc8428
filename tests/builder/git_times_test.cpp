#include "builder/git_times.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "builder/build_fixture.h"
#include "slipway/base/subprocess.h"

namespace slipway::builder {
namespace {

using ::testing::HasSubstr;

/// A working tree in a folder of its own.
class GitTimesTest : public BuildTest {
 protected:
  void SetUp() override {
    BuildTest::SetUp();
    work = stdfs::canonical(dir.path()) / "work";
    stdfs::create_directories(work / "sub");
    git({"init", "-q"});
    put(work / "a", "1");
    put(work / "sub/line\nfeed", "1");
    commit(1000);
  }
  void git(std::vector<std::string> words, std::int64_t time = 0) {
    Command command;
    command.argv = {"git", "-C", work.native(), "-c", "user.name=t", "-c", "user.email=t@example.com"};
    command.argv.insert(command.argv.end(), words.begin(), words.end());
    const std::string date = fmt::format("@{} +0000", time);
    command.extra_env = {{"GIT_COMMITTER_DATE", date}, {"GIT_AUTHOR_DATE", "@1 +0000"}};
    const auto done = run_command(command, {});
    ASSERT_TRUE(done) << done.error().describe();
    ASSERT_EQ(done->status, 0) << done->err;
  }
  void commit(std::int64_t time) {
    git({"add", "-A"});
    git({"commit", "-q", "-m", "x"}, time);
  }
  std::optional<std::int64_t> time_of(const std::string& file) {
    const auto times = GitTimes::read(work / "sub", {});
    EXPECT_TRUE(times) << times.error().describe();
    return times ? times->of(work / file) : std::nullopt;
  }
  stdfs::path work;
};

TEST_F(GitTimesTest, AFileHasTheTimeOfTheLastCommitThatChangedIt) {
  put(work / "a", "2");
  put(work / "later", "1");
  commit(2000);
  EXPECT_EQ(time_of("a"), 2000);
  EXPECT_EQ(time_of("later"), 2000);
  EXPECT_EQ(time_of("sub/line\nfeed"), 1000);
}

TEST_F(GitTimesTest, AFileThatNoCommitHasAsItIsHasNone) {
  put(work / "new", "1");
  put(work / "a", "changed");
  EXPECT_EQ(time_of("new"), std::nullopt);
  EXPECT_EQ(time_of("a"), std::nullopt);
  EXPECT_EQ(time_of("../elsewhere"), std::nullopt);
  EXPECT_EQ(time_of("sub/line\nfeed"), 1000);
}

TEST_F(GitTimesTest, AMergeChangesOnlyWhatNoParentHas) {
  git({"branch", "-M", "trunk"});
  git({"checkout", "-q", "-b", "side"});
  put(work / "side", "1");
  commit(2000);
  git({"checkout", "-q", "trunk"});
  put(work / "main", "1");
  commit(3000);
  git({"merge", "-q", "--no-ff", "-m", "m", "side"}, 4000);
  EXPECT_EQ(time_of("side"), 2000);
  EXPECT_EQ(time_of("main"), 3000);
  EXPECT_EQ(time_of("a"), 1000);
}

TEST_F(GitTimesTest, APartOfAHistoryIsRefused) {
  put(work / "a", "2");
  commit(2000);
  git({"clone", "-q", "--depth", "1", "file://" + work.native(), (work / "copy").native()});
  const auto times = GitTimes::read(work / "copy", {});
  ASSERT_FALSE(times);
  EXPECT_EQ(times.error().code, Errc::invalid_argument);
  EXPECT_THAT(times.error().hint, HasSubstr("fetch-depth: 0"));
}

TEST_F(GitTimesTest, LayersHaveTheTimes) {
  put(work / "sub/untracked", "1");
  stdfs::create_directory_symlink("work", stdfs::path(dir.path()) / "linked");
  const Recipe recipe = yaml(
      "app: a\nimage:\n  platforms: [linux/amd64]\n  times: git\n  layers:\n    - name: one\n      files:\n"
      "        - {from: linked/, to: /srv, exclude: [.git]}\n");
  // The recipe lies beside the working tree: git is asked where the recipe is.
  request.epoch = 7;
  EXPECT_THAT(must_fail(recipe, Errc::invalid_argument).describe(), HasSubstr("cannot ask git"));
  Recipe inside = recipe;
  inside.folder = work;
  inside.layers[0].files[0].from.text = "../linked/";
  to_layout();
  const BuildResult built = must_build(inside);
  std::map<std::string, std::int64_t> times;
  auto target = book.open_for_reading(oci::Location::layout(out().native()), Side::source);
  ASSERT_TRUE(target);
  auto blob = (*target)->fetch(built.images[0].layers[0]);
  ASSERT_TRUE(blob);
  const auto tar = io::decompressor(*std::move(blob));
  ASSERT_TRUE(layer::read_tar(*tar, {}, [&](const layer::FileEntry& entry, io::Source&) -> Status {
    times[entry.path] = entry.mtime;
    return {};
  }));
  const std::map<std::string, std::int64_t> wanted = {
      {"srv", 7}, {"srv/a", 1000}, {"srv/sub", 7}, {"srv/sub/line\nfeed", 1000}, {"srv/sub/untracked", 7}};
  EXPECT_EQ(times, wanted);
}

}  // namespace
}  // namespace slipway::builder
