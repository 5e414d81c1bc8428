#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

#include "cli/command_line.h"
#include "slipway/base/json.h"
#include "slipway/io/hash.h"

namespace slipway::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

/// A user who comes from other tools, with an image in a layout.
class Hands : public testing::Test {
 protected:
  void SetUp() override {
    line_.write("hello", "#!/bin/true\n");
    ok({"build", "--base", "scratch", "--add", "hello:/hello:0755", "--platform", "linux/amd64", "--to", "oci:out:v1"});
  }
  Outcome run(const std::vector<std::string>& words) { return line_.run(words); }
  std::string ok(const std::vector<std::string>& words) {
    const Outcome outcome = run(words);
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    return outcome.out;
  }
  void project(const std::string& apps) { line_.write("slipway.yaml", apps); }

  CommandLine line_;
};

constexpr const char* kApp =
    "app: {0}\nimage: {{repository: \"oci:./images\", base: scratch, platforms: [linux/amd64], "
    "layers: [{{name: app, files: [{{from: hello, to: /hello}}]}}]}}\n"
    "environments: {{staging: {{repository: \"oci:./{0}\"}}}}\n";

TEST_F(Hands, WordsOfPeersAreAnsweredWithWhatToType) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> cases{
      {{"rmi", "x"}, "slipway delete REF"},
      {{"mutate", "x"}, "slipway build --base REF"},
      {{"flatten", "x"}, "slipway unpack REF DIR"},
      {{"catalog", "x"}, "slipway ls HOST/REPOSITORY"},
      {{"discover", "x"}, "slipway referrers REF"},
      {{"save", "x"}, "docker-archive:FILE"},
      {{"history", "docker.io/library/alpine:3"}, "slipway inspect REF"},
      {{"export", "docker.io/library/alpine:3"}, "slipway unpack REF DIR"},
      {{"copy", "--src-creds", "me:secret", "a/b:c", "oci:x"}, "--password-stdin"},
      {{"copy", "--dest-creds=me:secret", "a/b:c", "oci:x"}, "--password-stdin"},
      {{"inspect", "--format", "{{.Digest}}", "oci:out:v1"}, "-o json"},
      {{"inspect", "docker-daemon:hello:v1"}, "docker save"},
      {{"copy", "oci:out:v1", "dir:x"}, "oci:FOLDER"},
  };
  for (const auto& [words, answer] : cases) {
    const Outcome outcome = run(words);
    EXPECT_EQ(outcome.status, 2) << words.front();
    EXPECT_THAT(outcome.err, HasSubstr(answer)) << words.front();
    EXPECT_THAT(outcome.err, Not(HasSubstr("secret"))) << words.front();
    EXPECT_EQ(outcome.out, "");
  }
}

TEST_F(Hands, SkopeosWaysOfInspecting) {
  EXPECT_EQ(ok({"inspect", "--raw", "oci:out:v1"}), ok({"manifest", "oci:out:v1"}));
  EXPECT_EQ(ok({"inspect", "--config", "oci:out:v1"}), ok({"config", "oci:out:v1"}));
  EXPECT_EQ(ok({"list-tags", "oci:out"}), "v1\n");
  EXPECT_EQ(ok({"copy", "--all", "oci:out:v1", "oci:other:v1"}), ok({"copy", "oci:out:v1", "oci:other:v1"}));
  EXPECT_EQ(run({"inspect", "--raw", "--config", "oci:out:v1"}).status, 2);
}

TEST_F(Hands, AnIndexShowsTheImageOfAPlatform) {
  ok({"build", "--base", "scratch", "--add", "hello:/hello", "--platform", "linux/amd64,linux/arm64", "--to",
      "oci:both:v1"});
  const std::string arm = ok({"digest", "--platform", "linux/arm64", "oci:both:v1"});
  EXPECT_NE(arm, ok({"digest", "oci:both:v1"}));
  const std::string by_digest = "oci:both@" + arm.substr(0, arm.size() - 1);
  EXPECT_EQ(ok({"manifest", "--platform", "linux/arm64", "oci:both:v1"}), ok({"manifest", by_digest}));
  EXPECT_EQ(ok({"inspect", "--raw", "--platform", "linux/arm64", "oci:both:v1"}), ok({"manifest", by_digest}));
  EXPECT_THAT(ok({"inspect", "--platform", "linux/arm64", "oci:both:v1"}),
              AllOf(HasSubstr("linux/arm64"), Not(HasSubstr("linux/amd64"))));
  EXPECT_EQ(run({"digest", "--platform", "linux/s390x", "oci:both:v1"}).status, 13);
}

TEST_F(Hands, AFileOnDiskIsALocation) {
  const std::string digest = ok({"digest", "oci:out:v1"});
  ok({"pull", "oci:out:v1", "app.tar"});
  EXPECT_EQ(ok({"digest", "app.tar"}), digest) << "crane pull and docker load";
  EXPECT_EQ(ok({"digest", "docker-archive:app.tar"}), digest);
  ok({"push", "app.tar", "oci:back:v6"});
  EXPECT_EQ(ok({"digest", "oci:back:v6"}), digest);
  ok({"copy", "oci:out:v1", "oci-archive:layout.tar:v1"});
  EXPECT_EQ(ok({"digest", "layout.tar"}), digest);
  EXPECT_EQ(ok({"digest", "./out"}), digest) << "a folder that is a layout";
  const Outcome missing = run({"digest", "missing.tar"});
  EXPECT_EQ(missing.status, 13);
  EXPECT_THAT(missing.err, HasSubstr("missing.tar"));
}

TEST_F(Hands, OutputsForScripts) {
  const std::string digest = ok({"digest", "oci:out:v1"});
  EXPECT_EQ(ok({"copy", "oci:out:v1", "oci:x:v1", "-o", "digest"}), digest);
  EXPECT_EQ(ok({"copy", "oci:out:v1", "oci:x:v1", "-o", "name"}), "oci:x:v1@" + digest);
  EXPECT_EQ(ok({"ls", "oci:out", "-o", "name"}), "oci:out:v1\n");
  EXPECT_THAT(ok({"inspect", "oci:out:v1", "-o", "yaml"}),
              StartsWith("schema: slipway/v1/inspect\nlocation: oci:out:v1@"));
  EXPECT_EQ(run({"version", "-o", "digest"}).status, 2);
}

TEST_F(Hands, AListOfTagsAsATable) {
  const Outcome table = run({"ls", "-l", "oci:out"});
  EXPECT_EQ(table.status, 0) << table.err;
  EXPECT_THAT(table.out, StartsWith("TAG  DIGEST        SIZE"));
  EXPECT_THAT(table.out, HasSubstr("\nv1   "));
  EXPECT_THAT(table.out, HasSubstr("image\n"));
}

TEST_F(Hands, NoCommandSaysWhatIsThere) {
  const Outcome nothing = run({});
  EXPECT_EQ(nothing.status, 2);
  EXPECT_EQ(nothing.out, "");
  EXPECT_THAT(nothing.err, AllOf(HasSubstr("slipway init"), HasSubstr("slipway build"), HasSubstr("slipway copy"),
                                 HasSubstr("slipway --help")));
  project(fmt::format(fmt::runtime(kApp), "hello"));
  EXPECT_THAT(run({}).err, AllOf(HasSubstr("hello"), HasSubstr("staging"), HasSubstr("slipway build --push")));
  ok({"build", "--push"});
  EXPECT_THAT(run({}).err, HasSubstr("slipway release staging"));
}

TEST_F(Hands, SeveralAppsNeedNoChoiceForAReference) {
  project(fmt::format(fmt::runtime(kApp), "cart") + "---\n" + fmt::format(fmt::runtime(kApp), "pay"));
  EXPECT_EQ(run({"digest", "oci:out:v1"}).status, 0);
  const Outcome word = run({"ls", "oci:out"});
  EXPECT_EQ(word.status, 0) << word.err;
  EXPECT_EQ(run({"tag", "oci:out:v1", "old"}).status, 0);
  const Outcome deleted = run({"delete", "oci:out:old"});
  EXPECT_EQ(deleted.status, 0) << deleted.err;
  const Outcome ambiguous = run({"digest", "staging"});
  EXPECT_EQ(ambiguous.status, 2);
  EXPECT_THAT(ambiguous.err, HasSubstr("--app: cart or pay"));
}

TEST_F(Hands, CompletionKnowsEnvironmentsLayoutsAndTags) {
  project(fmt::format(fmt::runtime(kApp), "cart") + "---\n" + fmt::format(fmt::runtime(kApp), "pay"));
  EXPECT_EQ(ok({"__complete", "apps", ""}), "cart\npay\n");
  EXPECT_EQ(ok({"__complete", "environments", "st"}), "staging\nstaging\n");
  EXPECT_EQ(ok({"__complete", "references", "o"}), "staging\nstaging\noci:out\n");
  EXPECT_EQ(ok({"__complete", "references", "oci:out:"}), "oci:out:v1\n");
  EXPECT_EQ(ok({"__complete", "references", "oci:nowhere:"}), "");
  project("app: [");
  EXPECT_EQ(ok({"__complete", "environments", ""}), "");
  for (const char* shell : {"bash", "zsh", "fish"})
    EXPECT_THAT(ok({"completion", shell}), HasSubstr("slipway __complete ")) << shell;
}

constexpr std::array kRaw{"\x1b", "\u202e", "\u200e", "\u061c", "\x07", "\u009b"};

void expect_safe(const Outcome& outcome, const std::string& what) {
  for (const char* raw : kRaw)
    EXPECT_EQ((outcome.out + outcome.err).find(raw), std::string::npos) << what << ": " << outcome.out << outcome.err;
}

TEST_F(Hands, ForeignTextNeverReachesTheTerminalRaw) {
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{{"inspect", "oci:out:\x1b[31m"},
                                                                                     {"ls", "oci:\x1b[2J"},
                                                                                     {"digest", "oci:nowhere\u202e:v1"},
                                                                                     {"copy", "\x1b]0;x\x07", "oci:x"},
                                                                                     {"promote", "\u200e", "\u061c"},
                                                                                     {"\x1b[1m"},
                                                                                     {"ls", "--\x1b[1m"}}) {
    const Outcome outcome = run(words);
    EXPECT_NE(outcome.status, 0);
    expect_safe(outcome, words.front());
  }
}

TEST_F(Hands, AHostileImageIsShownPrintable) {
  const auto put = [&](const std::string& text) {
    const Digest digest = io::digest_of(text);
    line_.write("evil/blobs/sha256/" + std::string(digest.hex()), text);
    return fmt::format(R"("digest":"{}","size":{})", digest.str(), text.size());
  };
  const std::string config = put(
      R"({"architecture":"\u001b[31mred","os":"li\u202enux\nfoo","created":"\u009b2J","config":{"Env":["A=\u200e\u061c"],)"
      R"("User":"\u0007"},"rootfs":{"type":"layers","diff_ids":[]}})");
  const std::string manifest =
      put(R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{)"
          R"("mediaType":"application/vnd.oci.image.config.v1+json",)" +
          config + R"(},"layers":[],"annotations":{"k\u001b":"v\u202e"}})");
  line_.write("evil/oci-layout", R"({"imageLayoutVersion":"1.0.0"})");
  line_.write("evil/index.json",
              R"({"schemaVersion":2,"manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json",)" +
                  manifest + R"(,"annotations":{"org.opencontainers.image.ref.name":"v1"}}]})");
  EXPECT_THAT(ok({"inspect", "oci:evil:v1"}), HasSubstr("\\x1b[31mred"));
  for (const char* format : {"text", "wide", "json", "yaml"}) {
    expect_safe(run({"inspect", "oci:evil:v1", "-o", format}), format);
    expect_safe(run({"validate", "oci:evil:v1", "-o", format}), format);
    expect_safe(run({"ls", "-l", "oci:evil", "-o", format}), format);
    expect_safe(run({"files", "oci:evil:v1", "-o", format}), format);
  }
  expect_safe(run({"copy", "oci:evil:v1", "oci:copied:v1", "-o", "json", "-vv"}), "copy");
}

}  // namespace
}  // namespace slipway::test
