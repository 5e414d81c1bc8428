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
      {{"discover", "x"}, "slipway referrers REF"},
      {{"save", "x"}, "docker-archive:FILE"},
      {{"export", "docker.io/library/alpine:3"}, "slipway unpack docker.io/library/alpine:3 -"},
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
  project(fmt::format(fmt::runtime(kApp), "shop"));
  EXPECT_THAT(run({}).err, AllOf(HasSubstr("shop"), HasSubstr("staging"), HasSubstr("slipway build --push")));
  ok({"build", "--push"});
  EXPECT_THAT(run({}).err, HasSubstr("slipway release staging"));
  ok({"release", "staging"});
  EXPECT_THAT(run({}).err, HasSubstr("slipway status"));
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
  EXPECT_THAT(ambiguous.err, HasSubstr("--app cart or --app pay"));
}

TEST_F(Hands, CompletionKnowsEnvironmentsLayoutsAndTags) {
  project(fmt::format(fmt::runtime(kApp), "cart") + "---\n" + fmt::format(fmt::runtime(kApp), "pay"));
  EXPECT_EQ(ok({"__complete", "apps", ""}), "cart\npay\n");
  EXPECT_EQ(ok({"__complete", "environments", "st"}), "staging\nstaging\n");
  EXPECT_EQ(ok({"__complete", "references", "o"}), "staging\nstaging\noci:out\n");
  EXPECT_EQ(ok({"__complete", "layers", ""}), "app\napp\n");
  EXPECT_EQ(ok({"__complete", "references", "oci:out:"}), "oci:out:v1\n");
  EXPECT_EQ(ok({"__complete", "references", "oci:nowhere:"}), "");
  project("app: [");
  EXPECT_EQ(ok({"__complete", "environments", ""}), "");
  for (const char* shell : {"bash", "zsh", "fish"})
    EXPECT_THAT(ok({"completion", shell}), HasSubstr("slipway __complete ")) << shell;
}

TEST_F(Hands, SeveralAppsAreBuiltVerifiedAndShownTogether) {
  project(fmt::format(fmt::runtime(kApp), "cart") + "---\n" + fmt::format(fmt::runtime(kApp), "pay"));
  const Outcome built = run({"build"});
  EXPECT_EQ(built.status, 0) << built.err;
  EXPECT_THAT(built.out,
              AllOf(HasSubstr("oci:.slipway/images:cart@sha256:"), HasSubstr("oci:.slipway/images:pay@sha256:")));
  EXPECT_THAT(built.err, AllOf(HasSubstr("cart: 1 layer, "), HasSubstr("pay: 1 layer, "))) << "the summary names each";
  EXPECT_THAT(ok({"build", "--app", "pay"}), StartsWith("oci:.slipway/images:latest@sha256:"));
  const Outcome collision = run({"build", "--to", "oci:both:v1"});
  EXPECT_EQ(collision.status, 2);
  EXPECT_THAT(collision.err, AllOf(HasSubstr("several apps would be written to oci:"), HasSubstr("--app NAME")));
  EXPECT_EQ(run({"build", "--digest-file", "digest"}).status, 2);
  ok({"release", "--app", "cart", "staging"});
  ok({"release", "--app", "pay", "staging"});
  EXPECT_THAT(ok({"history", "staging"}), AllOf(StartsWith("cart\n"), HasSubstr("\npay\n")));
  const Json history = Json::parse(ok({"history", "staging", "-o", "json"}), "history").value();
  EXPECT_EQ(history.find("apps")->array()->size(), 2u);
  const Outcome verified = run({"verify", "staging"});
  EXPECT_EQ(verified.status, 0) << verified.err;
  EXPECT_THAT(verified.out, AllOf(HasSubstr("oci:cart:"), HasSubstr("oci:pay:")));
  EXPECT_THAT(verified.err, AllOf(HasSubstr("cart staging: 1 release"), HasSubstr("pay staging: 1 release")));
  EXPECT_EQ(run({"verify", "--all"}).status, 0);
  EXPECT_EQ(run({"verify", "nowhere"}).status, 2);
  EXPECT_EQ(run({"history", "nowhere"}).status, 2);
}

TEST_F(Hands, ADashIsAStream) {
  const std::string project_text = fmt::format(fmt::runtime(kApp), "shop");
  line_.in = project_text;
  ok({"-f", "-", "build", "--push"});
  EXPECT_THAT(ok({"-f", "-", "release", "staging"}), StartsWith("oci:shop:staging@"));
  project(project_text);
  ok({"build", "--push", "--no-cache"});
  const std::string plan = ok({"release", "staging", "oci:out:v1", "--plan", "-"});
  EXPECT_THAT(plan, HasSubstr("slipway/v2/plan"));
  line_.in = plan;
  EXPECT_THAT(ok({"apply", "-"}), StartsWith("oci:shop:staging@"));
  line_.in = "oci:out:v1 oci:listed:v1\n";
  ok({"copy", "--from-file", "-"});
  EXPECT_EQ(ok({"digest", "oci:listed:v1"}), ok({"digest", "oci:out:v1"}));
  const Outcome piped = run({"copy", "oci:out:v1", "-"});
  EXPECT_EQ(piped.status, 0) << piped.err;
  EXPECT_THAT(piped.out, HasSubstr("manifest.json")) << "a docker-archive";
}

TEST_F(Hands, TheSummaryOfABuild) {
  const Outcome built = run(
      {"build", "--base", "scratch", "--add", "hello:/again:0755", "--platform", "linux/amd64", "--to", "oci:sum:v1"});
  EXPECT_THAT(built.err, HasSubstr("1 layer, ")) << built.err;
  EXPECT_THAT(built.err, HasSubstr(" (1 new, "));
  EXPECT_THAT(built.err, HasSubstr(", 0.0 s\n")) << "the clock of the test stands still";
  for (const char* flag : {"-q", "--progress=none", "--progress=json"}) {
    const Outcome quiet = run({"build", "--base", "scratch", "--add", "hello:/again:0755", "--platform", "linux/amd64",
                               "--to", "oci:sum:v1", flag});
    EXPECT_THAT(quiet.err, Not(HasSubstr("1 layer, "))) << flag;
  }
}

TEST_F(Hands, GitHubFoldsTheLinesAndShowsWarnings) {
  line_.set("GITHUB_ACTIONS", "true");
  const Outcome built = run({"build", "--base", "scratch", "--add", "hello:/other:0755", "--platform", "linux/amd64",
                             "--health-cmd", "exit 0", "--to", "oci:gh:v1"});
  EXPECT_EQ(built.status, 0) << built.err;
  EXPECT_THAT(built.err, StartsWith("::group::slipway build\n"));
  EXPECT_THAT(built.err, HasSubstr("\n::endgroup::\n"));
  EXPECT_THAT(built.err, HasSubstr("::warning::the shell of the health check"));
}

TEST_F(Hands, WarningsOfOneKindAreOneLine) {
  for (const char* name : {"a", "b", "c"}) {
    line_.write(name, "#!/bin/nowhere\n");
    std::filesystem::permissions(line_.path(name), std::filesystem::perms(0755));
  }
  const std::vector<std::string> words{"build",       "--base",    "scratch",      "--add",     "a:/a:0755",
                                       "--add",       "b:/b:0755", "--add",        "c:/c:0755", "--platform",
                                       "linux/amd64", "--to",      "oci:warned:v1"};
  const Outcome grouped = run(words);
  EXPECT_EQ(grouped.status, 0);
  EXPECT_THAT(grouped.err, HasSubstr("(and 2 more like it: -v lists them)"));
  EXPECT_EQ(grouped.err.find("/b is a script"), std::string::npos) << grouped.err;
  std::vector<std::string> verbose = words;
  verbose.emplace_back("-v");
  EXPECT_THAT(run(verbose).err,
              AllOf(HasSubstr("/a is a script"), HasSubstr("/b is a script"), HasSubstr("/c is a script")));
}

TEST_F(Hands, PasswordsOfOneRunComeFromTheEnvironmentOrADescriptor) {
  for (const char* word : {"me", ":secret"}) {
    line_.set("SLIPWAY_SRC_CREDS", word);
    const Outcome wrong = run({"digest", "127.0.0.1:1/a/b:c", "--retry", "0"});
    EXPECT_EQ(wrong.status, 2);
    EXPECT_THAT(wrong.err, AllOf(HasSubstr("SLIPWAY_SRC_CREDS"), HasSubstr("USER:PASSWORD"), Not(HasSubstr("secret"))));
  }
  line_.set("SLIPWAY_SRC_CREDS", "fd:99999");
  EXPECT_THAT(run({"digest", "127.0.0.1:1/a/b:c", "--retry", "0"}).err, HasSubstr("descriptor 99999"));
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
