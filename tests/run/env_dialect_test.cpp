#include "slipway/run/env_dialect.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "slipway/base/json.h"
#include "slipway/base/subprocess.h"

namespace slipway::run {
namespace {

using testing::HasSubstr;
using Values = std::vector<std::pair<std::string, std::string>>;

/// Values that some dialect or other mangles.
Values nasty() {
  return {{"EMPTY", ""},
          {"PLAIN", "x"},
          {"SPACES", "  both ends  "},
          {"TABS", "\ta\t"},
          {"SINGLE", "'quoted'"},
          {"DOUBLE", "\"quoted\""},
          {"ONE_QUOTE", "it's"},
          {"HASH", "a#b #c"},
          {"HASH_FIRST", "#c"},
          {"DOLLAR", "$HOME ${HOME} $(id) $$"},
          {"BACKTICK", "`id`"},
          {"BACKSLASH", "a\\nb\\"},
          {"EQUALS", "a=b=c"},
          {"URL", "postgres://u:p@h/db?x=1&y=2"},
          {"UNICODE", "gr\xc3\xbc\xc3\x9f \xf0\x9f\x98\x80"},
          {"JSON", "{\"a\": [1, \"b\"]}"},
          {"CONTROL", "a\x1b[0m\x07"},
          {"NBSP", "\xc2\xa0x\xc2\xa0"},
          {"GLOB", "* ? [a]"},
          {"_under_1", "semi;colon&and|or"}};
}

std::string_view trim_left(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\n\v\f\r");
  return first == std::string_view::npos ? std::string_view() : text.substr(first);
}

/// Reads as podman-run(1) and docker say of --env-file: blank lines and lines
/// that start with # are skipped, the first = divides, the value is literal to
/// the end of the line; the line scanner drops a final CR.
Values read_env_file(std::string_view text) {
  Values out;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    line = trim_left(line);
    if (line.empty() || line[0] == '#') continue;
    const std::size_t equals = line.find('=');
    EXPECT_NE(equals, std::string_view::npos) << line;
    out.emplace_back(line.substr(0, equals), equals == std::string_view::npos ? "" : line.substr(equals + 1));
  }
  return out;
}

class LineDialects : public testing::TestWithParam<Dialect> {};
INSTANTIATE_TEST_SUITE_P(Both, LineDialects, testing::Values(Dialect::docker, Dialect::podman),
                         [](const auto& test) { return std::string(name_of(test.param)); });

TEST_P(LineDialects, ReadBackAsTheyWere) {
  const auto text = write_env(nasty(), GetParam());
  ASSERT_TRUE(text.has_value()) << text.error().describe();
  EXPECT_EQ(read_env_file(*text), nasty());
}

TEST_P(LineDialects, AreLiteralLinesInTheGivenOrder) {
  EXPECT_EQ(write_env({{"B", "2"}, {"A", "'1' #"}}, GetParam()).value(), "B=2\nA='1' #\n");
  EXPECT_EQ(write_env({}, GetParam()).value(), "");
}

struct Uncarried {
  const char* name;
  std::string key;
  std::string value;
  std::string reason;
  std::string hint;
};

class RefusedByLines : public testing::TestWithParam<Uncarried> {};

TEST_P(RefusedByLines, NamesTheKeyAndWhatCanCarryIt) {
  for (const Dialect dialect : {Dialect::docker, Dialect::podman}) {
    const auto text = write_env({{"GOOD", "x"}, {GetParam().key, GetParam().value}}, dialect);
    ASSERT_FALSE(text.has_value());
    EXPECT_EQ(text.error().code, Errc::invalid_argument);
    EXPECT_THAT(text.error().message, HasSubstr(GetParam().reason));
    EXPECT_THAT(text.error().message, HasSubstr(name_of(dialect)));
    EXPECT_EQ(text.error().hint, GetParam().hint);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Table, RefusedByLines,
    testing::Values(Uncarried{"new_line", "KEY", "a\nb", "\"KEY\" as", "use --format compose or systemd or sh or json"},
                    Uncarried{"final_new_line", "KEY", "a\n", "a value with a new line",
                              "use --format compose or systemd or sh or json"},
                    Uncarried{"carriage_return", "KEY", "a\r", "a value with a carriage return",
                              "use --format compose or sh or json"},
                    Uncarried{"nul", "KEY", std::string("a\0b", 3), "a value with NUL", "use --format json"},
                    Uncarried{"not_utf8", "KEY", "\xff", "a value that is not UTF-8", "use --format sh"},
                    Uncarried{"too_long", "KEY", std::string(70'000, 'x'), "longer than 64 KiB",
                              "use --format compose or systemd or sh or json"},
                    Uncarried{"key_space", "A KEY", "x", "white space", "use --format json"},
                    Uncarried{"key_tab", "A\tKEY", "x", "white space", "use --format json"},
                    Uncarried{"key_wide_space",
                              "A\xe2\x80\x83"
                              "B",
                              "x", "white space", "use --format json"},
                    Uncarried{"key_nbsp",
                              "A\xc2\xa0"
                              "B",
                              "x", "white space", "use --format json"},
                    Uncarried{"key_equals", "A=B", "x", "a name with =", "use --format json"},
                    Uncarried{"key_hash", "#A", "x", "starts with #", "use --format json"},
                    Uncarried{"key_bom",
                              "\xef\xbb\xbf"
                              "A",
                              "x", "byte order mark", "use --format json"},
                    Uncarried{"key_nul", std::string("A\0B", 3), "x", "a name with NUL", "use --format json"},
                    Uncarried{"key_empty", "", "x", "an empty name", "use --format json"},
                    Uncarried{"nothing_can", "\xff", "x", "not UTF-8",
                              "no format can carry it; change it in the config"}),
    [](const auto& test) { return test.param.name; });

TEST(WriteEnv, TheLongestLineThatDockerReadsIsWritten) {
  EXPECT_TRUE(write_env({{"K", std::string(65'533, 'x')}}, Dialect::docker).has_value());
  EXPECT_FALSE(write_env({{"K", std::string(65'534, 'x')}}, Dialect::docker).has_value());
}

TEST(WriteEnv, ReportsAllKeysAtOnceAndNoValue) {
  const auto text = write_env({{"FIRST", "s3cret\n"}, {"FINE", "x"}, {"SECOND", "h1dden\r"}}, Dialect::docker);
  ASSERT_FALSE(text.has_value());
  const std::string shown = text.error().describe();
  EXPECT_THAT(shown, HasSubstr("FIRST"));
  EXPECT_THAT(shown, HasSubstr("SECOND"));
  EXPECT_EQ(shown.find("s3cret"), std::string::npos);
  EXPECT_EQ(shown.find("h1dden"), std::string::npos);
}

TEST(WriteEnv, RefusesAKeyGivenTwice) {
  for (const Dialect dialect : {Dialect::docker, Dialect::sh, Dialect::json}) {
    const auto text = write_env({{"A", "1"}, {"A", "2"}}, dialect);
    ASSERT_FALSE(text.has_value());
    EXPECT_THAT(text.error().describe(), HasSubstr("A is given twice"));
  }
}

TEST(WriteEnv, TheShellReadsBackWhatWasWritten) {
  Values values = nasty();
  values.emplace_back("LINES", "a\nb\r\n\nc\n");
  const auto text = write_env(values, Dialect::sh);
  ASSERT_TRUE(text.has_value()) << text.error().describe();
  std::string script = *text;
  for (const auto& [key, value] : values)
    script += "printf '%s|' \"$" + key + "\"\n";
  const auto result = run_command({.argv = {"sh"}, .input = script});
  ASSERT_TRUE(result.has_value()) << result.error().describe();
  EXPECT_EQ(result->err, "");
  std::string expected;
  for (const auto& [key, value] : values)
    expected += value + "|";
  EXPECT_EQ(result->out, expected);
}

TEST(WriteEnv, TheShellPassesThemOn) {
  const auto text = write_env({{"SLIPWAY_TEST_VALUE", "it's $HOME"}}, Dialect::sh);
  const auto result = run_command({.argv = {"sh"}, .input = text.value() + "env | grep ^SLIPWAY_TEST_VALUE\n"});
  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(result->out, "SLIPWAY_TEST_VALUE=it's $HOME\n");
}

TEST(WriteEnv, TheShellRefusesNamesThatItCannotHave) {
  for (const char* key : {"a-b", "1A", "", "A B", "A;id", "\xc3\xa4", "A=B"}) {
    const auto text = write_env({{key, "x"}}, Dialect::sh);
    ASSERT_FALSE(text.has_value()) << key;
    EXPECT_THAT(text.error().message, HasSubstr("not a shell variable"));
  }
  EXPECT_THAT(write_env({{"a-b", "x"}}, Dialect::sh).error().hint, HasSubstr("docker or podman or kubectl or json"));
}

TEST(WriteEnv, JsonCarriesAnyText) {
  Values values = nasty();
  values.emplace_back("a b=c", std::string("x\0y\n", 4));
  const auto text = write_env(values, Dialect::json);
  ASSERT_TRUE(text.has_value()) << text.error().describe();
  EXPECT_TRUE(text->ends_with("}\n"));
  const Json json = Json::parse(*text, "env").value();
  ASSERT_NE(json.object(), nullptr);
  Values back;
  for (const auto& [key, value] : *json.object())
    back.emplace_back(key, *value.string());
  EXPECT_EQ(back, values);
  EXPECT_FALSE(write_env({{"A", "\xff"}}, Dialect::json).has_value());
}

/// systemd's parser (systemd.exec(5), EnvironmentFile=): quoted pieces, in double quotes a backslash before one of
/// "\`$ is dropped, comments at the line's start only.
Values read_systemd(std::string_view text) {
  Values out;
  std::size_t at = 0;
  while (at < text.size()) {
    if (text[at] == '#' || text[at] == ';' || text[at] == '\n') {
      at = std::min(text.find('\n', at), text.size() - 1) + 1;
      continue;
    }
    const std::size_t equals = text.find('=', at);
    std::string key(text.substr(at, equals - at)), value;
    EXPECT_EQ(text[equals + 1], '"');
    for (at = equals + 2; text[at] != '"'; ++at) {
      if (text[at] == '\\' && std::string_view("\"\\`$").find(text[at + 1]) != std::string_view::npos) ++at;
      value += text[at];
    }
    EXPECT_EQ(text[++at], '\n');
    out.emplace_back(std::move(key), std::move(value));
  }
  return out;
}

/// compose's parser (compose-go, dotenv): CRLF becomes LF; single quotes are literal; in double quotes escapes are
/// read, then a bare $ would be expanded, which here must not come up.
Values read_compose(std::string text) {
  for (std::size_t at = text.find("\r\n"); at != std::string::npos; at = text.find("\r\n"))
    text.erase(at, 1);
  Values out;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t equals = text.find('=', at);
    std::string key = text.substr(at, equals - at), value;
    const char quote = text[equals + 1];
    EXPECT_TRUE(quote == '\'' || quote == '"');
    for (at = equals + 2; at < text.size() && text[at] != quote; ++at) {
      EXPECT_FALSE(quote == '"' && text[at] == '$') << "would be expanded";
      if (text[at] == '\\' && (quote == '"' || text[at + 1] == quote)) {
        ++at;
        value += text[at] == 'r' ? '\r' : text[at];
      } else {
        value += text[at];
      }
    }
    EXPECT_EQ(text[++at], '\n');
    ++at;
    out.emplace_back(std::move(key), std::move(value));
  }
  return out;
}

Values with_lines() {
  Values values = nasty();
  values.emplace_back("LINES", "a\nb\n\n 'c' \"d\" \\\n");
  values.emplace_back("CONTINUED", "a \\\nB=c");
  values.emplace_back("ESCAPED", "\\n \\$ \\' \\\\");
  return values;
}

TEST(WriteEnv, SystemdReadsBackWhatWasWritten) {
  Values values = with_lines();
  values.erase(std::find_if(values.begin(), values.end(), [](const auto& entry) { return entry.first == "CONTROL"; }));
  const auto text = write_env(values, Dialect::systemd);
  ASSERT_TRUE(text.has_value()) << text.error().describe();
  EXPECT_EQ(read_systemd(*text), values);
  EXPECT_EQ(*write_env({{"A", "x $y"}}, Dialect::systemd), "A=\"x \\$y\"\n");
  for (const char* value : {"a\x1b", "a\r", "\x7f", "\xff"}) {
    const auto refused = write_env({{"A", value}}, Dialect::systemd);
    ASSERT_FALSE(refused.has_value());
    EXPECT_THAT(refused.error().message, HasSubstr("\"A\" as systemd"));
  }
}

TEST(WriteEnv, ComposeReadsBackWhatWasWritten) {
  Values values = with_lines();
  values.emplace_back("CRLF", "a\r\nb\r");
  const auto text = write_env(values, Dialect::compose);
  ASSERT_TRUE(text.has_value()) << text.error().describe();
  EXPECT_EQ(read_compose(*text), values);
  EXPECT_EQ(*write_env({{"A", "$x"}, {"B", "it's $1"}}, Dialect::compose), "A='$x'\nB=\"it's \\$1\"\n");
}

// docker-compose 1 (python-dotenv, or a reader of lines before 1.26) knows no form that both read for these.
TEST(WriteEnv, Compose1GetsPlainLinesOrIsRefused) {
  EXPECT_EQ(write_env({{"A", "it's $1 \\n \"x\""}, {"B", ""}, {"C", "#1"}, {"D", "a#b"}}, Dialect::compose1).value(),
            "A=it's $1 \\n \"x\"\nB=\nC=#1\nD=a#b\n");
  for (const char* value : {"a\nb", "a\rb", " a", "a\t", "'a'", "\"a", "x ${HOME}", "a #b", "a\t#b", "a\x1f", "a\vb",
                            "a\xe2\x80\xa8"
                            "b",
                            "a\xc2\xa0"}) {
    const auto text = write_env({{"KEY", value}}, Dialect::compose1);
    ASSERT_FALSE(text.has_value()) << value;
    EXPECT_THAT(text.error().message, HasSubstr("cannot write \"KEY\" as compose1"));
    EXPECT_THAT(text.error().hint, HasSubstr("sh"));
  }
  EXPECT_FALSE(write_env({{"a.b", "x"}}, Dialect::compose1).has_value());
}

TEST(WriteEnv, KubectlGetsLinesWithNamesThatKubernetesTakes) {
  EXPECT_EQ(write_env({{"a.b-C_1", "'x' #"}}, Dialect::kubectl).value(), "a.b-C_1='x' #\n");
  for (const char* key : {"1A", "", "A B", ".", "..", "..a", "\xc3\xa4", "A=B", "a/b"}) {
    const auto text = write_env({{key, "x"}}, Dialect::kubectl);
    ASSERT_FALSE(text.has_value()) << key;
    EXPECT_THAT(text.error().message, HasSubstr("Kubernetes"));
  }
  EXPECT_FALSE(write_env({{"A", "a\nb"}}, Dialect::kubectl).has_value());
}

TEST(ParseDialect, KnowsEveryWordOfTheContract) {
  for (const char* word : {"docker", "podman", "compose", "compose1", "kubectl", "systemd", "sh", "json"}) {
    const auto dialect = parse_dialect(word);
    ASSERT_TRUE(dialect.has_value()) << word;
    EXPECT_EQ(name_of(*dialect), word);
  }
  const auto unknown = parse_dialect("dokcer");
  ASSERT_FALSE(unknown.has_value());
  EXPECT_EQ(unknown.error().code, Errc::invalid_argument);
  EXPECT_EQ(unknown.error().hint,
            "use --format with one of docker, podman, compose, compose1, kubectl, systemd, sh, json");
  EXPECT_FALSE(parse_dialect("Docker").has_value());
}

}  // namespace
}  // namespace slipway::run
