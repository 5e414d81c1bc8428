#include "slipway/release/environment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "slipway/base/fs.h"

namespace slipway::release {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

struct Decoded {
  Project project;
  std::vector<std::string> problems;  ///< "row:col message"
};

Decoded decode(const std::string& yaml) {
  const auto documents = config::parse_yaml(yaml, "slipway.yaml");
  if (!documents) return {{}, {documents.error().describe()}};
  Diagnostics diagnostics;
  Decoded out{decode_project(documents->front(), "/project", diagnostics), {}};
  for (const Error& error : diagnostics.errors()) {
    out.problems.push_back(fmt::format("{}:{} {}", error.where->row, error.where->col, error.message));
  }
  return out;
}

TEST(Environments, TheExampleOfTheContract) {
  const char* folder = std::getenv("SLIPWAY_TESTDATA");
  const auto text =
      read_file(real_fs(), stdfs::path(folder != nullptr ? folder : "testdata") / "contract-example.yaml");
  ASSERT_TRUE(text);
  const auto [project, problems] = decode(*text);
  EXPECT_THAT(problems, IsEmpty());
  EXPECT_EQ(project.app, "hello");
  ASSERT_EQ(project.environments.size(), 3u);
  const Environment& staging = project.environments[0];
  EXPECT_EQ(staging.repository.str(), "registry.example.com/staging/hello");
  EXPECT_EQ(staging.repository_text, "registry.example.com/staging/hello");
  EXPECT_EQ(staging.tag, "staging");
  EXPECT_THAT(staging.tags, ElementsAre("{version}"));
  ASSERT_EQ(staging.env_files.size(), 1u);
  EXPECT_EQ(staging.env_files[0].path, "/project/deploy/staging.env");
  EXPECT_EQ(staging.mode, Mode::env_file);
  ASSERT_EQ(staging.files.size(), 1u);
  EXPECT_EQ(staging.files[0].path, "/project/deploy/staging/");
  ASSERT_TRUE(staging.schema);
  EXPECT_EQ(staging.schema->path, "/project/deploy/env.schema.yaml");
  const Environment& production = project.environments[1];
  EXPECT_EQ(production.tag, "production");
  EXPECT_EQ(production.mode, Mode::layer);
  EXPECT_THAT(production.after, ElementsAre("staging"));
  EXPECT_FALSE(production.after_any);
  EXPECT_EQ(production.rules.approvals, 1);
  EXPECT_EQ(production.rules.soak, 3600);
  EXPECT_THAT(production.rules.freeze, ElementsAre(Freeze{"Fri 16:00", "Mon 08:00", "Europe/Berlin"}));
  EXPECT_THAT(production.rules.approvers, ElementsAre("alice", "bob"));
  EXPECT_EQ(production.rules.max_age, 26 * 7 * 86400);
  EXPECT_THAT(production.rules.exec, ElementsAre("deploy/judge", "--strict"));
  EXPECT_TRUE(project.environments[2].after_any);
  EXPECT_THAT(project.environments[2].after, ElementsAre("staging", "production"));
  EXPECT_FALSE(project.immutable_tags);
  EXPECT_EQ(project.ledger.str(), "registry.example.com/team/hello-releases");
}

TEST(Environments, TheLedgersSettleTimeIsADuration) {
  for (const auto& [text, seconds] :
       std::vector<std::pair<const char*, std::int64_t>>{{"0s", 0}, {"2s", 2}, {"1m", 60}}) {
    const auto [project, problems] = decode(fmt::format(
        "app: a\nimage: {{repository: reg.example/a}}\nledger: {{settle: {}}}\nenvironments: {{dev: {{}}}}\n", text));
    EXPECT_THAT(problems, IsEmpty()) << text;
    EXPECT_EQ(project.settle, seconds) << text;
  }
}

TEST(Environments, Defaults) {
  const auto [project, problems] =
      decode("app: a\nimage: {repository: reg.example/a}\nenvironments:\n  dev:\n  qa: {}\n");
  EXPECT_THAT(problems, IsEmpty());
  ASSERT_EQ(project.environments.size(), 2u);
  EXPECT_EQ(project.environments[0].repository.str(), "reg.example/a");
  EXPECT_EQ(project.environments[0].tag, "dev");
  EXPECT_THAT(project.environments[1].env_files, IsEmpty());
  EXPECT_EQ(project.ledger.str(), "reg.example/a-releases");
  EXPECT_EQ(project.ledger_text, "reg.example/a-releases");
}

TEST(Environments, LayoutsAreRelativeToTheFile) {
  struct Case {
    const char* image;
    const char* repository;
    const char* text;
    const char* ledger;
    const char* ledger_text;
  };
  for (const Case& c : std::initializer_list<Case>{
           {"oci:./images", "oci:/project/images", "oci:images", "oci:/project/images-releases", "oci:images-releases"},
           {"oci:images/", "oci:/project/images/", "oci:images", "oci:/project/images-releases", "oci:images-releases"},
           {"oci:../up", "oci:/up", "oci:/up", "oci:/up-releases", "oci:/up-releases"},
           {"oci:/srv/x", "oci:/srv/x", "oci:/srv/x", "oci:/srv/x-releases", "oci:/srv/x-releases"},
           {"docker://reg.example/a", "reg.example/a", "reg.example/a", "reg.example/a-releases",
            "reg.example/a-releases"}}) {
    const auto [project, problems] =
        decode(fmt::format("app: a\nimage: {{repository: \"{}\"}}\nenvironments: {{dev: {{}}}}\n", c.image));
    EXPECT_THAT(problems, IsEmpty()) << c.image;
    ASSERT_EQ(project.environments.size(), 1u);
    EXPECT_EQ(project.environments[0].repository.str(), c.repository);
    EXPECT_EQ(project.environments[0].repository_text, c.text);
    EXPECT_EQ(project.ledger.str(), c.ledger);
    EXPECT_EQ(project.ledger_text, c.ledger_text);
  }
}

TEST(Environments, TheLedgerMayBeAnywhere) {
  const auto [project, problems] = decode(
      "app: a\nimage: {repository: reg.example/a}\nenvironments: {dev: {}}\nledger: {repository: reg.example/a}\n");
  EXPECT_THAT(problems, IsEmpty());
  EXPECT_EQ(project.ledger.str(), "reg.example/a");
}

TEST(Environments, SeveralEnvFiles) {
  const auto [project, problems] = decode(
      "app: a\nimage: {repository: r.example/a}\nenvironments:\n  dev: {config: {env-file: [base.env, ../x.env]}}\n");
  EXPECT_THAT(problems, IsEmpty());
  const auto& files = project.environments[0].env_files;
  ASSERT_EQ(files.size(), 2u);
  EXPECT_EQ(files[0].path, "/project/base.env");
  EXPECT_EQ(files[1].path, "/x.env");
  EXPECT_EQ(files[1].where.col, 39);
}

TEST(Environments, AfterInWords) {
  const auto [project, problems] = decode(R"(
app: a
image: {repository: r.example/a}
environments:
  dev: {}
  qa: {}
  stage: {after: {all: [dev, qa]}}
  prod: {after: {any: [dev, qa]}}
)");
  EXPECT_THAT(problems, IsEmpty());
  EXPECT_THAT(project.find("stage")->after, ElementsAre("dev", "qa"));
  EXPECT_FALSE(project.find("stage")->after_any);
  EXPECT_TRUE(project.find("prod")->after_any);
}

TEST(Environments, FilesOfAConfigAreFoldersInTheirOrder) {
  const auto [project, problems] = decode(R"(
app: a
image: {repository: r.example/a}
environments:
  dev: {schema: s.yaml, config: {files: [d/, over], path: /etc/a, mode: layer}}
ledger: {immutable-tags: true}
)");
  EXPECT_THAT(problems, IsEmpty());
  EXPECT_TRUE(project.immutable_tags);
  ASSERT_EQ(project.environments[0].files.size(), 2u);
  EXPECT_EQ(project.environments[0].files[1].path, "/project/over");
  EXPECT_EQ(project.environments[0].config_path, "/etc/a");
}

TEST(Environments, ApprovalsAndPrograms) {
  const auto [project, problems] = decode(R"(
app: a
image: {repository: r.example/a}
environments:
  dev: {policy: {approvals: 2, exec: [./check, --strict]}}
  qa: {policy: {approvals: {count: 1, of: [ann, bob]}}}
)");
  EXPECT_THAT(problems, IsEmpty());
  EXPECT_EQ(project.environments[0].rules.approvals, 2);
  EXPECT_THAT(project.environments[0].rules.exec, ElementsAre("./check", "--strict"));
  EXPECT_EQ(project.environments[1].rules.approvals, 1);
  EXPECT_THAT(project.environments[1].rules.approvers, ElementsAre("ann", "bob"));
  for (const char* wrong : {"0", "-1", "many", "{of: [ann]}", "{count: 2, of: [ann]}", "{count: 1, from: [ann]}"}) {
    const auto [none, found] = decode(fmt::format(
        "app: a\nimage: {{repository: r.example/a}}\nenvironments:\n  dev: {{policy: {{approvals: {}}}}}\n", wrong));
    EXPECT_EQ(found.size(), 1u) << wrong;
  }
}

TEST(Environments, PolicyIsDecoded) {
  const std::string digest = "sha256:" + std::string(64, 'a');
  const auto [project, problems] = decode(fmt::format(R"(
app: a
image: {{repository: r.example/a}}
environments:
  dev: {{policy: {{annotations: [org.opencontainers.image.revision], freeze: []}}}}
  qa:
    after: [dev]
    policy: {{soak: 2d, max-age: 4w, platforms: [linux/amd64, linux/arm/v7], deny: ["{}"], annotations: {{tier: "1"}},
             freeze: [{{from: "22:00", to: "06:00"}}], rollback: strict}}
)",
                                                      digest));
  EXPECT_THAT(problems, IsEmpty());
  EXPECT_EQ(project.environments[0].rules.annotations,
            (std::map<std::string, std::string>{{"org.opencontainers.image.revision", ""}}));
  const PolicyRules& rules = project.environments[1].rules;
  EXPECT_EQ(rules.soak, 2 * 86400);
  EXPECT_EQ(rules.max_age, 28 * 86400);
  EXPECT_THAT(rules.platforms, ElementsAre("linux/amd64", "linux/arm/v7"));
  EXPECT_THAT(rules.deny, ElementsAre(digest));
  EXPECT_EQ(rules.annotations, (std::map<std::string, std::string>{{"tier", "1"}}));
  EXPECT_THAT(rules.freeze, ElementsAre(Freeze{"22:00", "06:00", "UTC"}));
  EXPECT_TRUE(rules.strict_rollback);
}

TEST(Environments, APolicyThatIsNoneNamesItsPlaces) {
  const auto [project, problems] = decode(R"(
app: a
image: {repository: r.example/a}
environments:
  dev:
    policy:
      soak: 1h
      max-age: soon
      platforms: [linux]
      deny: [latest]
      freeze: [{from: "Fri 16:00", to: "08:00"}, {to: "08:00"}]
      rollback: never
)");
  EXPECT_THAT(problems, testing::UnorderedElementsAre(HasSubstr("soak needs environments that come before"),
                                                      HasSubstr("8:16 "), HasSubstr("platforms"), HasSubstr("deny"),
                                                      HasSubstr("must both have a day"), HasSubstr("from"),
                                                      HasSubstr("rollback")));
}

struct Bad {
  const char* name;
  const char* yaml;  ///< after "app: a" and image.repository, from row 3
  std::vector<std::string> problems;
};

class BadEnvironments : public ::testing::TestWithParam<Bad> {};
INSTANTIATE_TEST_SUITE_P(
    Table, BadEnvironments,
    ::testing::Values(
        Bad{"not_a_mapping", "environments: [a]\n", {"3:15 environments must be a mapping of names"}},
        Bad{"name", "environments: {Dev: {}}\n", {"3:16 \"Dev\" is not an environment's name"}},
        Bad{"double_dash", "environments: {a--b: {}}\n", {"3:16 \"a--b\" is not"}},
        Bad{"long_name", "environments: {a1234567890123456789012345678901234567890: {}}\n", {"3:16 \""}},
        Bad{"unknown_key", "environments: {dev: {tagg: x}}\n", {"3:22 unknown key \"tagg\""}},
        Bad{"unknown_config_key", "environments: {dev: {config: {envfile: x}}}\n", {"3:31 unknown key \"envfile\""}},
        Bad{"unknown_policy_key", "environments: {dev: {policy: {soaked: x}}}\n", {"3:31 unknown key \"soaked\""}},
        Bad{"repository", "environments: {dev: {repository: 'UPPER/case'}}\n", {"3:34 "}},
        Bad{"repository_with_tag",
            "environments: {dev: {repository: 'r.example/a:1'}}\n",
            {"3:34 \"r.example/a:1\" has a tag"}},
        Bad{"repository_archive",
            "environments: {dev: {repository: 'oci-archive:x.tar'}}\n",
            {"3:34 \"oci-archive:x.tar\" is an archive"}},
        Bad{"tag", "environments: {dev: {tag: 'a b'}}\n", {"3:27 environments.dev.tag: \"a b\" is not a tag"}},
        Bad{"tags",
            "environments: {dev: {tags: ['{version']}}\n",
            {"3:28 environments.dev.tags: \"{version\" is not a tag"}},
        Bad{"tags_placeholder",
            "environments: {dev: {tags: ['{date}']}}\n",
            {"3:28 environments.dev.tags: \"{date}\" is not a tag"}},
        Bad{"mode",
            "environments: {dev: {config: {mode: magic}}}\n",
            {"3:37 environments.dev.config.mode must be one of"}},
        Bad{"env_file",
            "environments: {dev: {config: {env-file: {}}}}\n",
            {"3:41 environments.dev.config.env-file must be"}},
        Bad{"after_unknown",
            "environments: {dev: {}, prod: {after: [dve]}}\n",
            {"3:40 environments.prod.after names \"dve\""}},
        Bad{"after_twice",
            "environments: {dev: {}, prod: {after: [dev, dev]}}\n",
            {"3:45 environments.prod.after names \"dev\" twice"}},
        Bad{"after_scalar",
            "environments: {dev: {}, prod: {after: dev}}\n",
            {"3:39 environments.prod.after must be a list"}},
        Bad{"after_both",
            "environments: {dev: {}, prod: {after: {all: [dev], any: [dev]}}}\n",
            {"3:39 environments.prod.after must have exactly one"}},
        Bad{"after_itself",
            "environments: {dev: {after: [dev]}}\n",
            {"3:16 environments.dev.after leads back to itself"}},
        Bad{"after_circle",
            "environments: {a: {after: [b]}, b: {after: [a]}}\n",
            {"3:16 environments.a.after leads back", "3:33 environments.b.after leads back"}},
        Bad{"same_tag",
            "environments: {a: {tag: live}, b: {tag: live}}\n",
            {"3:32 environments.b moves the same tag as environments.a"}},
        Bad{"tag_like_a_keep_tag",
            "environments: {dev: {tag: a.dev-v1}}\n",
            {"3:16 the tag \"a.dev-v1\" of environments.dev"}},
        Bad{"tag_like_an_entry",
            "environments: {dev: {tag: a.dev.v1}}\n",
            {"3:16 the tag \"a.dev.v1\" of environments.dev"}},
        Bad{"name_like_a_keep_tag", "environments: {dev: {}, dev-v2: {}}\n", {"3:25 the name of environments.dev-v2"}},
        Bad{"ledger_key", "environments: {dev: {}}\nledger: {repo: x}\n", {"4:10 unknown key \"repo\""}},
        Bad{"ledger_place",
            "environments: {dev: {}}\nledger: {repository: 'r.example/a:t'}\n",
            {"4:22 \"r.example/a:t\" has a tag"}},
        Bad{"ledger_settle", "environments: {dev: {}}\nledger: {settle: soon}\n", {"4:18 "}},
        Bad{"all_at_once",
            "environments:\n  dev: {tag: 'a b', x: 1}\n  Q: {}\n  prod: {after: [z]}\n",
            {"4:14 environments.dev.tag", "4:21 unknown key \"x\"", "5:3 \"Q\" is not",
             "6:18 environments.prod.after names \"z\""}}),
    [](const auto& bad) { return bad.param.name; });

TEST_P(BadEnvironments, IsReportedAtItsPlace) {
  const auto decoded = decode(std::string("app: a\nimage: {repository: r.example/a}\n") + GetParam().yaml);
  ASSERT_EQ(decoded.problems.size(), GetParam().problems.size())
      << fmt::format("{}", fmt::join(decoded.problems, "\n"));
  for (std::size_t i = 0; i < decoded.problems.size(); ++i) {
    EXPECT_THAT(decoded.problems[i], HasSubstr(GetParam().problems[i]));
  }
}

TEST(Environments, WithoutAnyRepository) {
  EXPECT_THAT(decode("app: a\nenvironments: {dev: {}}\n").problems,
              ElementsAre(HasSubstr("environments.dev has no repository"), HasSubstr("the ledger has no repository")));
}

TEST(Environments, MistakesOfTheImageAreReportedElsewhere) {
  EXPECT_THAT(decode("app: a\nimage: {repository: 'BAD NAME'}\nenvironments: {dev: {}}\n").problems, IsEmpty());
  EXPECT_THAT(decode("app: [a]\nimage: 5\n").problems, IsEmpty());
}

TEST(Environments, RequireNamesWhatThereIs) {
  const auto project =
      decode("app: a\nimage: {repository: r.example/a}\nenvironments: {staging: {}, prod: {}}\n").project;
  ASSERT_TRUE(project.require("prod"));
  const auto near = project.require("stagin");
  ASSERT_FALSE(near);
  EXPECT_EQ(near.error().code, Errc::invalid_argument);
  EXPECT_THAT(near.error().hint, HasSubstr("did you mean \"staging\""));
  EXPECT_THAT(project.require("zzzzzzzz").error().hint, HasSubstr("staging, prod"));
  EXPECT_THAT(decode("app: a\n").project.require("x").error().hint, HasSubstr("environments"));
}

TEST(Environments, Names) {
  for (const char* good : {"a", "0", "a-b", "staging-eu-1"})
    EXPECT_TRUE(is_valid_name(good)) << good;
  for (const char* bad : {"", "-a", "a-", "a--b", "A", "a_b", "a.b", "ä"})
    EXPECT_FALSE(is_valid_name(bad)) << bad;
  EXPECT_TRUE(is_valid_name(std::string(40, 'a')));
  EXPECT_FALSE(is_valid_name(std::string(41, 'a')));
}

}  // namespace
}  // namespace slipway::release
