#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/command_line.h"
#include "slipway/base/json.h"
#include "slipway/io/hash.h"

namespace slipway::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

/// Verbs of crane and oras, on layouts.
class Verbs : public testing::Test {
 protected:
  void SetUp() override {
    line_.write("app/bin/tool", "#!/bin/true\n");
    line_.write("app/etc/conf", "key=value\n");
    std::filesystem::create_hard_link(line_.path("app/etc/conf"), line_.path("app/etc/same"));
    std::filesystem::create_symlink("../bin/tool", line_.path("app/etc/link"));
    line_.write("upper/etc/conf", "key=other\n");
    build("v1", "linux/amd64", {"--base", "scratch", "--add", "app:/", "--env", "A=1"});
    build("v2", "linux/amd64", {"--base", "oci:out:v1", "--add", "upper:/", "--label", "a=b"});
    build("both", "linux/amd64,linux/arm64", {"--base", "scratch", "--add", "app:/", "--env", "A=1"});
  }
  void build(const std::string& tag, const std::string& platform, std::vector<std::string> more) {
    more.insert(more.begin(), {"build", "--no-check", "--to", "oci:out:" + tag, "--platform", platform});
    ok(more);
  }
  Outcome run(const std::vector<std::string>& words) { return line_.run(words); }
  std::string ok(const std::vector<std::string>& words) {
    const Outcome outcome = run(words);
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    return outcome.out;
  }
  std::string failed(const std::vector<std::string>& words, int status) {
    const Outcome outcome = run(words);
    EXPECT_EQ(outcome.status, status) << outcome.out << outcome.err;
    EXPECT_EQ(outcome.out, "");
    return outcome.err;
  }
  Json config(const std::string& reference) { return Json::parse(ok({"config", reference}), "config").value(); }
  Json manifest(const std::string& reference) { return Json::parse(ok({"manifest", reference}), "manifest").value(); }
  static std::string at(const Json& json, std::string_view a, std::string_view b) {
    const Json* inner = json.find(a);
    const Json* value = inner == nullptr ? nullptr : inner->find(b);
    return value == nullptr ? "<none>" : value->string() != nullptr ? *value->string() : value->compact();
  }

  CommandLine line_;
};

TEST_F(Verbs, AnImageAsATar) {
  const std::string tar = ok({"unpack", "oci:out:v2", "-"});
  EXPECT_EQ(ok({"unpack", "oci:out:v2", "-"}), tar) << "the same bytes every time";
  EXPECT_THAT(ok({"unpack", "oci:out:v2", "tree.tar"}), StartsWith("oci:out:v2@sha256:"));
  EXPECT_EQ(line_.read("tree.tar"), tar);
  ok({"append", "scratch", "tree.tar", "oci:back:v1", "--platform", "linux/amd64"});
  EXPECT_EQ(ok({"files", "oci:back:v1"}), ok({"files", "oci:out:v2"}));
  EXPECT_EQ(ok({"cat", "oci:back:v1", "/etc/conf"}), "key=other\n");
  EXPECT_EQ(ok({"cat", "oci:back:v1", "/etc/same"}), "key=value\n") << "the other name of a file that was replaced";
  EXPECT_THAT(failed({"unpack", "--own", "oci:out:v2", "-"}, 2), HasSubstr("--own"));
  EXPECT_THAT(failed({"unpack", "oci:out:v9", "-"}, 13), HasSubstr("v9"));
}

TEST_F(Verbs, MutateChangesTheConfigAndNoLayer) {
  const std::string before = ok({"digest", "oci:out:v1"});
  const std::string line = ok({"mutate", "oci:out:v1", "--label", "team=web", "--annotation", "k=v", "--entrypoint",
                               "/bin/tool", "--health-cmd", "[\"/bin/tool\"]", "--tag", "v3"});
  EXPECT_THAT(line, StartsWith("oci:out:v3@sha256:"));
  EXPECT_EQ(ok({"digest", "oci:out:v1"}), before);
  EXPECT_EQ(manifest("oci:out:v3").find("layers")->compact(), manifest("oci:out:v1").find("layers")->compact());
  const Json changed = config("oci:out:v3");
  EXPECT_EQ(at(changed, "config", "Labels"), R"({"team":"web"})");
  EXPECT_EQ(at(changed, "config", "Entrypoint"), R"(["/bin/tool"])");
  EXPECT_EQ(at(changed, "config", "Env"), R"(["A=1"])") << "the rest stays";
  EXPECT_EQ(at(changed, "config", "Healthcheck"), R"({"Test":["CMD","/bin/tool"]})");
  EXPECT_EQ(at(manifest("oci:out:v3"), "annotations", "k"), "v");
  EXPECT_EQ(ok({"validate", "oci:out:v3"}), ok({"validate", "oci:out:v3"}));
}

TEST_F(Verbs, MutateChangesEveryPlatform) {
  ok({"mutate", "oci:out:both", "--label", "a=b", "oci:new:v1"});
  for (const char* platform : {"linux/amd64", "linux/arm64"})
    EXPECT_THAT(ok({"config", "--platform", platform, "oci:new:v1"}), HasSubstr(R"("Labels":{"a":"b"})")) << platform;
  EXPECT_THAT(ok({"mutate", "--platform", "linux/arm64", "oci:out:both", "--user", "1", "oci:arm"}),
              StartsWith("oci:arm:both@sha256:"))
      << "DST takes REF's tag";
  EXPECT_THAT(ok({"manifest", "oci:arm:both"}), HasSubstr("image.manifest.v1"));
}

TEST_F(Verbs, MutateSaysWhatItNeeds) {
  EXPECT_THAT(failed({"mutate", "oci:out:v1", "--tag", "v9"}, 2), HasSubstr("hint: name the change"));
  EXPECT_THAT(failed({"mutate", "oci:out:v1", "--user", "1"}, 2), HasSubstr("--tag TAG"));
  EXPECT_THAT(failed({"mutate", "oci:out:v1", "oci:x:v1", "--tag", "v9", "--user", "1"}, 2), HasSubstr("exclude"));
  EXPECT_THAT(failed({"mutate", "oci:out:v1", "--label", "nothing", "--tag", "v9"}, 2), HasSubstr("--label"));
  EXPECT_EQ(run({"mutate", "oci:out:v1", "--user", "1", "oci:dry:v1", "--dry-run"}).status, 0);
  EXPECT_FALSE(std::filesystem::exists(line_.path("dry"))) << "--dry-run writes nothing";
}

TEST_F(Verbs, AppendKeepsTheBytesOfACompressedTar) {
  const Json source = manifest("oci:out:v1");
  const std::string digest = *source.find("layers")->array()->front().find("digest")->string();
  line_.write("layer.tar.gz", ok({"blob", "oci:out@" + digest}));
  ok({"append", "oci:out:v1", "layer.tar.gz", "--tag", "more"});
  const Json made = manifest("oci:out:more");
  ASSERT_EQ(made.find("layers")->array()->size(), 2u);
  EXPECT_EQ(*made.find("layers")->array()->back().find("digest")->string(), digest);
  EXPECT_EQ(ok({"files", "oci:out:more"}), ok({"files", "oci:out:v1"}));
  EXPECT_EQ(run({"validate", "oci:out:more"}).status, 0);
  EXPECT_THAT(ok({"history", "oci:out:more"}), HasSubstr("slipway append  layer.tar.gz"));
  line_.write("broken.tar", "not a tar at all");
  EXPECT_THAT(failed({"append", "oci:out:v1", "broken.tar", "--tag", "bad"}, 12), HasSubstr("broken.tar"));
  EXPECT_THAT(failed({"append", "oci:out:v1", "oci:x:v1"}, 2), HasSubstr("slipway append oci:out:v1 FILE oci:x:v1"));
  EXPECT_THAT(failed({"append", "oci:out:v1", "missing.tar", "oci:x:v1"}, 13), HasSubstr("missing.tar"));
  EXPECT_EQ(ok({"append", "-b", "oci:out:v1", "-f", "layer.tar.gz", "-t", "more"}),
            ok({"append", "oci:out:v1", "layer.tar.gz", "oci:out:more"}));
  EXPECT_THAT(failed({"-f", "missing.yaml", "append", "staging", "layer.tar.gz", "oci:x:v1"}, 2),
              HasSubstr("missing.yaml"));
}

TEST_F(Verbs, FlattenMergesTheLayers) {
  const std::string line = ok({"flatten", "oci:out:v2", "--tag", "flat"});
  EXPECT_EQ(ok({"flatten", "oci:out:v2", "oci:again:flat", "-o", "digest"}), ok({"digest", "oci:out:flat"}));
  EXPECT_EQ(manifest("oci:out:flat").find("layers")->array()->size(), 1u);
  EXPECT_EQ(ok({"files", "oci:out:flat"}), ok({"files", "oci:out:v2"}));
  ok({"flatten", "oci:out:v1", "oci:one:flat"});
  EXPECT_EQ(ok({"files", "-l", "oci:one:flat"}), ok({"files", "-l", "oci:out:v1"})) << "hard links stay hard links";
  EXPECT_EQ(at(config("oci:out:flat"), "config", "Labels"), R"({"a":"b"})");
  EXPECT_EQ(run({"validate", "oci:out:flat"}).status, 0);
  ok({"flatten", "oci:out:both", "oci:flat:both"});
  EXPECT_EQ(run({"validate", "oci:flat:both"}).status, 0) << "every platform";
}

TEST_F(Verbs, FilesAsArtifacts) {
  line_.write("docs/report.json", "{}");
  line_.write("notes.txt", "hello\n");
  const std::string line = ok({"put", "oci:files:v1", "docs/report.json:application/json", "notes.txt",
                               "--artifact-type", "application/vnd.example.report", "--annotation", "a=b"});
  EXPECT_THAT(line, StartsWith("oci:files:v1@sha256:"));
  EXPECT_EQ(ok({"put", "oci:files:v1", "docs/report.json:application/json", "notes.txt", "--artifact-type",
                "application/vnd.example.report", "--annotation", "a=b"}),
            line)
      << "the same files give the same digest";
  EXPECT_EQ(ok({"get", "oci:files:v1", "new"}), "new/docs/report.json\nnew/notes.txt\n");
  EXPECT_EQ(line_.read("new/notes.txt"), "hello\n");
  EXPECT_EQ(line_.read("new/docs/report.json"), "{}");
  EXPECT_THAT(ok({"get", "oci:files:v1", "new", "-o", "json"}), HasSubstr(R"("schema": "slipway/v1/get")"));
  EXPECT_THAT(failed({"get", "oci:files:v1", "-"}, 2), HasSubstr("2 files"));
  EXPECT_THAT(failed({"get", "oci:out:v1"}, 2), HasSubstr("slipway unpack"));
  EXPECT_THAT(failed({"put", "oci:files:v1", "missing"}, 13), HasSubstr("missing"));
}

TEST_F(Verbs, AttachedFilesAreFoundAgain) {
  line_.write("scan.json", "[]");
  EXPECT_THAT(failed({"attach", "oci:out:v1", "scan.json"}, 2), HasSubstr("--artifact-type"));
  const std::string line = ok({"attach", "oci:out:v1", "scan.json", "--artifact-type", "application/vnd.example.scan"});
  EXPECT_THAT(line, StartsWith("oci:out@sha256:"));
  EXPECT_THAT(ok({"referrers", "oci:out:v1"}), HasSubstr("application/vnd.example.scan"));
  EXPECT_EQ(ok({"get", line.substr(0, line.size() - 1), "-"}), "[]");
  EXPECT_EQ(run({"validate", "oci:out:v1"}).status, 0);
}

// The name is foreign text: an artifact may not write where its reader did not ask.
TEST_F(Verbs, AnArtifactsNamesStayBelowTheFolder) {
  line_.write("notes.txt", "hello\n");
  ok({"put", "oci:files:v1", "notes.txt"});
  const std::string good = ok({"manifest", "oci:files:v1"});
  for (const std::string title : {"../up", "/etc/passwd", "a/../../b", "."}) {
    std::string evil = good;
    evil.replace(evil.find("notes.txt"), 9, title);
    const Digest digest = io::digest_of(evil);
    line_.write("files/blobs/sha256/" + std::string(digest.hex()), evil);
    line_.write("files/index.json",
                fmt::format(R"({{"schemaVersion":2,"manifests":[{{"mediaType":)"
                            R"("application/vnd.oci.image.manifest.v1+json","digest":"{}","size":{},)"
                            R"("annotations":{{"org.opencontainers.image.ref.name":"v1"}}}}]}})",
                            digest.str(), evil.size()));
    EXPECT_THAT(failed({"get", "oci:files:v1", "new"}, 12), HasSubstr("leave the folder")) << title;
  }
  EXPECT_FALSE(std::filesystem::exists(line_.path("up")));
}

TEST_F(Verbs, SymlinksBelowTheFolderAreNotFollowed) {
  line_.write("a/notes.txt", "hello\n");
  ok({"put", "oci:files:v1", "a/notes.txt"});
  std::filesystem::create_directories(line_.path("elsewhere"));
  std::filesystem::create_directories(line_.path("new"));
  std::filesystem::create_symlink(line_.path("elsewhere"), line_.path("new/a"));
  EXPECT_THAT(failed({"get", "oci:files:v1", "new"}, 16), HasSubstr("symlink"));
  EXPECT_FALSE(std::filesystem::exists(line_.path("elsewhere/notes.txt")));
}

TEST_F(Verbs, ABlobByItsDigest) {
  const std::string config_digest = at(manifest("oci:out:v1"), "config", "digest");
  EXPECT_EQ(ok({"blob", "oci:out@" + config_digest}), ok({"config", "oci:out:v1"}));
  ok({"copy", "oci:out:v1", "oci-archive:a.tar:v1"});
  EXPECT_EQ(ok({"blob", "oci-archive:a.tar@" + config_digest}), ok({"config", "oci:out:v1"}));
  EXPECT_THAT(failed({"blob", "oci:out:v1"}, 2), HasSubstr("write oci:out@sha256:..."));
  const std::string none = "sha256:" + std::string(64, '0');
  EXPECT_THAT(failed({"blob", "oci:out@" + none}, 13), HasSubstr(none));
}

TEST_F(Verbs, HistoryOfAnImage) {
  EXPECT_THAT(ok({"history", "oci:out:v2"}), AllOf(HasSubstr("sha256:"), HasSubstr("slipway  add")));
  line_.columns = 100;
  line_.set("NO_COLOR", "1");
  EXPECT_THAT(ok({"history", "oci:out:v2"}), StartsWith("CREATED"));
  line_.columns = 0;
  const Json json = Json::parse(ok({"history", "oci:out:v2", "-o", "json"}), "history").value();
  EXPECT_EQ(*json.find("schema")->string(), "slipway/v1/image-history");
  EXPECT_EQ(json.find("history")->array()->size(), 2u);
}

TEST_F(Verbs, WhatIsAnotherCommandIsAnsweredByOneLine) {
  EXPECT_THAT(failed({"export", "docker.io/library/alpine:3"}, 2),
              HasSubstr("hint: write an image's files as a tar with: slipway unpack docker.io/library/alpine:3 -"));
  EXPECT_THAT(failed({"export", "docker.io/library/alpine:3", "fs.tar"}, 2),
              HasSubstr("slipway unpack docker.io/library/alpine:3 fs.tar"));
  EXPECT_THAT(failed({"rebase", "x"}, 2), HasSubstr("comes later"));
  EXPECT_THAT(failed({"import", "x"}, 2), HasSubstr("slipway append scratch"));
  EXPECT_THAT(failed({"catalog", "a/b"}, 2), HasSubstr("slipway ls a/b"));
}

}  // namespace
}  // namespace slipway::test
