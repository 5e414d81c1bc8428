#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/command.h"
#include "cli/command_line.h"
#include "support/elf_bytes.h"

namespace slipway::test {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr const char* kProject = R"(app: hello
image:
  repository: "oci:./images"
  base: scratch
  platforms: [linux/amd64]
  layers:
    - name: app
      files:
        - {from: hello, to: /bin/hello, mode: "0755"}
  config: {entrypoint: [/bin/hello]}
environments:
  staging: {config: {env-file: staging.env}}
  production: {after: [staging], config: {env-file: production.env}}
)";

class Cli : public testing::Test {
 protected:
  void SetUp() override {
    line_.write("hello", ElfBytes{}.str());
    line_.write("slipway.yaml", kProject);
    line_.write("staging.env", "WHERE=staging\n");
    line_.write("production.env", "WHERE=production\nTOKEN=secret://vault/a#b\n");
  }
  Outcome run(const std::vector<std::string>& words) { return line_.run(words); }
  std::string ok(const std::vector<std::string>& words) {
    const Outcome outcome = run(words);
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    return outcome.out;
  }
  /// The digest at the end of a result line.
  static std::string digest(const std::string& line) { return line.substr(line.find('@') + 1, 71); }
  Json document(const std::vector<std::string>& words) { return Json::parse(ok(words), "output").value(); }
  void second_build() {
    line_.write("hello", ElfBytes{}.str() + "2");
    ok({"build", "--push"});
  }

  CommandLine line_;
};

TEST_F(Cli, HelpGoesToStdoutExamplesFirst) {
  for (const cli::Command& command : cli::commands()) {
    const Outcome help = run({std::string(command.name), "--help"});
    EXPECT_EQ(help.status, 0);
    EXPECT_EQ(help.err, "");
    EXPECT_LT(help.out.find("Examples"), help.out.find("Usage:")) << command.name;
  }
  EXPECT_EQ(run({"help", "build"}).out, run({"build", "-h"}).out);
}

TEST_F(Cli, NoCommandIsAUsageError) {
  const Outcome outcome = run({});
  EXPECT_EQ(outcome.status, 2);
  EXPECT_EQ(outcome.out, "");
  EXPECT_THAT(outcome.err, HasSubstr("slipway --help"));
}

TEST_F(Cli, MistypedWordsAreSuggested) {
  EXPECT_THAT(run({"promot"}).err, HasSubstr("did you mean: slipway promote\n"));
  EXPECT_THAT(run({"build", "--pusj"}).err, HasSubstr("did you mean --push?"));
  EXPECT_THAT(run({"promote", "stagin", "production"}).err, testing::ContainsRegex("did you mean .staging.[?]"));
  for (const auto& words : std::vector<std::vector<std::string>>{{"promot"},
                                                                 {"build", "--pusj"},
                                                                 {"ls"},
                                                                 {"ls", "a", "b"},
                                                                 {"env", "staging", "--format", "toml"},
                                                                 {"build", "-j", "x"}}) {
    EXPECT_EQ(run(words).status, 2) << words.front();
  }
}

TEST_F(Cli, VersionForPeopleAndScripts) {
  EXPECT_THAT(ok({"version"}), StartsWith("slipway "));
  EXPECT_EQ(ok({"--version"}), ok({"version"}));
  EXPECT_EQ(*document({"version", "-o", "json"}).find("schema")->string(), "slipway/v1/version");
}

TEST_F(Cli, AnAdHocBuildPrintsOneLine) {
  const std::string line = ok({"build", "--base", "scratch", "--add", "hello:/bin/hello:0755", "--platform",
                               "linux/amd64", "--entrypoint", "/bin/hello", "--to", "oci:out:v1"});
  EXPECT_THAT(line, testing::MatchesRegex("oci:out:v1@sha256:[0-9a-f]{64}\n"));
  EXPECT_EQ(ok({"digest", "oci:out:v1"}), digest(line) + "\n");
  EXPECT_EQ(ok({"ls", "oci:out"}), "v1\n");
  EXPECT_THAT(ok({"inspect", "oci:out:v1"}), HasSubstr("entrypoint  /bin/hello"));
  EXPECT_THAT(ok({"config", "oci:out:v1"}), HasSubstr("\"Entrypoint\":[\"/bin/hello\"]"));
  EXPECT_EQ(ok({"validate", "oci:out"}), "oci:out\n");
  EXPECT_EQ(ok({"copy", "oci:out:v1", "oci:other"}), "oci:other:v1@" + digest(line) + "\n");
  EXPECT_EQ(ok({"tag", "oci:other:v1", "v2", "v3"}),
            "oci:other:v2@" + digest(line) + "\noci:other:v3@" + digest(line) + "\n");
}

TEST_F(Cli, TheCacheIsShownAndPruned) {
  line_.set("XDG_CACHE_HOME", line_.path("cache").native());
  line_.write("app", std::string(5000, 'x'));
  const std::vector<std::string> build{"build", "--base",       "scratch", "--platform", "linux/amd64",
                                       "--add", "app:/usr/app", "--to",    "oci:out:v1"};
  const test::Outcome first = line_.run(build);
  ASSERT_EQ(first.status, 0) << first.err;
  EXPECT_THAT(first.err, HasSubstr("built   layer"));
  test::Outcome stats = line_.run({"cache", "stats"});
  EXPECT_THAT(stats.out, HasSubstr(line_.path("cache/slipway").native()));
  EXPECT_THAT(stats.out, HasSubstr("blocks            1 files"));
  EXPECT_THAT(line_.run({"cache", "stats", "-o", "json"}).out, HasSubstr(R"("blocks")"));

  std::vector<std::string> elsewhere = build;
  elsewhere.back() = "oci:other:v1";
  EXPECT_EQ(line_.run(elsewhere).out.substr(13), first.out.substr(11)) << "the same digest";
  elsewhere.push_back("--no-cache");
  EXPECT_EQ(line_.run(elsewhere).out.substr(13), first.out.substr(11));

  EXPECT_EQ(line_.run({"cache", "prune", "--dry-run"}).status, 0);
  EXPECT_THAT(line_.run({"cache", "stats"}).out, HasSubstr("blocks            1 files"));
  EXPECT_THAT(line_.run({"cache", "prune", "--limit", "1GiB"}).out, HasSubstr("removed 0 files"));
  EXPECT_EQ(line_.run({"cache", "prune"}).status, 0);
  EXPECT_THAT(line_.run({"cache", "stats"}).out, testing::Not(HasSubstr("blocks")));
  EXPECT_EQ(line_.run({"cache", "prune", "--limit", "much"}).status, 2);
  EXPECT_EQ(line_.run({"cache", "shake"}).status, 2);
  std::vector<std::string> bad = build;
  bad.insert(bad.end(), {"--cache-limit", "x"});
  EXPECT_EQ(line_.run(bad).status, 2);
}

TEST_F(Cli, ADryRunPrintsTheSameAndWritesNothing) {
  const std::vector<std::string> words{"build",      "--base",      "scratch", "--add",     "hello:/bin/hello:0755",
                                       "--platform", "linux/amd64", "--to",    "oci:out:v1"};
  std::vector<std::string> dry = words;
  dry.push_back("--dry-run");
  const auto before = real_fs().list(line_.path()).value();
  const std::string planned = ok(dry);
  EXPECT_EQ(real_fs().list(line_.path()).value(), before);
  EXPECT_EQ(ok(words), planned);
  ok({"build", "--push"});
  const std::string release = ok({"release", "staging", "--dry-run"});
  EXPECT_EQ(ok({"history", "staging"}), "");
  EXPECT_EQ(ok({"release", "staging"}), release);
}

TEST_F(Cli, MachineFilesAreWritten) {
  line_.set("GITHUB_OUTPUT", line_.path("github").string());
  const std::string line = ok({"build", "--push", "--digest-file", "d", "--iidfile", "i", "--metadata-file", "m",
                               "--image-refs", "r", "--dotenv", "e"});
  EXPECT_EQ(line_.read("d"), digest(line) + "\n");
  EXPECT_EQ(line_.read("r"), line);
  EXPECT_THAT(line_.read("i"), StartsWith("sha256:"));
  EXPECT_EQ(*Json::parse(line_.read("m"), "m")->find("containerimage.digest")->string(), digest(line));
  EXPECT_THAT(line_.read("e"), HasSubstr("DIGEST=" + digest(line)));
  EXPECT_THAT(line_.read("github"), HasSubstr("digest=" + digest(line)));
}

TEST_F(Cli, TheRoadFromBuildToRollback) {
  const std::string first = digest(ok({"build", "--push"}));
  EXPECT_EQ(ok({"release", "staging"}), "oci:images:staging@" + first + "\n");
  EXPECT_EQ(ok({"promote", "staging", "production", "--reason", "go"}), "oci:images:production@" + first + "\n");
  second_build();
  EXPECT_EQ(run({"release", "production"}).status, 11);
  ok({"release", "staging"});
  ok({"promote", "staging", "production"});
  EXPECT_EQ(digest(ok({"rollback", "production"})), first);
  const Json history = document({"history", "production", "-o", "json"});
  EXPECT_EQ(*history.find("schema")->string(), "slipway/v1/history");
  const Json::Array& rows = *history.find("releases")->array();
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(*rows[0].find("kind")->string(), "rollback");
  EXPECT_TRUE(*rows[0].find("active")->boolean());
  EXPECT_EQ(*rows[2].find("reason")->string(), "go");
  EXPECT_EQ(*rows[2].find("actor")->string(), "tester");
  for (const char* member : {"number", "kind", "digest", "build", "config", "entry", "from", "actor", "reason",
                             "bypass", "time", "active"}) {
    EXPECT_NE(rows[0].find(member), nullptr) << member;
  }
  const Json status = document({"status", "-o", "json"});
  const Json& app = status.find("apps")->array()->front();
  EXPECT_EQ(*app.find("guarantee")->string(), "exclusive");
  EXPECT_EQ(*app.find("environments")->array()->at(1).find("digest")->string(), first);
  EXPECT_EQ(ok({"digest", "production@v1"}), first + "\n");
  EXPECT_THAT(ok({"show", "production@v2"}), HasSubstr("hello.production-v2@"));
  const Outcome env = run({"env", "production"});
  EXPECT_EQ(env.out, "WHERE=production\n");
  EXPECT_THAT(env.err, HasSubstr("TOKEN"));
}

TEST_F(Cli, ABypassIsNeverTakenFromTheEnvironment) {
  ok({"build", "--push"});
  line_.set("SLIPWAY_RELEASE_BYPASS", "sneaky");
  EXPECT_EQ(run({"release", "production"}).status, 11);
  EXPECT_EQ(run({"release", "production", "--bypass", "hotfix"}).status, 0);
  EXPECT_THAT(ok({"history", "production"}), HasSubstr("BYPASS \"hotfix\""));
}

TEST_F(Cli, VariablesSetOptions) {
  line_.set("SLIPWAY_OUTPUT", "json");
  EXPECT_THAT(ok({"version"}), HasSubstr("slipway/v1/version"));
  line_.set("SLIPWAY_OUTPUT", "toml");
  EXPECT_EQ(run({"version"}).status, 2);
}

TEST_F(Cli, PlansApplyOnceAndGoStale) {
  ok({"build", "--push"});
  ok({"release", "staging"});
  ok({"promote", "staging", "production", "--plan", "p.json"});
  EXPECT_EQ(ok({"history", "production"}), "");
  ok({"apply", "p.json"});
  second_build();
  ok({"release", "staging"});
  ok({"promote", "staging", "production", "--plan", "q.json"});
  ok({"promote", "staging", "production", "--reason", "sooner"});
  EXPECT_EQ(run({"apply", "q.json"}).status, 0) << "that very decision was carried out";
  ok({"rollback", "production", "--reason", "back"});
  EXPECT_EQ(run({"apply", "q.json"}).status, 16);
}

TEST_F(Cli, PinChangesTheReferenceAlone) {
  const std::string yaml =
      "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n    - image: r.example/team/hello:v1  # why\n";
  line_.write("pod.yaml", yaml);
  const std::string first = digest(ok({"build", "--push"}));
  ok({"release", "staging"});
  const Outcome check = run({"pin", "--env", "staging", "--check", "pod.yaml"});
  EXPECT_EQ(check.status, 10);
  EXPECT_THAT(check.out, HasSubstr("+    - image: r.example/team/hello:"));
  EXPECT_EQ(line_.read("pod.yaml"), yaml);
  EXPECT_EQ(ok({"pin", "--env", "staging", "pod.yaml"}), "pod.yaml\n");
  EXPECT_EQ(line_.read("pod.yaml"),
            "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n    - image: r.example/team/hello:"
            "hello.staging-v1@" +
                first + "  # why\n");
  EXPECT_EQ(ok({"pin", "--env", "staging", "pod.yaml"}), "");
  EXPECT_EQ(ok({"pin", "--env", "staging", "--check", "pod.yaml"}), "");
}

TEST_F(Cli, WrongInputHasItsStatusAndNamesTheObject) {
  ok({"build", "--push"});
  struct Case {
    std::vector<std::string> words;
    int status;
    std::string says;
  };
  for (const Case& c : std::vector<Case>{
           {{"digest", "oci:images:nope"}, 13, "nope"},
           {{"digest", "oci:nowhere:v1"}, 13, "nowhere"},
           {{"digest", "Bad//Name"}, 2, "Bad//Name"},
           {{"copy", "oci:images:latest", "plain:v1"}, 2, "docker.io"},
           {{"copy", "oci:images:latest", "oci:x@sha256:" + std::string(64, '0')}, 2, "digest"},
           {{"rollback", "production"}, 13, "production"},
           {{"rollback", "production", "x3"}, 2, "x3"},
           {{"promote", "staging", "production"}, 13, "staging"},
           {{"history", "nowhere"}, 2, "nowhere"},
           {{"env", "staging@7"}, 2, "staging@7"},
           {{"apply", "missing.json"}, 13, "missing.json"},
           {{"pin", "missing.yaml"}, 13, "missing.yaml"},
           {{"copy", "oci-archive:x.tar:v1", "oci:y"}, 13, "x.tar"},
           {{"build", "-t", "not a tag"}, 2, "not a tag"},
           {{"status", "--file", "other.yaml"}, 2, "other.yaml"},
       }) {
    const Outcome outcome = run(c.words);
    EXPECT_EQ(outcome.status, c.status) << c.words[0] << " " << c.words.back() << ": " << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr(c.says)) << c.words[0];
    EXPECT_EQ(outcome.out, "") << c.words[0];
  }
}

TEST_F(Cli, EveryMistakeOfTheFileIsReportedAtOnce) {
  line_.write("slipway.yaml", "app: Bad Name\nimage:\n  repositry: x\nenvironments:\n  Prod: {}\nextra: 1\n");
  const Outcome outcome = run({"status"});
  EXPECT_EQ(outcome.status, 2);
  for (const char* place : {"slipway.yaml:1:", "slipway.yaml:3:", "slipway.yaml:5:", "slipway.yaml:6:"}) {
    EXPECT_THAT(outcome.err, HasSubstr(place));
  }
}

TEST_F(Cli, AClosedOutputIsAFailure) {
  line_.out_works = false;
  const Outcome outcome = run({"version"});
  EXPECT_EQ(outcome.status, 1);
  EXPECT_THAT(outcome.err, HasSubstr("standard output"));
}

TEST_F(Cli, AnInterruptedBuildTagsNothing) {
  line_.stop.request_stop();
  const Outcome outcome = run({"build", "--push"});
  EXPECT_EQ(outcome.status, 130);
  EXPECT_EQ(outcome.out, "");
}

TEST_F(Cli, QuietAndProgress) {
  EXPECT_EQ(run({"build", "--push", "-q"}).err, "");
  EXPECT_THAT(run({"copy", "oci:images:latest", "oci:b:v1", "--progress", "json"}).err,
              HasSubstr("{\"event\":\"copied\""));
  EXPECT_EQ(run({"copy", "oci:images:latest", "oci:c:v1", "--progress", "none"}).err, "");
}

}  // namespace
}  // namespace slipway::test
