#include "run/bundle.h"

#include <fcntl.h>
#include <fmt/ranges.h>
#include <gmock/gmock.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <functional>

#include "run/attached_process.h"
#include "run/bubblewrap.h"
#include "run/find_program.h"
#include "run/scratch.h"
#include "slipway/run/image_store.h"
#include "slipway/run/runner.h"
#include "support/header_example.h"

/// The example of runner.h.
namespace slipway {
namespace {

Result<int> start(FileSystem& fs, store::ReadTarget& from, const image::Image& image, const oci::Location& at,
                  const std::string& runner_name) {
  SLIPWAY_ASSIGN(const run::Runner runner, run::find_runner(runner_name));
  run::RunRequest request{.fs = fs, .runner = runner, .from = from, .image = image};
  request.location = at;
  request.name = "team/app:v1";
  request.values = {{"LOG_LEVEL", "debug"}};
  request.files = [&] { return image::merge_files(from, image); };
  return run::run_image(request, {});
}

}  // namespace
}  // namespace slipway

namespace slipway::run {
namespace {

TEST(Runner, TheHeadersExampleIsCompiled) {
  test::expect_example_is_compiled("include/slipway/run/runner.h", "tests/run/bundle_test.cpp");
  // It would start a container, which the end-to-end tests of run do.
  const std::function<decltype(start)> example = start;
  EXPECT_TRUE(static_cast<bool>(example));
  const auto unknown = find_runner("no-such-runner");
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code, Errc::invalid_argument);
  EXPECT_THAT(unknown.error().message, testing::HasSubstr("no-such-runner"));
  const auto by_program = find_runner("bwrap");
  EXPECT_TRUE(by_program || by_program.error().code == Errc::not_found) << "bwrap is bubblewrap's program";
}

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kPasswd = "root:x:0:0::/:/bin/sh\nweb:x:33:34:Web:/:/bin/sh\nbroken\n:x::\n";
constexpr const char* kGroup = "root:x:0:\nwww:x:34:\nlogs:x:40:other,web\nssl:x:41:web\nbad:x:y:web\n";

TEST(ResolveUser, ReadsTheImagesOwnFiles) {
  struct Case {
    const char* user;
    std::uint32_t uid, gid;
    std::vector<std::uint32_t> groups;
  };
  for (const Case& c : std::vector<Case>{{"", 0, 0, {}},
                                         {"65532", 65532, 0, {}},
                                         {"65532:65533", 65532, 65533, {}},
                                         {"web", 33, 34, {40, 41}},
                                         {"33", 33, 34, {40, 41}},
                                         {"web:logs", 33, 40, {}},
                                         {"7:www", 7, 34, {}},
                                         {":www", 0, 34, {}}}) {
    const auto user = resolve_user(c.user, kPasswd, kGroup);
    ASSERT_TRUE(user) << c.user;
    EXPECT_EQ(user->uid, c.uid) << c.user;
    EXPECT_EQ(user->gid, c.gid) << c.user;
    EXPECT_EQ(user->groups, c.groups) << c.user;
  }
}

TEST(ResolveUser, RefusesNamesThatTheImageLacks) {
  for (const char* user : {"nobody", "web:nobody", "-1", "4294967296", "0x1", "web "}) {
    const auto found = resolve_user(user, kPasswd, kGroup);
    ASSERT_FALSE(found) << user;
    EXPECT_EQ(found.error().code, Errc::invalid_argument);
    EXPECT_THAT(found.error().hint, HasSubstr("numeric user"));
  }
  EXPECT_FALSE(resolve_user("web", "", ""));
}

std::vector<std::string> words_at(const Json& json, std::string_view part, std::string_view key) {
  std::vector<std::string> words;
  const Json* array = json.find(part) == nullptr ? nullptr : json.find(part)->find(key);
  if (array == nullptr || array->array() == nullptr) return words;
  for (const Json& word : *array->array())
    words.push_back(*word.string());
  return words;
}

Json made(const BundleRequest& request) {
  auto json = runtime_config(request);
  EXPECT_TRUE(json) << json.error().describe();
  return json.value_or(Json());
}

TEST(RuntimeConfig, StartsWhatTheImageSays) {
  oci::ImageConfig config;
  config.entrypoint = {"/app"};
  config.cmd = {"serve"};
  EXPECT_THAT(
      words_at(made({.config = config, .values = {}, .args = {}, .user = {}, .rootless = {}}), "process", "args"),
      ElementsAre("/app", "serve"));
  EXPECT_THAT(words_at(made({.config = config, .values = {}, .args = {"--help"}, .user = {}, .rootless = {}}),
                       "process", "args"),
              ElementsAre("/app", "--help"));
  config = {};
  const auto nothing = runtime_config({.config = config, .values = {}, .args = {}, .user = {}, .rootless = {}});
  ASSERT_FALSE(nothing);
  EXPECT_THAT(nothing.error().hint, HasSubstr("after --"));
}

TEST(RuntimeConfig, TheReleasesValuesAreOverTheImages) {
  oci::ImageConfig config;
  config.cmd = {"/app"};
  config.env = {"A=1", "PATH=/x", "B=2", "odd"};
  const Json json =
      made({.config = config, .values = {{"B", "x=y z"}, {"C", ""}}, .args = {}, .user = {}, .rootless = {}});
  EXPECT_THAT(words_at(json, "process", "env"), ElementsAre("PATH=/x", "A=1", "B=x=y z", "C="));
  EXPECT_EQ(*json.find("process")->find("cwd")->string(), "/");
}

TEST(RuntimeConfig, WithoutRootItsRootIsTheUser) {
  oci::ImageConfig config;
  config.cmd = {"/app"};
  config.working_dir = "/srv";
  const ProcessUser web{33, 34, {40}};
  const Json rooted = made({.config = config, .values = {}, .args = {}, .user = web, .rootless = {}});
  EXPECT_EQ(*rooted.find("process")->find("user"), *Json::parse(R"({"uid":33,"gid":34,"additionalGids":[40]})", "u"));
  EXPECT_EQ(rooted.find("linux")->find("uidMappings"), nullptr);
  EXPECT_EQ(*rooted.find("process")->find("cwd")->string(), "/srv");
  const Json rootless =
      made({.config = config, .values = {}, .args = {}, .user = web, .rootless = std::pair(1000u, 1001u)});
  EXPECT_EQ(*rootless.find("process")->find("user"), *Json::parse(R"({"uid":0,"gid":0})", "u"));
  EXPECT_EQ(*rootless.find("linux")->find("gidMappings"),
            *Json::parse(R"([{"containerID":0,"hostID":1001,"size":1}])", "m"));
  EXPECT_THAT(rootless.find("linux")->find("namespaces")->compact(), HasSubstr("user"));
}

TEST(FindRunner, SaysWhichNamesThereAre) {
  const auto unknown = find_runner("dokcer");
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code, Errc::invalid_argument);
  EXPECT_THAT(unknown.error().hint, HasSubstr("nerdctl"));
}

TEST(StoreKinds, HaveTheWordsOfTheContract) {
  for (const char* word : {"podman", "docker", "nerdctl", "containerd"}) {
    const auto kind = parse_store_kind(word);
    ASSERT_TRUE(kind);
    EXPECT_EQ(name_of(*kind), word);
  }
  EXPECT_EQ(program_of(StoreKind::containerd), "ctr");
  EXPECT_FALSE(parse_store_kind(""));
}

TEST(ScratchFolder, GoesAwayWithFoldersThatAreClosed) {
  stdfs::path path;
  {
    const auto scratch = Scratch::make(real_fs());
    ASSERT_TRUE(scratch);
    path = scratch->path();
    stdfs::create_directories(path / "a/b/c");
    stdfs::create_directory_symlink("/", path / "a/root");
    stdfs::permissions(path / "a/b", stdfs::perms::none);
    stdfs::permissions(path / "a", stdfs::perms::owner_read);
    EXPECT_EQ(real_fs().stat(path)->mode, 0700u);
  }
  EXPECT_FALSE(stdfs::exists(path));
}

TEST(RunAttached, GivesTheProgramsStatus) {
  EXPECT_EQ(*run_attached({"sh", "-c", "exit 7"}, {}), 7);
  EXPECT_EQ(*run_attached({"sh", "-c", "kill -9 $$"}, {}), 137);
  const auto missing = run_attached({"/no/such/program"}, {});
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, Errc::not_found);
  EXPECT_THAT(find_program("no-such-program"), IsEmpty());
  EXPECT_THAT(find_program("sh"), HasSubstr("/sh"));
}

TEST(RunAttached, PassesAStopOn) {
  if (::isatty(0) == 1) return;  // a terminal tells the program itself
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(*run_attached({"sh", "-c", "sleep 60"}, stop.get_token()), 143);
}

TEST(RunAttached, KeepsADescriptorOpenAndSignalsTheProcessThatIsFound) {
  if (::isatty(0) == 1) return;  // a terminal tells the program itself
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  const OwnedFd from(ends[0]);
  OwnedFd to(ends[1]);
  std::stop_source stop;
  stop.request_stop();
  // The shell says who its child is; the child gets the signal in its place.
  const std::string script = fmt::format(
      "trap 'exit 6' TERM; sh -c 'trap \"exit 5\" TERM; echo $$ >&{0}; while :; do sleep 0.01; done' &"
      " exec {0}>&-; wait $!",
      to.get());
  const Attachment how{.inherited = {to.get()}, .find_process = [&] {
                         std::array<char, 32> text{};
                         EXPECT_GT(::read(from.get(), text.data(), text.size() - 1), 0);
                         return OwnedFd(static_cast<int>(
                             ::syscall(SYS_pidfd_open, static_cast<pid_t>(std::strtol(text.data(), nullptr, 10)), 0)));
                       }};
  EXPECT_EQ(*run_attached({"bash", "-c", script}, stop.get_token(), how), 5);
}

TEST(BubblewrapWords, KeepValuesOutOfArgvAndMakeTheImagesUserTheOwner) {
  oci::ImageConfig config;
  config.env = {"A=of the image", "KEPT=1"};
  config.entrypoint = {"/bin/server", "--port"};
  config.cmd = {"80"};
  config.working_dir = "/srv";
  const BundleRequest request{.config = config,
                              .values = {{"A", "secret value"}, {"ODD", "a=b\nc"}},
                              .args = {},
                              .files = {{"/host/0", "/etc/app.conf"}},
                              .user = {.uid = 33, .gid = 34, .groups = {40}}};
  const auto words = bubblewrap_words(request, "/scratch/rootfs");
  ASSERT_TRUE(words);
  EXPECT_THAT(words->program, ElementsAre("/bin/server", "--port", "80"));
  EXPECT_THAT(words->values, ElementsAre("--clearenv", "--setenv", "PATH", testing::_, "--setenv", "A", "secret value",
                                         "--setenv", "KEPT", "1", "--setenv", "ODD", "a=b\nc"));
  const std::string options = fmt::format("{}", fmt::join(words->options, " "));
  EXPECT_THAT(options, Not(HasSubstr("secret")));
  EXPECT_THAT(options, HasSubstr("--unshare-user --uid 33 --gid 34 "));
  EXPECT_THAT(options, HasSubstr("--bind /scratch/rootfs / "));
  EXPECT_THAT(options, HasSubstr("--ro-bind /host/0 /etc/app.conf"));
  EXPECT_THAT(options, testing::EndsWith("--dir /srv --chdir /srv"));
  const oci::ImageConfig nothing;
  const auto refused = bubblewrap_words({.config = nothing}, "/r");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::invalid_argument);
}

}  // namespace
}  // namespace slipway::run
