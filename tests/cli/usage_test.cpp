#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "cli/command_line.h"
#include "slipway/base/json.h"

namespace slipway::test {
namespace {

using testing::HasSubstr;
using testing::Not;

/// A user with two images of one platform each, and one layout that has both.
class Usage : public testing::Test {
 protected:
  void SetUp() override {
    line_.write("hello", "#!/bin/true\n");
    for (const char* arch : {"amd64", "arm64"}) {
      ok({"build", "--base", "scratch", "--add", "hello:/hello:0755", "--platform", std::string("linux/") + arch,
          "--to", std::string("oci:") + arch + ":v1"});
    }
  }
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
  /// Fails with the status, says so, prints no result and makes no `gone`.
  void refused(const std::vector<std::string>& words, int status, const std::string& says) {
    const Outcome outcome = run(words);
    EXPECT_EQ(outcome.status, status) << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr(says));
    EXPECT_EQ(outcome.out, "");
    EXPECT_FALSE(std::filesystem::exists(line_.path("gone"))) << words.front();
  }
  static std::string text(const Json& json, const char* member) { return *json.find(member)->string(); }

  CommandLine line_;
};

TEST_F(Usage, AFlagWithoutACommandMustExist) {
  refused({"--versoin"}, 2, "did you mean --version?");
  refused({"--ouptut=json"}, 2, "did you mean --output?");
  refused({"-x"}, 2, "unknown option \"-x\"");
  refused({"--output", "json"}, 2, "slipway --help");
  refused({"--file", "--zzzzzzzzzz"}, 2, "slipway --help");
}

TEST_F(Usage, CompletionsAndManualKnowEveryCommandAndOption) {
  std::vector<std::string> commands;
  std::istringstream help(ok({"help", "commands"}));
  for (std::string line; std::getline(help, line);) {
    if (line.starts_with("  ") && line.size() > 2 && line[2] != ' ')
      commands.push_back(line.substr(2, line.find(' ', 2) - 2));
  }
  EXPECT_GT(commands.size(), 25u);
  for (const char* shell : {"bash", "zsh", "fish", "man"}) {
    const std::string text = ok({"completion", shell});
    EXPECT_EQ(text, ok({"completion", shell}));
    for (const std::string& command : commands)
      EXPECT_THAT(text, HasSubstr(command)) << shell;
    const bool is_man = std::string_view(shell) == "man";
    const std::string dashes = is_man ? "\\-\\-" : std::string_view(shell) == "fish" ? "-l " : "--";
    for (const char* flag : {"into", "runner", "tag", "plan", "output", "lock", "crd"})
      EXPECT_THAT(text, HasSubstr(dashes + flag)) << shell;
    EXPECT_EQ(text.find("  \n"), std::string::npos) << shell;
  }
  refused({"completion", "tcsh"}, 2, "slipway completion SHELL, with one of bash, zsh, fish, man");
}

TEST_F(Usage, NumbersHaveALeastValue) {
  refused({"ls", "oci:amd64", "-j", "0"}, 2, "--jobs 0");
  refused({"ls", "oci:amd64", "--retry", "-1"}, 2, "--retry -1");
  EXPECT_EQ(ok({"ls", "oci:amd64", "--retry", "0"}), "v1\n");
  line_.set("SLIPWAY_TIMEOUT", "0");
  refused({"ls", "oci:amd64"}, 2, "--timeout 0");
}

TEST_F(Usage, OptionsStandAnywhereInEitherFormAndTheLastOneWins) {
  const std::string digest = ok({"digest", "oci:amd64:v1"});
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
           {"digest", "oci:amd64:v1", "--platform", "linux/amd64"},
           {"digest", "--platform=linux/amd64", "oci:amd64:v1"},
           {"digest", "--platform", "linux/arm64", "oci:amd64:v1", "--platform", "linux/amd64"},
           {"--jobs", "1", "digest", "--jobs=2", "-j3", "oci:amd64:v1"},
           {"digest", "-o", "json", "oci:amd64:v1", "-o", "text"},
           {"digest", "--", "oci:amd64:v1"},
           {"-q", "digest", "-q", "oci:amd64:v1", "--tls-verify=false", "--dry-run", "--dry-run"}}) {
    EXPECT_EQ(ok(words), digest) << fmt::format("{}", fmt::join(words, " "));
  }
  refused({"ls", "--", "-l"}, 2, "\"-l\"");
  refused({"digest", "oci:amd64:v1", "--platform"}, 2, "option --platform needs a value");
}

TEST_F(Usage, FilesOfOneLayer) {
  line_.write("other", "x");
  ok({"build", "--base", "oci:amd64:v1", "--add", "other:/other", "--no-check", "--to", "oci:two:v1"});
  EXPECT_EQ(ok({"files", "oci:two:v1"}), "/hello\n/other\n");
  EXPECT_EQ(ok({"files", "--layer", "1", "oci:two:v1"}), "/hello\n");
  EXPECT_EQ(ok({"files", "--layer", "2", "oci:two:v1"}), "/other\n");
  const Json layers = *document({"inspect", "oci:two:v1"}).find("images")->array()->front().find("layers");
  EXPECT_EQ(ok({"files", "--layer", text(layers.array()->at(1), "digest"), "oci:two:v1"}), "/other\n");
  EXPECT_EQ(ok({"files", "--layer", text(layers.array()->at(1), "digest").substr(7, 12), "oci:two:v1"}), "/other\n");
  EXPECT_EQ(document({"files", "--layer", "1", "oci:two:v1"}).find("files")->array()->size(), 1u);
  refused({"files", "--layer", "nothing", "oci:two:v1"}, 13, "use --layer with a number from 1 to 2");
}

TEST_F(Usage, AVariableSetsAFlagAndTheCommandLineWins) {
  line_.set("SLIPWAY_DRY_RUN", "true");
  ok({"tag", "oci:amd64:v1", "v2"});
  EXPECT_EQ(ok({"ls", "oci:amd64"}), "v1\n");
  line_.set("SLIPWAY_DRY_RUN", "false");
  ok({"tag", "oci:amd64:v1", "v2"});
  EXPECT_EQ(ok({"ls", "oci:amd64"}), "v1\nv2\n");
  line_.set("SLIPWAY_JOBS", "none");
  EXPECT_EQ(ok({"ls", "-j", "2", "oci:amd64"}), "v1\nv2\n");
  EXPECT_EQ(run({"ls", "oci:amd64"}).status, 2);
}

TEST_F(Usage, TagMakesNoLayout) {
  refused({"tag", "oci:gone:v1", "v2"}, 13, "gone");
  refused({"tag", "oci:amd64:v1", "a/b"}, 2, "a/b");
}

TEST_F(Usage, CopyWritesTheImageIdOrRefusesBeforeItWrites) {
  ok({"copy", "oci:amd64:v1", "oci:other:v1", "--iidfile", "iid"});
  const std::string manifest = ok({"manifest", "oci:amd64:v1"});
  const Json parsed = Json::parse(manifest, "manifest").value();
  EXPECT_EQ(line_.read("iid"), text(*parsed.find("config"), "digest") + "\n");
  ok({"index", "oci:both:v1", "oci:amd64:v1", "oci:arm64:v1"});
  refused({"copy", "oci:both:v1", "oci:gone:v1", "--iidfile", "iid2"}, 2, "--digest-file");
  refused({"build", "--base", "scratch", "--add", "hello:/h", "--platform", "linux/amd64,linux/arm64", "--to",
           "oci:gone:v1", "--iidfile", "iid2"},
          2, "--iidfile");
  EXPECT_EQ(line_.read("iid2"), "<missing>");
}

TEST_F(Usage, PlatformsMayBeAList) {
  const std::vector<std::string> words{"build", "--base", "scratch", "--add", "hello:/h", "--to", "oci:both:v1"};
  std::vector<std::string> one = words;
  std::vector<std::string> two = words;
  one.insert(one.end(), {"--platform", "linux/amd64,linux/arm64"});
  two.insert(two.end(), {"--platform", "linux/amd64", "--platform", "linux/arm64"});
  EXPECT_EQ(ok(one), ok(two));
}

TEST_F(Usage, NoClobberIsAskedBeforeAnythingIsWritten) {
  refused({"copy", "-n", "oci:arm64:v1", "oci:amd64:v1"}, 16, "--no-clobber");
  refused({"copy", "-n", "--dry-run", "oci:arm64:v1", "oci:amd64:v1"}, 16, "--no-clobber");
  ok({"copy", "-n", "--dry-run", "oci:arm64:v1", "oci:gone:v1"});
  EXPECT_FALSE(std::filesystem::exists(line_.path("gone")));
  ok({"copy", "-n", "oci:amd64:v1", "oci:amd64:v1"});
}

TEST_F(Usage, ADryRunHasTheSameDocument) {
  const Json planned = document({"copy", "oci:amd64:v1", "oci:other", "--dry-run"});
  EXPECT_EQ(planned.compact(), document({"copy", "oci:amd64:v1", "oci:other"}).compact());
  EXPECT_EQ(*planned.find("images")->array()->front().find("platforms")->array()->front().string(), "linux/amd64");
}

TEST_F(Usage, ReadingCommandsHaveDocuments) {
  const Json digest = document({"digest", "oci:amd64:v1"});
  EXPECT_EQ(text(digest, "schema"), "slipway/v1/digest");
  EXPECT_EQ(text(digest, "digest") + "\n", ok({"digest", "oci:amd64:v1"}));
  const Json valid = document({"validate", "oci:amd64"});
  EXPECT_EQ(text(valid, "location"), "oci:amd64");
  EXPECT_TRUE(*valid.find("valid")->boolean());
}

TEST_F(Usage, VerboseSaysWhatWasThere) {
  ok({"copy", "oci:amd64:v1", "oci:other:v1"});
  EXPECT_THAT(run({"copy", "oci:amd64:v1", "oci:other:v2"}).err, Not(HasSubstr("present")));
  EXPECT_THAT(run({"copy", "oci:amd64:v1", "oci:other:v3", "-v"}).err, HasSubstr("present"));
  EXPECT_THAT(run({"copy", "oci:amd64:v1", "oci:another:v1", "-vv"}).err, HasSubstr("started"));
}

TEST_F(Usage, InspectComparesTagAndDigest) {
  std::string digest = ok({"digest", "oci:amd64:v1"});
  digest.pop_back();
  EXPECT_THAT(run({"inspect", "oci:amd64:v1@" + digest}).err, Not(HasSubstr("warning")));
  ok({"tag", "oci:amd64:v1", "old"});
  ok({"copy", "oci:arm64:v1", "oci:amd64:v1"});
  const Outcome moved = run({"inspect", "oci:amd64:v1@" + digest});
  EXPECT_EQ(moved.status, 0);
  EXPECT_THAT(moved.err, HasSubstr("the tag v1 now points to "));
  EXPECT_THAT(moved.out, HasSubstr("linux/amd64"));
  const Json json = document({"inspect", "oci:amd64:v1@" + digest});
  EXPECT_EQ(text(json, "tagDigest") + "\n", ok({"digest", "oci:arm64:v1"}));
  EXPECT_THAT(run({"inspect", "oci:amd64:never@" + digest}).err, HasSubstr("the tag never does not exist any more"));
}

TEST_F(Usage, AnIndexOfSeparateBuilds) {
  const std::vector<std::string> words{"index", "oci:both:v1", "oci:amd64:v1", "oci:arm64:v1", "--annotation", "a=b"};
  std::vector<std::string> dry = words;
  dry.push_back("--dry-run");
  const std::string planned = ok(dry);
  EXPECT_FALSE(std::filesystem::exists(line_.path("both")));
  EXPECT_EQ(ok(words), planned);
  EXPECT_EQ(ok({"validate", "oci:both"}), "oci:both\n");
  EXPECT_THAT(ok({"manifest", "oci:both:v1"}), HasSubstr("\"annotations\":{\"a\":\"b\"}"));
  EXPECT_EQ(ok({"config", "oci:both:v1", "--platform", "linux/arm64"}), ok({"config", "oci:arm64:v1"}));
  // An index of an index has the images themselves: the same bytes again.
  EXPECT_EQ(ok({"index", "oci:flat:v1", "oci:both:v1", "--annotation", "a=b"}).substr(12), planned.substr(12));
  const Json json = document({"index", "oci:both", "oci:amd64:v1", "oci:arm64:v1"});
  EXPECT_EQ(text(json, "schema"), "slipway/v1/images");
  EXPECT_EQ(json.find("images")->array()->front().find("platforms")->array()->size(), 2u);
}

TEST_F(Usage, AnIndexThatMakesNoSenseIsRefused) {
  refused({"index", "oci:gone:v1", "oci:amd64:v1", "oci:amd64:v1"}, 2, "linux/amd64");
  refused({"index", "oci:gone:v1", "oci:amd64:v7"}, 13, "v7");
  refused({"index", "oci:gone:v1", "oci:amd64:v1", "--annotation", "novalue"}, 2, "novalue");
  refused({"index", "oci:gone:v1", "oci:amd64:v1", "--iidfile", "x"}, 2, "--iidfile");
  refused({"index", "oci:gone@sha256:" + std::string(64, '0'), "oci:amd64:v1"}, 2, "digest");
  refused({"index", "oci:gone:v1"}, 2, "SRC");
}

/// The same user with environments.
class UsageOfReleases : public Usage {
 protected:
  void SetUp() override {
    line_.write("hello", "#!/bin/true\n");
    line_.write("staging.env", "A=1\n");
    line_.write("slipway.yaml",
                "app: hello\nimage:\n  repository: \"oci:./images\"\n  base: scratch\n  platforms: [linux/amd64]\n"
                "  layers:\n    - {name: app, files: [{from: hello, to: /hello}]}\n"
                "environments:\n  staging: {config: {env-file: staging.env}}\n  production: {after: [staging]}\n");
    ok({"build", "--push"});
    ok({"release", "staging"});
  }
};

TEST_F(UsageOfReleases, ADryRunPrintsTheReleaseThatWillBe) {
  const Json planned = document({"promote", "staging", "production", "--dry-run"});
  EXPECT_TRUE(*planned.find("changed")->boolean());
  EXPECT_EQ(text(planned, "kind"), "promote");
  EXPECT_EQ(ok({"history", "production"}), "");
  const Json done = document({"promote", "staging", "production"});
  for (const char* member : {"location", "digest", "build", "config", "actor"})
    EXPECT_EQ(text(planned, member), text(done, member)) << member;
  const Json again = document({"promote", "staging", "production", "--dry-run"});
  EXPECT_FALSE(*again.find("changed")->boolean());
  EXPECT_EQ(text(again, "entry"), text(done, "entry"));
}

TEST_F(UsageOfReleases, APlanThatIsOnlyTriedIsNotWritten) {
  ok({"promote", "staging", "production", "--plan", "p.json", "--dry-run"});
  EXPECT_EQ(line_.read("p.json"), "<missing>");
  const Json planned = document({"promote", "staging", "production", "--plan", "p.json"});
  const Json applied = document({"apply", "p.json"});
  EXPECT_EQ(text(planned, "entry"), text(applied, "entry"));
}

TEST_F(UsageOfReleases, EnvHasOneNotation) {
  EXPECT_EQ(ok({"env", "staging"}), "A=1\n");
  EXPECT_EQ(ok({"env", "staging", "-o", "json"}), ok({"env", "staging", "--format", "json"}));
  refused({"env", "staging", "-o", "json", "--format", "sh"}, 2, "exclude each other");
}

TEST_F(UsageOfReleases, PinHasADocument) {
  const std::string yaml = "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n    - image: r.example/team/hello:v1\n";
  line_.write("pod.yaml", yaml);
  const Outcome check = run({"pin", "--env", "staging", "--check", "-o", "json", "pod.yaml"});
  EXPECT_EQ(check.status, 10);
  const Json planned = Json::parse(check.out, "output").value();
  EXPECT_EQ(text(planned, "schema"), "slipway/v1/pin");
  const Json& file = planned.find("files")->array()->front();
  EXPECT_TRUE(*file.find("changed")->boolean());
  EXPECT_EQ(text(file.find("changes")->array()->front(), "before"), "r.example/team/hello:v1");
  EXPECT_EQ(line_.read("pod.yaml"), yaml);
  EXPECT_EQ(document({"pin", "--env", "staging", "pod.yaml"}).compact(), planned.compact());
  EXPECT_NE(line_.read("pod.yaml"), yaml);
}

TEST_F(UsageOfReleases, InspectShowsWhatIsNoImage) {
  const std::string tags = ok({"ls", "oci:images-releases"});
  const Outcome entry = run({"inspect", "oci:images-releases:" + tags.substr(0, tags.find('\n'))});
  EXPECT_EQ(entry.status, 0) << entry.err;
  EXPECT_THAT(entry.out, HasSubstr("artifact application/vnd.slipway."));
}

}  // namespace
}  // namespace slipway::test
