#include "slipway/builder/recipe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "builder/recipe_values.h"
#include "slipway/base/fs.h"

namespace slipway::builder {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

struct Decoded {
  Recipe recipe;
  std::vector<std::string> problems;  ///< "row: message"
};

Decoded decode(const std::string& yaml, const std::string& file = "/project/slipway.yaml") {
  const auto documents = config::parse_yaml(yaml, file);
  if (!documents) return {{}, {documents.error().describe()}};
  Diagnostics diagnostics;
  Decoded out{decode_recipe(documents->front(), file, diagnostics), {}};
  for (const Error& error : diagnostics.errors()) {
    out.problems.push_back(fmt::format("{}: {}", error.where ? error.where->row : 0, error.message));
  }
  return out;
}

constexpr const char* kContract = R"(app: hello
image:
  repository: registry.example.com/team/hello   # or "oci:./images": no server needed
  base: scratch
  platforms: [linux/amd64, linux/arm64]
  source: git
  layers:
    - name: runtime
      closure: ["builder/{arch}/hello"]
      sysroot: "/usr/aarch64-linux-gnu"
    - name: app
      files:
        - {from: "builder/{arch}/hello", to: /usr/bin/hello, mode: "0755", owner: "0:0"}
        - {from: assets/, to: /srv/assets/, exclude: ["**/*.map"]}
      remove: [/usr/share/doc]
    - name: vendor
      archive: third_party.tar.zst
  config: {entrypoint: [/usr/bin/hello], cmd: [], env: {LANG: C.UTF-8}, user: "65532:65532",
           workdir: /, ports: [8080/tcp], volumes: [], labels: {}, stop-signal: SIGTERM}
  annotations: {}
  compression: {format: gzip, level: default}
environments:
  staging: {whatever: "is another room's"}
ledger: {repository: registry.example.com/team/hello-releases}
)";

TEST(Recipe, TheContractsExampleParses) {
  const Decoded d = decode(kContract);
  EXPECT_THAT(d.problems, ElementsAre());
  const Recipe& r = d.recipe;
  EXPECT_EQ(r.app, "hello");
  EXPECT_EQ(r.folder, "/project");
  EXPECT_EQ(r.repository->str(), "registry.example.com/team/hello");
  EXPECT_FALSE(r.base);
  ASSERT_EQ(r.platforms.size(), 2u);
  EXPECT_EQ(r.platforms[1].str(), "linux/arm64");
  EXPECT_TRUE(r.source_git);
  ASSERT_EQ(r.layers.size(), 3u);
  EXPECT_EQ(r.layers[0].closure[0].text, "builder/{arch}/hello");
  EXPECT_EQ(r.layers[0].closure[0].where.row, 9);
  EXPECT_EQ(r.layers[0].sysroot->text, "/usr/aarch64-linux-gnu");
  ASSERT_EQ(r.layers[1].files.size(), 2u);
  EXPECT_EQ(r.layers[1].files[0].mode, 0755u);
  EXPECT_EQ(r.layers[1].files[0].owner->uid, 0u);
  EXPECT_THAT(r.layers[1].files[1].exclude, ElementsAre("**/*.map"));
  EXPECT_EQ(r.layers[1].remove[0].text, "/usr/share/doc");
  EXPECT_EQ(r.layers[2].archive->text, "third_party.tar.zst");
  EXPECT_THAT(*r.config.entrypoint, ElementsAre("/usr/bin/hello"));
  ASSERT_TRUE(r.config.cmd);
  EXPECT_TRUE(r.config.cmd->empty());
  EXPECT_THAT(r.config.env, ElementsAre(Pair("LANG", "C.UTF-8")));
  EXPECT_EQ(r.config.user, "65532:65532");
  EXPECT_EQ(r.config.stop_signal, "SIGTERM");
  EXPECT_THAT(r.config.ports, ElementsAre("8080/tcp"));
  EXPECT_THAT(top_level_keys(), ElementsAre("app", "image", "environments", "ledger", "pin"));
}

TEST(Recipe, MembersOfDockersImageFormat) {
  const auto config = [](const std::string& text) { return decode("app: a\nimage:\n  config: {" + text + "}\n"); };
  const Decoded all = config(
      "healthcheck: {test: [/bin/ok, -q], interval: 30s, timeout: 3s, start-period: 1m, start-interval: 1s, retries: "
      "5},"
      " shell: [/bin/bash, -c], on-build: [\"RUN make\"], author: me");
  EXPECT_THAT(all.problems, ElementsAre());
  const HealthCheck& check = all.recipe.config.health_check.value();
  EXPECT_THAT(check.test, ElementsAre("CMD", "/bin/ok", "-q"));
  EXPECT_EQ(check.interval, 30'000'000'000);
  EXPECT_EQ(check.timeout, 3'000'000'000);
  EXPECT_EQ(check.start_period, 60'000'000'000);
  EXPECT_EQ(check.start_interval, 1'000'000'000);
  EXPECT_EQ(check.retries, 5);
  EXPECT_THAT(*all.recipe.config.shell, ElementsAre("/bin/bash", "-c"));
  EXPECT_THAT(all.recipe.config.on_build, ElementsAre("RUN make"));
  EXPECT_EQ(all.recipe.config.author, "me");
  EXPECT_THAT(config("healthcheck: {test: exit 0}").recipe.config.health_check->test,
              ElementsAre("CMD-SHELL", "exit 0"));
  EXPECT_THAT(config("healthcheck: none").recipe.config.health_check->test, ElementsAre("NONE"));
  for (const char* bad : {"healthcheck: off", "healthcheck: {interval: 3s}", "healthcheck: {test: []}",
                          "healthcheck: {test: a, interval: 3}", "healthcheck: {test: a, retry: 3}",
                          "healthcheck: {test: a, retries: -1}", "healthcheck: [a]"})
    EXPECT_THAT(config(bad).problems, ::testing::Not(ElementsAre())) << bad;
}

// docs/SLIPWAY_YAML.md prints the same file; scripts/check_docs compares them.
TEST(Recipe, TheDocumentedExampleParses) {
  const char* folder = std::getenv("SLIPWAY_TESTDATA");
  const auto text =
      read_file(real_fs(), std::filesystem::path(folder != nullptr ? folder : "testdata") / "contract-example.yaml");
  ASSERT_TRUE(text);
  const Decoded d = decode(*text);
  EXPECT_THAT(d.problems, ElementsAre());
  ASSERT_EQ(d.recipe.layers.size(), 4u);
  EXPECT_EQ(d.recipe.layers[0].runtime.size(), 3u);
  EXPECT_EQ(d.recipe.layers[1].files.size(), 6u);
  EXPECT_TRUE(d.recipe.layers[1].files[3].replace);
  EXPECT_TRUE(d.recipe.layers[3].split_by_churn && d.recipe.layers[3].clamp_times);
  EXPECT_TRUE(d.recipe.split_debug && d.recipe.check_symbols);
  EXPECT_THAT(d.recipe.sboms, ElementsAre("spdx"));
}

TEST(Recipe, ACodecBelongsToItsCompressionAndLevel) {
  const auto decoded = [](const std::string& image) { return decode("app: a\nimage: {" + image + "}\n"); };
  const Decoded known = decoded("compression: {format: zstd}, codec: zstd-1.5.7");
  EXPECT_THAT(known.problems, ElementsAre());
  EXPECT_EQ(known.recipe.codec, "zstd-1.5.7");
  EXPECT_EQ(decoded("compression: {format: zstd}").recipe.codec, "");
  EXPECT_EQ(decoded("codec: libdeflate-1.14").recipe.codec, "libdeflate-1.14");
  for (const char* bad : {"compression: {format: zstd}, codec: zstd-9", "codec: libdeflate-1.23",
                          "compression: {format: none}, codec: zstd-1.5.7"}) {
    const auto problems = decoded(bad).problems;
    ASSERT_EQ(problems.size(), 1u) << bad;
    EXPECT_THAT(problems[0], HasSubstr("image.codec")) << bad;
  }
}

TEST(Recipe, LayoutsAreRelativeToTheFile) {
  const Decoded d = decode("app: a\nimage: {repository: \"oci:./images\", base: \"oci:bases:debian\"}\n");
  EXPECT_THAT(d.problems, ElementsAre());
  EXPECT_THAT(d.recipe.repository->path(), ::testing::StartsWith("/project/"));
  EXPECT_THAT(d.recipe.base->path(), ::testing::StartsWith("/project/"));
  EXPECT_EQ(d.recipe.base->tag(), "debian");
}

TEST(Recipe, TimesAndModesAreInherited) {
  const Decoded d = decode(R"(app: a
image:
  times: clamp
  modes: keep
  layers:
    - {name: one, files: [{from: x, to: /x}, {from: y, to: /y, modes: default}]}
    - {name: two, times: epoch, modes: default, files: [{from: x, to: /x}]}
    - {name: three, times: git, files: [{from: x, to: /x, symlinks: follow}]}
)");
  EXPECT_THAT(d.problems, ElementsAre());
  EXPECT_TRUE(d.recipe.layers[0].clamp_times);
  EXPECT_TRUE(d.recipe.layers[0].files[0].keep_modes);
  EXPECT_FALSE(d.recipe.layers[0].files[1].keep_modes);
  EXPECT_FALSE(d.recipe.layers[1].clamp_times || d.recipe.layers[1].git_times);
  EXPECT_TRUE(!d.recipe.layers[2].clamp_times && d.recipe.layers[2].git_times);
  EXPECT_FALSE(d.recipe.layers[1].files[0].follow_links);
  EXPECT_TRUE(d.recipe.layers[2].files[0].follow_links);
  EXPECT_FALSE(d.recipe.layers[1].files[0].keep_modes);
}

TEST(Recipe, EveryMistakeAtOnceWithItsLine) {
  const Decoded d = decode(R"(app: Hello
image:
  repository: registry.example.com/team/hello:v1
  bse: scratch
  platforms: [linux, linux/amd64, linux/amd64]
  source: svn
  layers:
    - name: app
      files:
        - {from: "builder/{cpu}/x", to: usr/x, mode: "0999", owner: "root:root"}
        - {to: /y}
      remove: [/, ../x]
    - name: app
    - files: [{from: a, to: /.wh.a}]
  config: {env: {"A=B": c}, user: "a b", workdir: rel, ports: [http], volumes: [data],
           stop-signal: TERM}
  compression: {format: bzip2, level: 9}
)");
  const std::vector<std::pair<int, std::string>> wanted = {{1, "not a name of an app"},
                                                           {3, "tag or digest"},
                                                           {4, "bse"},
                                                           {5, "image.platforms"},
                                                           {5, "listed twice"},
                                                           {6, "source"},
                                                           {10, "{cpu}"},
                                                           {10, "does not start with \"/\""},
                                                           {10, "not a file mode"},
                                                           {10, "not an owner"},
                                                           {11, "from is missing"},
                                                           {12, "root folder"},
                                                           {12, "does not start"},
                                                           {13, "name \"app\""},
                                                           {13, "no content"},
                                                           {14, "name is missing"},
                                                           {14, ".wh."},
                                                           {15, "cannot name a variable"},
                                                           {15, "not a user"},
                                                           {15, "workdir"},
                                                           {15, "not a port"},
                                                           {15, "volumes"},
                                                           {16, "not a signal"},
                                                           {17, "compression format"},
                                                           {17, "compression level"}};
  for (const auto& [row, text] : wanted) {
    EXPECT_THAT(d.problems, ::testing::Contains(
                                ::testing::AllOf(::testing::StartsWith(fmt::format("{}: ", row)), HasSubstr(text))));
  }
  EXPECT_EQ(d.problems.size(), wanted.size()) << fmt::format("{}", fmt::join(d.problems, "\n"));
}

TEST(Recipe, WrongKindsAreReportedAndNotFollowed) {
  for (const char* yaml :
       {"app: a\nimage: 3\n", "app: a\nimage: {layers: 3}\n", "app: a\nimage: {layers: [3]}\n",
        "app: a\nimage: {layers: [{name: x, files: y}]}\n", "app: a\nimage: {layers: [{name: x, files: [y]}]}\n",
        "app: a\nimage: {config: []}\n", "app: a\nimage: {compression: gzip}\n", "app: [a]\nimage: {}\n",
        "app: a\nimage: {platforms: linux/amd64}\n", "app: a\n", "image: {}\n", "app: a\nimage: {annotations: [x]}\n",
        "app: a\nimage: {layers: [{name: x, remove: [{a: b}]}]}\n"}) {
    EXPECT_FALSE(decode(yaml).problems.empty()) << yaml;
  }
}

TEST(Recipe, RunTimeDataAndWhatHelpsAClosure) {
  const auto decoded = decode(
      "app: a\nimage:\n  layers:\n    - {name: one, closure: [x], dlopen: [liby.so], runtime: auto}\n"
      "    - {name: two, runtime: [tzdata, tmp]}\n    - {name: three, runtime: nothing}\n"
      "    - {name: four, dlopen: [libz.so], files: [{from: a, to: /a}]}\n");
  ASSERT_EQ(decoded.recipe.layers.size(), 4u);
  EXPECT_EQ(decoded.recipe.layers[0].dlopen[0].text + decoded.recipe.layers[0].runtime[0].text, "liby.soauto");
  EXPECT_EQ(decoded.recipe.layers[1].runtime.size(), 2u);
  EXPECT_THAT(decoded.problems, ElementsAre(HasSubstr("6: image.layers[2].runtime: \"nothing\" is not a kind"),
                                            HasSubstr("7: image.layers[3].dlopen: ")));
}

TEST(RecipeValues, Modes) {
  for (const char* bad : {"", "8", "07777777", "-1", "0x1", "rwx"})
    EXPECT_FALSE(parse_mode(bad)) << bad;
  EXPECT_EQ(*parse_mode("4755"), 04755u);
  EXPECT_EQ(*parse_mode("0755"), 0755u);
  EXPECT_EQ(*parse_mode("755"), 0755u);
  EXPECT_EQ(*parse_mode("04755"), 04755u);
  EXPECT_FALSE(parse_mode("17777"));
}

TEST(RecipeValues, OwnersPortsUsersSignals) {
  EXPECT_EQ(parse_owner("7")->gid, 0u);
  EXPECT_EQ(parse_owner("7:8")->gid, 8u);
  for (const char* bad : {"", ":", "1:", "a:b", "1:2:3", "4294967295", "-1"})
    EXPECT_FALSE(parse_owner(bad)) << bad;
  EXPECT_EQ(*parse_port("8080"), "8080/tcp");
  EXPECT_EQ(*parse_port("53/udp"), "53/udp");
  for (const char* bad : {"", "0", "65536", "80/icmp", "80/", "http", "80-90"})
    EXPECT_FALSE(parse_port(bad)) << bad;
  for (const char* good : {"0", "65532:65532", "2147483647", "app", "app:staff", "1000:"})
    EXPECT_TRUE(parse_user(good)) << good;
  for (const char* bad :
       {"", "0\n", "a b", "a:b:c", "a/b", "99999999999", "2147483648", "-1", "+1", "0x10", "1a", "0:-1", ":0"})
    EXPECT_FALSE(parse_user(bad)) << bad;
  for (const char* bad : {"security.capability", "system.posix_acl_access", "security.ima", "trusted.x", "origin"})
    EXPECT_FALSE(check_attribute(bad, "x")) << bad;
  EXPECT_TRUE(check_attribute("user.origin", "x"));
  EXPECT_TRUE(check_attribute("user." + std::string(250, 'n'), std::string(65536, 'v')));
  EXPECT_FALSE(check_attribute("user." + std::string(251, 'n'), "x"));
  EXPECT_FALSE(check_attribute("user.origin", std::string(65537, 'v')));
  EXPECT_THAT(check_attribute("security.capability", "cap_net_bind_service=ep").error().hint,
              HasSubstr("key 'capabilities'"));
  for (const char* good : {"SIGTERM", "15", "SIGRTMIN+3"})
    EXPECT_TRUE(parse_stop_signal(good)) << good;
  for (const char* bad : {"", "TERM", "0", "65", "SIG", "sigterm"})
    EXPECT_FALSE(parse_stop_signal(bad)) << bad;
}

TEST(RecipeValues, TimesOfHealthChecks) {
  for (const auto& [text, nanoseconds] : {std::pair<std::string_view, std::int64_t>("30s", 30'000'000'000),
                                          {"1m30s", 90'000'000'000},
                                          {"500ms", 500'000'000},
                                          {"1h", 3'600'000'000'000},
                                          {"0", 0}}) {
    const auto time = parse_health_time(text);
    ASSERT_TRUE(time) << text;
    EXPECT_EQ(*time, nanoseconds) << text;
  }
  for (const char* bad : {"", "30", "s", "-1s", "1.5s", "1us", "25h", "99999999999999999999s", "1s ", "24h1ms"})
    EXPECT_FALSE(parse_health_time(bad)) << bad;
  for (const char* bad : {"", "-1", "x", "1001"})
    EXPECT_FALSE(parse_retries(bad)) << bad;
}

TEST(RecipeValues, TestsOfHealthChecks) {
  EXPECT_THAT(*health_test({"/bin/ok", "-q"}), ElementsAre("CMD", "/bin/ok", "-q"));
  EXPECT_THAT(*health_test({"CMD", "/bin/ok"}), ElementsAre("CMD", "/bin/ok"));
  EXPECT_THAT(*health_test({"CMD-SHELL", "exit 0"}), ElementsAre("CMD-SHELL", "exit 0"));
  EXPECT_THAT(*health_test({"NONE"}), ElementsAre("NONE"));
  EXPECT_FALSE(health_test({}));
  EXPECT_FALSE(health_test({"CMD"}));
  EXPECT_FALSE(health_test({"CMD-SHELL", ""}));
  EXPECT_FALSE(health_test({"CMD-SHELL", "a", "b"}));
  EXPECT_FALSE(health_test({"NONE", "x"}));
}

TEST(RecipeValues, Placeholders) {
  const auto arm = *oci::Platform::parse("linux/arm/v7");
  EXPECT_EQ(expand_placeholders("a/{os}-{arch}{variant}/b", arm), "a/linux-armv7/b");
  EXPECT_EQ(expand_placeholders("plain", arm), "plain");
  EXPECT_TRUE(check_placeholders("{os}{arch}"));
  EXPECT_FALSE(check_placeholders("{"));
  EXPECT_FALSE(check_placeholders("{os}/{cpu}"));
}

TEST(AdHoc, HealthCheckNeedsItsCommand) {
  AdHocRequest request;
  request.health_cmd = R"(["/bin/ok"])";
  request.health_interval = "1m";
  request.health_retries = "2";
  const auto r = recipe_from_flags(request, "/cwd");
  ASSERT_TRUE(r) << r.error().describe();
  EXPECT_THAT(r->config.health_check->test, ElementsAre("CMD", "/bin/ok"));
  EXPECT_EQ(r->config.health_check->interval, 60'000'000'000);
  EXPECT_EQ(r->config.health_check->retries, 2);
  request.health_cmd = "curl localhost";
  EXPECT_THAT(recipe_from_flags(request, "/cwd")->config.health_check->test,
              ElementsAre("CMD-SHELL", "curl localhost"));
  request.health_cmd.reset();
  EXPECT_FALSE(recipe_from_flags(request, "/cwd")) << "an interval without a command";
  request.no_health_check = true;
  EXPECT_FALSE(recipe_from_flags(request, "/cwd")) << "an interval of no check";
  request.health_interval.reset();
  request.health_retries.reset();
  EXPECT_THAT(recipe_from_flags(request, "/cwd")->config.health_check->test, ElementsAre("NONE"));
}

struct AddCase {
  std::string text, from, to;
  std::optional<std::uint32_t> mode;
  std::optional<std::uint64_t> uid, gid;
};

TEST(AdHoc, AddsInBothForms) {
  for (const AddCase& c :
       {AddCase{"a:/b", "a", "/b", {}, {}, {}}, AddCase{"a:/b:0700", "a", "/b", 0700, {}, {}},
        AddCase{"a:/b/:755:1:2", "a", "/b/", 0755, 1, 2}, AddCase{"src=C:x,dst=/b", "C:x", "/b", {}, {}, {}},
        AddCase{"dst=/b,src=a,mode=0600,owner=5:6", "a", "/b", 0600, 5, 6}}) {
    AdHocRequest request;
    request.adds = {c.text};
    const auto recipe = recipe_from_flags(request, "/cwd");
    ASSERT_TRUE(recipe) << c.text << ": " << recipe.error().describe();
    const FileRule& file = recipe->layers.at(0).files.at(0);
    EXPECT_EQ(file.from.text, c.from);
    EXPECT_EQ(file.to, c.to);
    EXPECT_EQ(file.mode, c.mode);
    EXPECT_EQ(file.owner ? std::optional(file.owner->uid) : std::nullopt, c.uid);
    EXPECT_EQ(file.owner ? std::optional(file.owner->gid) : std::nullopt, c.gid);
  }
}

TEST(AdHoc, EveryFlagBecomesTheSameRecipe) {
  AdHocRequest request;
  request.base = "alpine";
  request.entrypoint = R"(["/bin/a", "b c"])";
  request.cmd = "word";
  request.env = {"A=1", "B=x=y"};
  request.user = "1:1";
  request.workdir = "/w";
  request.ports = {"80"};
  request.volumes = {"/v"};
  request.labels = {"k=v"};
  request.annotations = {"a=b"};
  request.stop_signal = "SIGINT";
  request.compression = "zstd:best";
  request.platforms = {"linux/arm64"};
  request.closures = {"bin"};
  request.adds = {"a:/b"};
  const auto r = recipe_from_flags(request, "/cwd");
  ASSERT_TRUE(r) << r.error().describe();
  EXPECT_EQ(r->base->str(), "docker.io/library/alpine:latest");
  EXPECT_THAT(*r->config.entrypoint, ElementsAre("/bin/a", "b c"));
  EXPECT_THAT(*r->config.cmd, ElementsAre("word"));
  EXPECT_THAT(r->config.env, ElementsAre(Pair("A", "1"), Pair("B", "x=y")));
  EXPECT_THAT(r->config.ports, ElementsAre("80/tcp"));
  EXPECT_THAT(r->config.labels, ElementsAre(Pair("k", "v")));
  EXPECT_EQ(r->annotations.at("a"), "b");
  EXPECT_EQ(r->compression, io::Compression::zstd);
  EXPECT_EQ(r->level, io::Level::best);
  ASSERT_EQ(r->layers.size(), 2u);
  EXPECT_EQ(r->layers[0].closure[0].text, "bin");
  EXPECT_EQ(r->platforms.at(0).str(), "linux/arm64");
}

TEST(AdHoc, AllMistakesAtOnce) {
  AdHocRequest request;
  request.adds = {"a", "a:b", "a:/b:9", "a:/b:755:1", ":/b", "src=a,oops=/b", "src=a"};
  request.env = {"NOEQUALS"};
  request.labels = {"=x"};
  request.entrypoint = "[1]";
  request.ports = {"x"};
  request.platforms = {"nonsense"};
  request.compression = "lzma";
  const auto recipe = recipe_from_flags(request, "/cwd");
  ASSERT_FALSE(recipe);
  EXPECT_EQ(recipe.error().code, Errc::invalid_argument);
  EXPECT_EQ(recipe.error().causes.size(), 13u) << recipe.error().describe();
}

}  // namespace
}  // namespace slipway::builder
