#include "slipway/base/subprocess.h"

#include <gtest/gtest.h>

#include <thread>

#include "slipway/base/actor.h"
#include "slipway/base/shared_library.h"

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

TEST(Subprocess, TimeoutKillsTheWholeGroup) {
  const auto begin = std::chrono::steady_clock::now();
  const auto result =
      run_command({.argv = {"sh", "-c", "sleep 30 | sleep 30"}, .timeout = std::chrono::milliseconds(200)});
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code, Errc::failed);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(10));
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
