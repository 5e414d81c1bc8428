#include "release/todays_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "release/plaintext.h"
#include "slipway/release/config_schema.h"
#include "slipway/release/secret_reference.h"
#include "support/temp_dir.h"

namespace slipway::release {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

using Lines = std::vector<std::string>;
using Values = std::map<std::string, std::string>;

std::string shown(const Error& error) {
  const Where where = error.where.value_or(Where{});
  return fmt::format("{}:{}:{} {}", stdfs::path(where.file).filename().native(), where.row, where.col, error.message);
}

/// An environment whose files are in a folder of the test's own.
class TodaysConfig : public ::testing::Test {
 protected:
  void env_file(const std::string& name, const std::string& text) {
    write(name, text);
    environment.env_files.push_back({folder.path() / name, {"slipway.yaml", 9, 9}});
  }
  void schema(const std::string& text) {
    write("schema.yaml", text);
    environment.schema = ConfigFile{folder.path() / "schema.yaml", {"slipway.yaml", 10, 13}};
  }
  void write(const std::string& name, const std::string& text) {
    ASSERT_TRUE(write_file_atomically(real_fs(), folder.path() / name, text));
  }
  Result<ConfigValues> read() { return read_todays_config(environment, real_fs(), warnings); }
  /// The problems, sorted by place.
  Lines problems() {
    const auto config = read();
    if (config) return {};
    EXPECT_EQ(config.error().code, Errc::invalid_argument);
    Lines lines;
    if (config.error().causes.empty()) return {shown(config.error())};
    for (const Error& cause : config.error().causes)
      lines.push_back(shown(cause));
    return lines;
  }

  test::TempDir folder;
  Environment environment{.name = "staging", .where = {}, .repository_text = {}, .tag = {}};
  std::vector<Error> warnings;
};

TEST_F(TodaysConfig, LaterFilesLieOverEarlierOnes) {
  env_file("base.env", "A=1\nB=2\nC=env://C\nD=env://D\n");
  env_file("staging.env", "B=3\nC=plain\nA=env://A\n");
  const auto config = read();
  ASSERT_TRUE(config) << config.error().describe();
  EXPECT_EQ(config->values, (Values{{"B", "3"}, {"C", "plain"}}));
  EXPECT_EQ(config->secrets, (Values{{"A", "env://A"}, {"D", "env://D"}}));
}

TEST_F(TodaysConfig, ASchemaFillsInWhatIsNotSet) {
  env_file("a.env", "PORT=80\n");
  schema("keys:\n  PORT: {type: int, required: true}\n  LEVEL: {type: enum, values: [info, debug], default: info}\n");
  EXPECT_EQ(read()->values, (Values{{"LEVEL", "info"}, {"PORT", "80"}}));
}

TEST_F(TodaysConfig, EveryProblemOfEveryFileIsToldAtOnceWithItsPlace) {
  env_file("base.env", "PORT=eighty\nNOPE\nOLD=1\n");
  env_file("staging.env", "\nTIMEOUT=10\nPROT=1\nURL=nowhere\nKEY=abc\n");
  schema(R"(keys:
  PORT: {type: int}
  OLD: {forbidden: true}
  TIMEOUT: {type: duration}
  URL: {type: url}
  KEY: {secret: true}
  MUST: {required: true}
)");
  EXPECT_THAT(problems(), ElementsAre(HasSubstr("base.env:1:1 PORT must be an int"),
                                      HasSubstr("base.env:2:1 \"NOPE\" has no value"),
                                      HasSubstr("base.env:3:1 OLD must not be set"),
                                      HasSubstr("schema.yaml:7:3 MUST must be set in the config of staging"),
                                      HasSubstr("staging.env:2:1 TIMEOUT must be a duration"),
                                      HasSubstr("staging.env:3:1 PROT is not in the schema"),
                                      HasSubstr("staging.env:4:1 URL must be a URL"),
                                      HasSubstr("staging.env:5:1 KEY is a secret and must be a reference")));
}

TEST_F(TodaysConfig, AValueIsJudgedWhereItWon) {
  env_file("base.env", "PORT=1\n");
  env_file("over.env", "\n\nPORT=x\n");
  schema("keys: {PORT: {type: int}}");
  EXPECT_THAT(problems(), ElementsAre(HasSubstr("over.env:3:1 PORT must be an int")));
}

TEST_F(TodaysConfig, AReferenceCountsAsThereWhateverItsType) {
  env_file("a.env", "PORT=secret://vault/app#port\nKEY=file:///run/key\n");
  schema("keys: {PORT: {type: int, required: true}, KEY: {secret: true, required: true}}");
  EXPECT_TRUE(read());
}

TEST_F(TodaysConfig, ASchemaMayAllowMore) {
  env_file("a.env", "OTHER=1\n");
  schema("additional: allow\nkeys: {PORT: {type: int}}");
  EXPECT_TRUE(read());
  schema("additional: deny\nkeys: {OTHERS: {type: int}}");
  EXPECT_THAT(read().error().describe(), HasSubstr("did you mean OTHERS?"));
}

TEST_F(TodaysConfig, MissingFilesAreNamedOnce) {
  environment.env_files.push_back({folder.path() / "gone.env", {"slipway.yaml", 9, 9}});
  schema("keys: {PORT: {required: true}}");
  EXPECT_THAT(problems(), ElementsAre(HasSubstr("slipway.yaml:9:9")));
  environment.schema = ConfigFile{folder.path() / "gone.yaml", {"slipway.yaml", 10, 13}};
  EXPECT_THAT(problems(), ElementsAre(HasSubstr("slipway.yaml:9:9"), HasSubstr("slipway.yaml:10:13")));
}

TEST_F(TodaysConfig, WhatLooksLikeASecretNeedsAReason) {
  env_file("a.env", "DB_PASSWORD=hunter2\nURL=postgres://u:pw@db/x\nPUBLIC_TOKEN=abc\n");
  environment.plaintext = {{"PUBLIC_TOKEN", "it is printed on the page"}};
  EXPECT_THAT(problems(), ElementsAre(HasSubstr("a.env:1:1 DB_PASSWORD looks like a secret, by its name"),
                                      HasSubstr("a.env:2:1 URL looks like a URL with a password")));
  const std::string told = read().error().describe();
  EXPECT_THAT(told, Not(HasSubstr("hunter2")));
  EXPECT_THAT(told, Not(HasSubstr(":pw@")));
  EXPECT_THAT(told, HasSubstr("plaintext: {DB_PASSWORD: reason}"));
}

TEST_F(TodaysConfig, ATextThatEndsWhereASecretWouldBeginHasNone) {
  env_file("a.env", "FIRST={\"password\":\"\nSECOND={\"password\": \"\"}\nTHIRD={\"password\": \"x\"}\n");
  EXPECT_THAT(problems(), ElementsAre(HasSubstr("a.env:3:1 THIRD looks like")));
}

struct Fit {
  const char* rule;
  Lines good;
  Lines bad;
};

TEST(ConfigSchema, Types) {
  for (const auto& [rule, good, bad] : std::initializer_list<Fit>{
           {"{}", {"", "x", "Ü"}, {}},
           {"{type: int}",
            {"0", "-1", "9223372036854775807"},
            {"", "+1", "01", "1.0", "1 ", "0x1", "9223372036854775808"}},
           {"{type: int, min: 1, max: 65535}", {"1", "65535"}, {"0", "65536", "-5"}},
           {"{type: bool}", {"true", "false"}, {"True", "1", "yes", ""}},
           {"{type: url}",
            {"https://example.com/a?b#c", "postgres://db:5432/x", "unix:///run/s"},
            {"", "example.com", "https://", "://x", "1http://x", "http://a b", "http://a\"b"}},
           {"{type: enum, values: [a, b]}", {"a", "b"}, {"", "A", "ab", "c"}},
           {"{type: duration}",
            {"0", "1h30m", "250ms", "1.5s", "10us", "3ns"},
            {"", "10", "1d", "h", "1h-1m", ".s", "1.s", "-1s", "9999999999h"}},
           {"{type: duration, min: 1s, max: 1h}", {"1s", "60m", "1000ms"}, {"999ms", "61m"}},
           {"{min: 2, max: 3}", {"ab", "ÄÖÜ"}, {"a", "abcd"}},
           {"{pattern: '.{3}'}", {"äöü", "abc"}, {"äö", "abcd"}},
           {"{pattern: 'a|ab'}", {"a", "ab"}, {"xab", "abx", "b"}},
           {"{pattern: '[a-z]+(-[a-z]+)?'}", {"a", "ab-c"}, {"", "a-", "xA", "a-b-c", "a\nb"}}}) {
    Diagnostics own;
    const ConfigSchema schema = ConfigSchema::parse(fmt::format("keys: {{K: {}}}", rule), "s.yaml", own);
    ASSERT_FALSE(own.has_errors()) << rule << own.errors()[0].message;
    const auto fits = [&](const std::string& value) {
      ConfigValues config{{{"K", value}}, {}};
      Diagnostics diagnostics;
      schema.apply(config, {{"K", {"a.env", 1, 1}}}, "staging", diagnostics);
      return !diagnostics.has_errors();
    };
    for (const std::string& value : good)
      EXPECT_TRUE(fits(value)) << rule << " " << value;
    for (const std::string& value : bad)
      EXPECT_FALSE(fits(value)) << rule << " " << value;
  }
}

TEST(ConfigSchema, ValuesAreNeverShown) {
  Diagnostics own;
  const ConfigSchema schema = ConfigSchema::parse("keys: {K: {type: int}}", "s.yaml", own);
  ConfigValues config{{{"K", "hush"}}, {}};
  Diagnostics diagnostics;
  schema.apply(config, {{"K", {"a.env", 1, 1}}}, "staging", diagnostics);
  EXPECT_THAT(diagnostics.errors().at(0).describe(), Not(HasSubstr("hush")));
}

TEST(ConfigSchema, RulesThatCannotBeKeptAreRefused) {
  struct Case {
    const char* yaml;
    const char* problem;
  };
  for (const auto& [yaml, problem] :
       std::initializer_list<Case>{{"", "one YAML document"},
                                   {"keys: [A]", "a mapping of names to rules"},
                                   {"key: {A: {}}", "key"},
                                   {"additional: maybe", "additional"},
                                   {"keys: {1A: {}}", "\"1A\" is not a name"},
                                   {"keys: {A: {type: float}}", "type"},
                                   {"keys: {A: {tpye: int}}", "tpye"},
                                   {"keys: {A: {type: int, default: x}}", "default: must be an int"},
                                   {"keys: {A: {type: int, min: x}}", "min: must be an int"},
                                   {"keys: {A: {type: duration, min: 5}}", "min: must be a duration"},
                                   {"keys: {A: {type: int, min: 5, max: 4}}", "max: it is less than min"},
                                   {"keys: {A: {type: bool, max: 4}}", "max: it is for"},
                                   {"keys: {A: {type: enum}}", "an enum needs its values"},
                                   {"keys: {A: {values: [a]}}", "they are for type: enum"},
                                   {"keys: {A: {pattern: '('}}", "regular expression"},
                                   {"keys: {A: {required: true, default: a}}", "a required key needs no default"},
                                   {"keys: {A: {forbidden: true, required: true}}", "cannot be required"},
                                   {"keys: {A: {secret: true, default: a}}", "known at run time only"},
                                   {"keys: {A: {default: 'env://A'}}", "is not a default"}}) {
    Diagnostics own;
    ConfigSchema::parse(yaml, "s.yaml", own);
    ASSERT_TRUE(own.has_errors()) << yaml;
    EXPECT_THAT(own.errors().front().message, HasSubstr(problem)) << yaml;
  }
}

TEST(SecretReference, KnowsThreeKinds) {
  using Kind = SecretReference::Kind;
  const auto helper = SecretReference::parse("secret://my-vault/team/db#password").value();
  EXPECT_EQ(helper.kind, Kind::helper);
  EXPECT_EQ(helper.name + "|" + helper.path + "|" + helper.key, "my-vault|team/db|password");
  EXPECT_EQ(SecretReference::parse("secret://a/b")->key, "");
  EXPECT_EQ(SecretReference::parse("env://TOKEN")->kind, Kind::variable);
  EXPECT_EQ(SecretReference::parse("env://TOKEN")->name, "TOKEN");
  EXPECT_EQ(SecretReference::parse("file:///run/key")->name, "/run/key");
}

TEST(SecretReference, RefusesWhatWouldLeadElsewhere) {
  for (const char* text :
       {"", "secret://", "secret://a", "secret://a/", "secret://a/#k", "secret://a/b#", "secret:///b",
        "secret://../x/b", "secret://A/b", "secret://-a/b", "secret://a b/c", "secret://a\n/b", "env://", "env://1A",
        "env://A B", "file://", "file://a\tb", "https://x", "vault://x/y"}) {
    const auto parsed = SecretReference::parse(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code, Errc::invalid_argument) << text;
    EXPECT_NE(parsed.error().hint, "") << text;
  }
}

TEST(SecretReference, BadOnesAreReportedInTheirLine) {
  Diagnostics diagnostics;
  parse_env_file("A=1\nB=secret://Vault/x\n", "a.env", diagnostics);
  ASSERT_EQ(diagnostics.errors().size(), 1u);
  EXPECT_THAT(shown(diagnostics.errors()[0]), HasSubstr("a.env:2:3 \"secret://Vault/x\" names no helper"));
}

TEST(Plaintext, LooksSecret) {
  // Put together here, so that nobody's scanner takes them for leaked ones.
  const std::string key = std::string("AK") + "IAIOSFODNN7EXAMPLE";
  const std::string pat = std::string("gh") + "p_16C7e42F292c6912E7710c838347Ae178B4a";
  for (const auto& [name, value] : std::initializer_list<std::pair<std::string, std::string>>{
           {"X", key},
           {"X", pat},
           {"X", std::string("-----BEGIN RSA PRIV") + "ATE KEY-----"},
           {"X", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln"},
           {"DATABASE_URL", "postgres://app:pw@db.example/app"},
           {"X", "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEYq9"},
           {"DB_PASSWORD", "x"},
           {"db_passwd", "x"},
           {"API_TOKEN", "abc"},
           {"SECRET", "abc"},
           {"TOKEN2", "abc"},
           {"STRIPE_API_KEY", "abc"},
           {"PGPASSWORD", "x"},
           {"DB_PASS", "x"},
           {"SMTP_PASS2", "x"},
           {"dbPassword", "x"},
           {"SECRETKEY", "x"},
           {"REDISCLI_AUTH", "x"},
           {"ENCRYPTION_KEY", "x"},
           {"JDBC", "jdbc:postgresql://db.example/app?user=app&password=x"},
           {"DSN", "Server=db;User Id=app;Password=x;"},
           {"X", R"({"user": "app", "password": "x"})"},
           {"X", "Basic dXNlcjpwYXNz"},
           {"X", "Bearer abcdefgh.ijk"},
           {"PIN_PASSWORD", "123456"}}) {
    EXPECT_TRUE(looks_secret(name, value)) << name << "=" << value;
  }
}

TEST(Plaintext, WhatIsAboutSecretsIsNone) {
  for (const auto& [name, value] : std::initializer_list<std::pair<const char*, const char*>>{
           {"PORT", "443"},
           {"TOKEN_TTL", "1h"},
           {"SECRET_FILE", "db"},
           {"PASSWORD_FILE", "/run/secrets/db"},
           {"PASSWORD", ""},
           {"USE_TOKEN", "true"},
           {"TOKENS", "abc"},
           {"MONKEY", "abc"},
           {"SECRETARY", "ann"},
           {"TOKEN_URL", "https://login.example/token"},
           {"DATABASE_URL", "postgres://app@db.example/app"},
           {"ENDPOINT", "https://example.com/a:b@c"},
           {"DIGEST", "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
           {"COMMIT", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
           {"ID", "123e4567-e89b-12d3-a456-426614174000"},
           {"FEATURES", "fast-start,slow-stop,very-long-names-of-features"},
           {"PASS_THROUGH", "x"},
           {"BYPASS", "x"},
           {"AUTH_MODE", "ldap"},
           {"TEMPLATE", "Server=db;Password=${DB_PASSWORD};"},
           {"RULES", R"({"password": "", "user": "app"})"},
           {"TEXT", "the password is asked for"},
           {"SCHEME", "Basic or Bearer"},
           {"X", "AKIA"}}) {
    EXPECT_EQ(looks_secret(name, value), std::nullopt) << name << "=" << value;
  }
}

/// Folders of files, laid over each other.
class TodaysFiles : public TodaysConfig {
 protected:
  TodaysFiles() { environment.config_path = "/etc/hello"; }
  void place(const std::string& name) { environment.files.push_back({folder.path() / name, {"slipway.yaml", 11, 20}}); }
  void file(const std::string& name, const std::string& text) {
    ASSERT_TRUE(real_fs().make_directories((folder.path() / name).parent_path()));
    write(name, text);
  }
};

TEST_F(TodaysFiles, LaterFoldersLieOverEarlierOnes) {
  file("base/a.toml", "a = 1\n");
  file("base/sub/b.toml", "b = 1\n");
  file("over/sub/b.toml", "b = 2\n");
  file("single.conf", "c\n");
  stdfs::permissions(folder.path() / "over/sub/b.toml", stdfs::perms(0700));
  place("base");
  place("over/");
  place("single.conf");
  const auto config = read().value();
  EXPECT_EQ(config.path, "/etc/hello");
  ASSERT_EQ(config.files.size(), 3u);
  EXPECT_EQ(*config.files.at("a.toml").content, "a = 1\n");
  EXPECT_EQ(*config.files.at("sub/b.toml").content, "b = 2\n");
  EXPECT_EQ(config.files.at("sub/b.toml").mode, 0755u);
  EXPECT_EQ(config.files.at("single.conf").mode, 0644u);
}

TEST_F(TodaysFiles, WithoutFilesAConfigHasNoPath) {
  env_file("a.env", "A=1\n");
  EXPECT_EQ(read()->path, "");
  stdfs::create_directory(folder.path() / "empty");
  place("empty");
  EXPECT_EQ(read()->path, "");
}

TEST_F(TodaysFiles, EverythingThatAConfigCannotHaveIsReportedAtOnce) {
  file("d/env", "A=1\n");
  file("d/a", "");
  file("e/a/b", "");
  file("d/.wh.gone", "");
  stdfs::create_symlink("a", folder.path() / "d/link");
  place("d");
  place("e");
  place("missing");
  const Lines lines = problems();
  EXPECT_THAT(lines, ::testing::UnorderedElementsAre(
                         HasSubstr("d/link is a symlink"), HasSubstr(".wh.gone has a name"), HasSubstr("missing"),
                         HasSubstr("\"env\", which is the name of the file with its values"),
                         HasSubstr("\"a\" as a file and as a folder")));
  for (const std::string& line : lines)
    EXPECT_THAT(line, HasSubstr("slipway.yaml:11:20 "));
}

TEST_F(TodaysFiles, TooMuchIsRefused) {
  file("d/large", std::string(kMaxConfigFiles, 'x'));
  place("d");
  EXPECT_TRUE(read());
  file("d/more", "x");
  EXPECT_THAT(problems(), ElementsAre(HasSubstr("16.0 MiB in all")));
}

TEST_F(TodaysFiles, SecretsInFilesNeedAReason) {
  file("d/key.pem", "-----BEGIN RSA PRIVATE KEY-----\nMIIB\n");
  file("d/app.toml", "url = \"postgres://app:hunter2@db/x\"\n");
  file("d/tokens.yaml", "token: ghp_0123456789abcdefghij\n");
  file("d/plain.toml", "hash = \"0123456789abcdefABCDEFGHIJKLMNOPQRSTUVWXYZ\"\npassword_file = \"/run/x\"\n");
  place("d");
  EXPECT_THAT(problems(),
              ElementsAre(HasSubstr("app.toml has a URL with a password"), HasSubstr("key.pem has a private key"),
                          HasSubstr("tokens.yaml has a GitHub token")));
  for (const char* name : {"app.toml", "key.pem", "tokens.yaml"})
    environment.plaintext.emplace(name, "a sample");
  EXPECT_TRUE(read());
}

}  // namespace
}  // namespace slipway::release
