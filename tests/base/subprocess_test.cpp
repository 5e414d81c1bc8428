#include "slipway/base/subprocess.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <thread>

#include "slipway/base/actor.h"
#include "slipway/base/git.h"
#include "slipway/base/shared_library.h"
#include "slipway/base/text.h"
#include "support/temp_dir.h"

namespace slipway {
namespace {

TEST(Subprocess, FeedsAndCollects) {
  const auto result = run_command({.argv = {"cat"}, .input = std::string(60'000, 'x')});
  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(result->status, 0);
  EXPECT_EQ(result->out.size(), 60'000u);
}

TEST(Subprocess, StatusErrorTextDirectoryAndEnvironment) {
  const auto result = run_command({.argv = {"sh", "-c", "pwd; printf %s \"$MARK\" >&2; exit 7"},
                                   .directory = "/",
                                   .extra_env = {{"MARK", "here"}}});
  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(result->status, 7);
  EXPECT_EQ(result->out, "/\n");
  EXPECT_EQ(result->err, "here");
}

TEST(Subprocess, DeathBySignalIs128AndMore) {
  EXPECT_EQ(run_command({.argv = {"sh", "-c", "kill -TERM $$"}})->status, 128 + 15);
}

TEST(Subprocess, MissingProgramIsNotFound) {
  const auto result = run_command({.argv = {"slipway-no-such-program"}});
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code, Errc::not_found);
}

/// True for a process that runs; a zombie that nobody waited for does not.
bool is_running(const std::string& pid) {
  std::ifstream file("/proc/" + pid + "/stat");
  std::string text;
  std::getline(file, text);
  const std::size_t name_end = text.rfind(") ");
  return name_end != std::string::npos && text[name_end + 2] != 'Z' && text[name_end + 2] != 'X';
}

TEST(Subprocess, AChildThatClosedItsStreamsEndsAtTheDeadline) {
  const auto begin = std::chrono::steady_clock::now();
  const auto result = run_command({.argv = {"sh", "-c", "exec >&- 2>&- <&-; sleep 100"},
                                   .input = "asked",
                                   .timeout = std::chrono::milliseconds(300)});
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code, Errc::failed);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(10));
}

TEST(Subprocess, AnAnswerIsCompleteWhenTheChildEnded) {
  const auto begin = std::chrono::steady_clock::now();
  const auto result = run_command({.argv = {"sh", "-c", "sleep 20 & echo answer; exit 3"}});
  ASSERT_TRUE(result.has_value()) << result.error().describe();
  EXPECT_EQ(result->out, "answer\n");
  EXPECT_EQ(result->status, 3);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(10)) << "somebody else has the output";
}

TEST(Subprocess, TimeoutKillsTheWholeGroup) {
  const test::TempDir dir;
  const auto begin = std::chrono::steady_clock::now();
  const auto result = run_command({.argv = {"sh", "-c", "sleep 30 & echo $! > grandchild; wait"},
                                   .timeout = std::chrono::milliseconds(500),
                                   .directory = dir.path().native()});
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code, Errc::failed);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(10));
  std::string grandchild;
  std::getline(std::ifstream(dir.path() / "grandchild") >> std::ws, grandchild);
  ASSERT_FALSE(grandchild.empty()) << "the group had no second process";
  for (int i = 0; i < 500 && is_running(grandchild); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  EXPECT_FALSE(is_running(grandchild));
}

TEST(Subprocess, AVariableThatExistsIsReplacedNotRepeated) {
  ASSERT_EQ(::setenv("SLIPWAY_TEST_TWICE", "old", 1), 0);
  const auto result = run_command({.argv = {"env"}, .extra_env = {{"SLIPWAY_TEST_TWICE", "new"}}});
  ::unsetenv("SLIPWAY_TEST_TWICE");
  ASSERT_TRUE(result.has_value());
  std::vector<std::string> lines = split(result->out, '\n');
  std::erase_if(lines, [](const std::string& line) { return !line.starts_with("SLIPWAY_TEST_TWICE="); });
  EXPECT_EQ(lines, std::vector<std::string>{"SLIPWAY_TEST_TWICE=new"});
}

TEST(Subprocess, OutputIsCapped) {
  const auto result = run_command({.argv = {"sh", "-c", "yes"}, .max_output = 1000});
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code, Errc::too_large);
}

TEST(Subprocess, StopCancels) {
  std::stop_source stop;
  std::jthread later([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    stop.request_stop();
  });
  const auto result = run_command({.argv = {"sleep", "30"}}, stop.get_token());
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code, Errc::cancelled);
}

TEST(Subprocess, AChildThatDoesNotReadIsNoError) {
  const auto result = run_command({.argv = {"true"}, .input = std::string(1 << 20, 'x')});
  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(result->status, 0);
}

TEST(Git, RunsInTheFolderAndAnswersInEnglish) {
  const test::TempDir dir;
  ASSERT_EQ(run_git(dir.path(), {"init", "-q"})->status, 0);
  const auto answer = run_git(dir.path(), {"rev-parse", "--show-toplevel"});
  ASSERT_TRUE(answer.has_value()) << answer.error().describe();
  EXPECT_EQ(trim(answer->out), std::filesystem::canonical(dir.path()).native());
  const auto refused = run_git(dir.path(), {"rev-parse", "--verify", "HEAD"});
  EXPECT_EQ(refused->status, 128);
  EXPECT_EQ(trim(refused->err), "fatal: Needed a single revision");
}

TEST(Actor, OwnVariableThenCiThenUserAtHost) {
  const auto env = [](std::map<std::string, std::string> values) {
    return [values](const std::string& name) -> std::optional<std::string> {
      const auto at = values.find(name);
      if (at == values.end()) return std::nullopt;
      return at->second;
    };
  };
  EXPECT_EQ(resolve_actor(env({{"SLIPWAY_ACTOR", "me"}, {"GITHUB_ACTOR", "ci"}})).name, "me");
  EXPECT_EQ(resolve_actor(env({{"SLIPWAY_ACTOR", ""}, {"GITHUB_ACTOR", "ci"}})).name, "ci");
  EXPECT_NE(resolve_actor(env({})).name.find('@'), std::string::npos);
}

TEST(SharedLibrary, NamesThePackageWhenMissing) {
  const auto library = SharedLibrary::load("libno-such-thing.so.9", "libno9");
  ASSERT_FALSE(library.has_value());
  EXPECT_EQ(library.error().hint, "install the package libno9");
}

TEST(SharedLibrary, BindsFunctions) {
  const auto library = SharedLibrary::load("libm.so.6", "libc6");
  ASSERT_TRUE(library.has_value());
  double (*square_root)(double) = nullptr;
  ASSERT_TRUE(library->bind({{"sqrt", square_root}}).has_value());
  EXPECT_EQ(square_root(9.0), 3.0);
  EXPECT_FALSE(library->bind({{"no_such_function_here", square_root}}).has_value());
}

}  // namespace
}  // namespace slipway
