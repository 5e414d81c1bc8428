#include "slipway/builder/outputs.h"

#include "builder/build_fixture.h"
#include "builder/program_rank.h"
#include "support/elf_bytes.h"

namespace slipway::builder {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class OutputsTest : public BuildTest {
 protected:
  void program(const std::string& path) {
    put(dir.path() / path, test::ElfBytes{.interpreter = "/lib/ld.so"}.str(), 0755);
  }
  std::vector<Outputs> find(const std::string& app = "app") {
    stdfs::remove(dir.path() / "hello");
    auto found = find_outputs(real_fs(), {dir.path(), "", app});
    EXPECT_TRUE(found) << found.error().describe();
    return found ? *std::move(found) : std::vector<Outputs>();
  }
  static std::vector<std::string> rules(const Outputs& outputs) {
    std::vector<std::string> lines;
    for (const OutputRule& rule : outputs.rules)
      lines.push_back(rule.from +
                      (rule.link     ? " <- "
                       : rule.folder ? "/ -> "
                                     : " -> ") +
                      rule.to + (rule.follow ? " (followed)" : ""));
    return lines;
  }
};

TEST_F(OutputsTest, AManifestOfDestdirMeansTheFilesOfTheProject) {
  program("pkg/usr/bin/jq");
  put(dir.path() / "pkg/usr/share/jq/data", "x");
  put(dir.path() / "pkg/usr/include/jq.h", "x");
  put(dir.path() / "build/install_manifest.txt",
      "/usr/bin/jq\n/usr/share/jq/data\n/usr/include/jq.h\n/usr/bin/env\n/usr/share/jq/gone\n");
  const auto found = find();
  ASSERT_FALSE(found.empty());
  EXPECT_EQ(found[0].kind, "CMake's build/install_manifest.txt, installed into pkg");
  EXPECT_THAT(rules(found[0]),
              ElementsAre("pkg/usr/bin/jq -> /usr/bin/jq", "pkg/usr/share/jq/data -> /usr/share/jq/data"));
  EXPECT_THAT(found[0].left_out, ElementsAre("for developers: /usr/include/jq.h",
                                             "not there any more: pkg/usr/bin/env, pkg/usr/share/jq/gone"));
}

TEST_F(OutputsTest, AFileOfThisMachineIsNeverPacked) {
  put(dir.path() / "build/install_manifest.txt", "/usr/bin/env\n/usr/bin/sort\n");
  EXPECT_THAT(find(), IsEmpty());
  put(dir.path() / "builddir/meson-info/intro-installed.json",
      R"({"/usr/bin/env": "/usr/bin/env", ")" + dir.path().native() + R"(/../x": "/usr/bin/x"})");
  EXPECT_THAT(find(), IsEmpty());
}

TEST_F(OutputsTest, LinksOfLibrariesStayLinks) {
  program("out/bin/app");
  program("out/lib/libx.so.1.2");
  stdfs::create_symlink("libx.so.1.2", dir.path() / "out/lib/libx.so.1");
  const std::string at = dir.path().native();
  put(dir.path() / "build/install_manifest.txt",
      at + "/out/bin/app\n" + at + "/out/lib/libx.so.1.2\n" + at + "/out/lib/libx.so.1\n");
  EXPECT_THAT(rules(find().at(0)),
              ElementsAre("out/bin/app -> /usr/local/bin/app", "libx.so.1.2 <- /usr/local/lib/libx.so.1",
                          "out/lib/libx.so.1.2 -> /usr/local/lib/libx.so.1.2"));
}

TEST_F(OutputsTest, StagedInstallationsHaveSbinToo) {
  program("stage/usr/sbin/lighttpd");
  program("stage/usr/sbin/lighttpd-angel");
  program("stage/usr/bin/other");
  const auto found = find("lighttpd");
  ASSERT_FALSE(found.empty());
  EXPECT_EQ(found[0].kind, "the staged installation stage");
  EXPECT_THAT(rules(found[0]), ElementsAre("stage/ -> /"));
  EXPECT_THAT(found[0].programs, ElementsAre("/usr/sbin/lighttpd", "/usr/bin/other", "/usr/sbin/lighttpd-angel"));
}

TEST_F(OutputsTest, TheLikeliestProgramComesFirst) {
  const auto first = [](std::vector<std::string> programs, const std::string& app) {
    sort_by_likelihood(programs, app);
    return programs.front();
  };
  EXPECT_EQ(first({"/b/redis-benchmark", "/b/redis-check-aof", "/b/redis-cli", "/b/redis-sentinel", "/b/redis-server"},
                  "redis"),
            "/b/redis-server");
  EXPECT_EQ(first({"/b/mosquitto_db_dump", "/b/mosquitto_passwd", "/b/mosquitto"}, "mosquitto"), "/b/mosquitto");
  EXPECT_EQ(first({"/b/nginxd", "/b/nginx"}, "nginx"), "/b/nginx");
  EXPECT_EQ(first({"/b/unit_test", "/b/serve"}, "x"), "/b/serve");
  EXPECT_EQ(first({"/b/a", "/b/b"}, "x"), "/b/a") << "as they were";
}

TEST_F(OutputsTest, MakeAndGoLeaveProgramsBesideTheSources) {
  program("src/redis-server");
  put(dir.path() / "Makefile", "all:\n");
  EXPECT_THAT(find("redis").at(0).kind, HasSubstr("make"));
  EXPECT_THAT(rules(find().at(0)), ElementsAre("src/redis-server -> /usr/bin/redis-server"));
  put(dir.path() / "go.mod", "module x\n");
  EXPECT_EQ(find().at(0).kind, "the folder of Go's module");
}

TEST_F(OutputsTest, NodeServicesAreKnownByTheirManifest) {
  put(dir.path() / "package.json",
      R"({"main": "lib/x.js", "scripts": {"start": "node server.js"}, "dependencies": {}})");
  EXPECT_THAT(find(), IsEmpty()) << "neither file is there";
  put(dir.path() / "server.js", "1");
  const auto found = find();
  ASSERT_EQ(found.size(), 1u);
  EXPECT_THAT(found[0].programs, ElementsAre("node"));
  EXPECT_THAT(found[0].arguments, ElementsAre("server.js"));
  EXPECT_THAT(found[0].left_out, Contains(HasSubstr("npm ci")));
  EXPECT_THAT(found[0].exclude, Contains("**/.env"));
  const std::string text = recipe_text("app", found);
  EXPECT_THAT(text, HasSubstr("base: docker.io/library/node:"));
  EXPECT_THAT(text, HasSubstr("entrypoint: [node, server.js]"));
  EXPECT_THAT(text, HasSubstr("workdir: /app"));
  EXPECT_THAT(text, Not(HasSubstr("closure")));
  put(dir.path() / "package.json", "{");
  const auto broken = find_outputs(real_fs(), {dir.path(), ""});
  ASSERT_FALSE(broken);
  EXPECT_EQ(broken.error().code, Errc::malformed);
}

TEST_F(OutputsTest, PythonServicesToo) {
  put(dir.path() / "pyproject.toml", "[project]\n");
  EXPECT_THAT(find(), IsEmpty()) << "nothing starts";
  put(dir.path() / "src/greeter/__main__.py", "print(1)\n");
  const auto found = find();
  ASSERT_EQ(found.size(), 1u);
  EXPECT_THAT(found[0].arguments, ElementsAre("src/greeter"));
}

TEST_F(OutputsTest, NativeModulesOfServicesGetTheirLibraries) {
  put(dir.path() / "requirements.txt", "x\n");
  put(dir.path() / "app.py", "print(1)\n");
  put(dir.path() / "vendor/x/_x.cpython-311-x86_64-linux-gnu.so", "module");
  put(dir.path() / ".venv/lib/y.so", "module");
  put(dir.path() / "tests/z.so", "module");
  EXPECT_THAT(find().at(0).closures, ElementsAre("vendor/x/_x.cpython-311-x86_64-linux-gnu.so"));
}

TEST_F(OutputsTest, MesonsLinksOfLibrariesStayLinksAndOthersAreTold) {
  const std::string at = dir.path().native();
  program("build/app");
  program("build/libx.so.1.2");
  put(dir.path() / "build/meson-info/intro-installed.json",
      R"({")" + at + R"(/build/app": "/usr/bin/app", ")" + at +
          R"(/build/libx.so.1.2": "/usr/lib/libx.so.1.2", "libx.so.1": "/usr/lib/libx.so.1",
             "libx.so": "/usr/lib/libx.so", "hello": "/usr/bin/hello"})");
  const auto found = find();
  ASSERT_FALSE(found.empty());
  EXPECT_THAT(rules(found[0]), ElementsAre("build/app -> /usr/bin/app", "libx.so.1.2 <- /usr/lib/libx.so.1",
                                           "build/libx.so.1.2 -> /usr/lib/libx.so.1.2"));
  EXPECT_THAT(found[0].left_out, Contains(HasSubstr("/usr/bin/hello")));
}

TEST_F(OutputsTest, BazelsProgramsBringTheirRunfiles) {
  program("outputs/bin/pkg/app");
  put(dir.path() / "outputs/bin/pkg/app.runfiles/_main/data", "x");
  stdfs::create_directory_symlink("outputs/bin", dir.path() / "bazel-bin");
  const auto found = find();
  ASSERT_FALSE(found.empty());
  EXPECT_EQ(found[0].kind, "Bazel's bazel-bin");
  EXPECT_THAT(rules(found[0]), ElementsAre("bazel-bin/pkg/app -> /usr/bin/app",
                                           "bazel-bin/pkg/app.runfiles/ -> /usr/bin/app.runfiles (followed)"));
  EXPECT_EQ(found[0].workdir, "/usr/bin/app.runfiles/_main");
  EXPECT_THAT(found[0].exclude, ElementsAre("MANIFEST", "_main/pkg/app"));
  EXPECT_TRUE(yaml(recipe_text("app", found)).layers[0].files[1].follow_links);
}

TEST_F(OutputsTest, EveryTextIsARecipe) {
  program("out/usr/sbin/a b");
  program("out/usr/bin/app");
  put(dir.path() / "build/install_manifest.txt", "/usr/bin/app\n/usr/sbin/a b\n/usr/lib/libx.so\n");
  stdfs::create_directories(dir.path() / "out/usr/lib");
  stdfs::create_symlink("libx.so.1", dir.path() / "out/usr/lib/libx.so");
  const Recipe recipe = yaml(recipe_text("app", find()));
  ASSERT_EQ(recipe.layers.size(), 1u);
  EXPECT_EQ(recipe.layers[0].files.size(), 3u);
  EXPECT_EQ(recipe.layers[0].files[1].link, "libx.so.1");
}

TEST(AppName, OfAFolder) {
  EXPECT_EQ(app_name_of("redis-7.0.15"), "redis");
  EXPECT_EQ(app_name_of("My cmake Project"), "my-cmake-project");
  EXPECT_EQ(app_name_of("app-2"), "app-2");
  EXPECT_EQ(app_name_of("-"), "app");
}

}  // namespace
}  // namespace slipway::builder
