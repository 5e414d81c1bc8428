#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/command_line.h"
#include "slipway/base/json.h"

namespace slipway::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

/// Commands that look into images.
class Images : public testing::Test {
 protected:
  Outcome run(const std::vector<std::string>& words) { return line_.run(words); }
  std::string ok(const std::vector<std::string>& words) {
    const Outcome outcome = run(words);
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    return outcome.out;
  }
  Json document(std::vector<std::string> words) {
    words.insert(words.end(), {"-o", "json"});
    return Json::parse(ok(words), "output").value();
  }
  void build(const std::string& tag, std::vector<std::string> more) {
    std::vector<std::string> words{"build", "--to", "oci:out:" + tag, "--platform", "linux/amd64"};
    if (std::find(more.begin(), more.end(), "--base") == more.end()) words.insert(words.end(), {"--base", "scratch"});
    words.insert(words.end(), more.begin(), more.end());
    ok(words);
  }
  /// app/bin/tool, app/etc/conf and a symlink.
  void tree() {
    line_.write("app/bin/tool", "#!/bin/sh\n");
    line_.write("app/etc/conf", "key=value\n");
    std::filesystem::permissions(line_.path("app/bin/tool"), std::filesystem::perms(0755));
    std::filesystem::create_symlink("../bin/tool", line_.path("app/etc/link"));
    std::filesystem::create_symlink("/bin/tool", line_.path("app/abs"));
  }
  CommandLine line_;
};

TEST_F(Images, FilesListsTheMergedView) {
  tree();
  build("v1", {"--add", "app:/"});
  EXPECT_EQ(ok({"files", "oci:out:v1"}), "/abs\n/bin\n/bin/tool\n/etc\n/etc/conf\n/etc/link\n");
  EXPECT_EQ(ok({"files", "-l", "oci:out:v1"}),
            "lrwxrwxrwx 1 0 0          9 1970-01-01T00:00:00Z /abs -> /bin/tool\n"
            "drwxr-xr-x 1 0 0          0 1970-01-01T00:00:00Z /bin\n"
            "-rwxr-xr-x 1 0 0         10 1970-01-01T00:00:00Z /bin/tool\n"
            "drwxr-xr-x 1 0 0          0 1970-01-01T00:00:00Z /etc\n"
            "-rw-r--r-- 1 0 0         10 1970-01-01T00:00:00Z /etc/conf\n"
            "lrwxrwxrwx 1 0 0         11 1970-01-01T00:00:00Z /etc/link -> ../bin/tool\n");
  const Json json = document({"files", "oci:out:v1"});
  EXPECT_EQ(*json.find("schema")->string(), "slipway/v1/files");
  EXPECT_EQ(*json.find("platform")->string(), "linux/amd64");
  const Json& tool = json.find("files")->array()->at(2);
  EXPECT_EQ(*tool.find("path")->string(), "/bin/tool");
  EXPECT_EQ(*tool.find("type")->string(), "file");
  EXPECT_EQ(*tool.find("mode")->string(), "0755");
  EXPECT_EQ(*tool.find("size")->integer(), 10);
  EXPECT_THAT(*tool.find("layer")->string(), testing::StartsWith("sha256:"));
  EXPECT_EQ(*json.find("files")->array()->at(5).find("link")->string(), "../bin/tool");
}

TEST_F(Images, LongListsShowSpecialModesAndNames) {
  line_.write("app/tool", "x");
  std::filesystem::create_hard_link(line_.path("app/tool"), line_.path("app/again"));
  build("v1", {"--add", "app:/:4755:7:8"});
  EXPECT_EQ(ok({"files", "-l", "oci:out:v1"}),
            "-rwsr-xr-x 2 7 8          1 1970-01-01T00:00:00Z /again\n"
            "-rwsr-xr-x 2 7 8          1 1970-01-01T00:00:00Z /tool link to /again\n");
  EXPECT_EQ(*document({"files", "oci:out:v1"}).find("files")->array()->at(1).find("link")->string(), "/again");
}

TEST_F(Images, FilesAreKeptInTheCache) {
  line_.set("XDG_CACHE_HOME", line_.path("cache").string());
  tree();
  build("v1", {"--add", "app:/"});
  const std::string listed = ok({"files", "oci:out:v1"});
  const std::string digest = ok({"digest", "oci:out:v1"}).substr(7, 64);
  EXPECT_THAT(line_.read("cache/slipway/files/" + digest), HasSubstr("bin/tool\tf\t755"));
  // Without its layer the image can still be listed, but not read.
  for (const auto& blob : std::filesystem::directory_iterator(line_.path("out/blobs/sha256"))) {
    std::string start = line_.read(std::filesystem::relative(blob.path(), line_.path()).string()).substr(0, 2);
    if (start == "\x1f\x8b") std::filesystem::remove(blob.path());
  }
  EXPECT_EQ(ok({"files", "oci:out:v1"}), listed);
  EXPECT_EQ(run({"cat", "oci:out:v1", "/etc/conf"}).status, 13);
}

TEST_F(Images, CatPrintsAFileAndFollowsItsLinks) {
  tree();
  build("v1", {"--add", "app:/"});
  line_.write("conf", "newer\n");
  build("v2", {"--base", "oci:out:v1", "--add", "conf:/etc/conf"});
  EXPECT_EQ(ok({"cat", "oci:out:v1", "/etc/conf"}), "key=value\n");
  EXPECT_EQ(ok({"cat", "oci:out:v2", "/etc/conf"}), "newer\n");
  for (const char* path : {"/etc/link", "etc/link", "/abs", "//etc/../bin/./tool", "../../bin/tool"})
    EXPECT_EQ(ok({"cat", "oci:out:v2", path}), "#!/bin/sh\n") << path;
  line_.write("big/file", std::string(3'000'000, 'x') + "end");
  build("v3", {"--add", "big:/"});
  EXPECT_EQ(ok({"cat", "oci:out:v3", "/file"}), std::string(3'000'000, 'x') + "end");
  line_.out_works = false;
  EXPECT_EQ(run({"cat", "oci:out:v3", "/file"}).status, 1);
}

TEST_F(Images, CatSaysWhyItCannot) {
  tree();
  std::filesystem::create_symlink("../../../nowhere", line_.path("app/etc/dangling"));
  build("v1", {"--add", "app:/"});
  const Outcome missing = run({"cat", "oci:out:v1", "/etc/none"});
  EXPECT_EQ(missing.status, 13);
  EXPECT_THAT(missing.err, AllOf(HasSubstr("the image has no /etc/none"), HasSubstr("slipway files")));
  const Outcome dangling = run({"cat", "oci:out:v1", "/etc/dangling"});
  EXPECT_EQ(dangling.status, 13);
  EXPECT_THAT(dangling.err, HasSubstr("the image has no /nowhere, where /etc/dangling leads"));
  const Outcome folder = run({"cat", "oci:out:v1", "/etc"});
  EXPECT_EQ(folder.status, 2);
  EXPECT_THAT(folder.err, HasSubstr("/etc is a directory, not a file"));
  EXPECT_EQ(run({"cat", "oci:out:v1", "/"}).status, 2);
  EXPECT_EQ(run({"cat", "oci:out:v9", "/x"}).status, 13);
  EXPECT_EQ(run({"files", "oci:out:v1", "--platform", "linux/arm64"}).status, 13);
}

TEST_F(Images, DiffExplainsARebuild) {
  tree();
  build("v1", {"--add", "app:/", "--env", "A=1"});
  line_.write("app/etc/conf", "key=other\n");
  build("v2", {"--add", "app:/", "--env", "A=2"});
  const std::string text = ok({"diff", "oci:out:v1", "oci:out:v2"});
  EXPECT_THAT(text, HasSubstr("A oci:out:v1@sha256:"));
  EXPECT_THAT(text, HasSubstr("linux/amd64\n"));
  EXPECT_THAT(text, HasSubstr("  config config.Env.A: 1 -> 2\n"));
  EXPECT_THAT(text, HasSubstr(" /etc/conf content: sha256:"));
  EXPECT_THAT(text, Not(HasSubstr("/bin/tool")));
  EXPECT_THAT(text, HasSubstr("to push or pull B where A is: "));
  EXPECT_THAT(text, HasSubstr(" in 3 blobs; 0 B are shared"));
  const Json json = document({"diff", "oci:out:v1", "oci:out:v2"});
  EXPECT_EQ(*json.find("schema")->string(), "slipway/v1/diff");
  EXPECT_FALSE(*json.find("identical")->boolean());
  const Json& first = json.find("platforms")->array()->at(0).find("differences")->array()->at(0);
  EXPECT_EQ(*first.find("part")->string(), "config");
  EXPECT_EQ(*first.find("path")->string(), "config.Env.A");
  EXPECT_EQ(*first.find("a")->string(), "1");
  EXPECT_EQ(*first.find("b")->string(), "2");
}

TEST_F(Images, ABuildProvesThatItIsReproducible) {
  tree();
  build("v1", {"--add", "app:/", "--check-reproducible"});
  build("v2", {"--add", "app:/", "-j", "1", "--no-cache", "--check-reproducible"});
  EXPECT_EQ(ok({"digest", "oci:out:v1"}), ok({"digest", "oci:out:v2"}));
}

TEST_F(Images, DiffOfTheSameAndItsExitStatus) {
  tree();
  build("v1", {"--add", "app:/"});
  build("v2", {"--add", "app:/"});
  EXPECT_THAT(ok({"diff", "--exit-code", "oci:out:v1", "oci:out:v2"}),
              AllOf(HasSubstr("identical\n"), HasSubstr("0 B (0 bytes) in 0 blobs")));
  EXPECT_TRUE(*document({"diff", "oci:out:v1", "oci:out:v2"}).find("identical")->boolean());
  build("v3", {"--add", "app:/", "--user", "7"});
  EXPECT_EQ(run({"diff", "oci:out:v1", "oci:out:v3"}).status, 0);
  EXPECT_EQ(run({"diff", "--exit-code", "oci:out:v1", "oci:out:v3"}).status, 10);
  EXPECT_EQ(run({"diff", "oci:out:v1", "oci:out:none"}).status, 13);
}

TEST_F(Images, DiffOfIndexesGoesPlatformByPlatform) {
  tree();
  const auto two = [&](const std::string& tag, const std::string& second, const std::string& user) {
    build(tag, {"--add", "app:/", "--user", user, "--platform", second});
  };
  two("v1", "linux/arm64", "1");
  two("v2", "linux/arm64", "2");
  two("v3", "linux/riscv64", "1");
  const std::string users = ok({"diff", "oci:out:v1", "oci:out:v2"});
  EXPECT_THAT(users, AllOf(HasSubstr("linux/amd64\n  config config.User: 1 -> 2"),
                           HasSubstr("linux/arm64\n  config config.User: 1 -> 2"), HasSubstr("in 5 blobs")));
  const std::string platforms = ok({"diff", "oci:out:v1", "oci:out:v3"});
  EXPECT_THAT(platforms, AllOf(HasSubstr("linux/arm64: only in A\n"), HasSubstr("linux/riscv64: only in B\n"),
                               Not(HasSubstr("linux/amd64"))));
  EXPECT_THAT(ok({"diff", "--platform", "linux/amd64", "--exit-code", "oci:out:v1", "oci:out:v3"}),
              HasSubstr("identical"));
}

TEST_F(Images, ADamagedLayerIsFoundOut) {
  tree();
  build("v1", {"--add", "app:/", "--compression", "none"});
  for (const auto& blob : std::filesystem::directory_iterator(line_.path("out/blobs/sha256"))) {
    const std::string name = std::filesystem::relative(blob.path(), line_.path()).string();
    std::string bytes = line_.read(name);
    const std::size_t at = bytes.find("key=value");
    if (at == std::string::npos) continue;
    bytes[at] = 'K';
    std::filesystem::permissions(blob.path(), std::filesystem::perms(0644));
    line_.write(name, bytes);
  }
  EXPECT_EQ(run({"files", "oci:out:v1"}).status, 12);
  EXPECT_EQ(run({"cat", "oci:out:v1", "/etc/conf"}).status, 12);
}

}  // namespace
}  // namespace slipway::test
