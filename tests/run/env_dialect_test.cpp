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
    testing::Values(
        Uncarried{"new_line", "KEY", "a\nb", "\"KEY\" as", "use --format sh or json"},
        Uncarried{"final_new_line", "KEY", "a\n", "a value with a new line", "use --format sh or json"},
        Uncarried{"carriage_return", "KEY", "a\r", "a value with a carriage return", "use --format sh or json"},
        Uncarried{"nul", "KEY", std::string("a\0b", 3), "a value with NUL", "use --format json"},
        Uncarried{"not_utf8", "KEY", "\xff", "a value that is not UTF-8", "use --format sh"},
        Uncarried{"too_long", "KEY", std::string(70'000, 'x'), "longer than 64 KiB", "use --format sh or json"},
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
        Uncarried{"nothing_can", "\xff", "x", "not UTF-8", "no format can carry it; change it in the config"}),
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
    EXPECT_THAT(text.error().message, HasSubstr("no shell variable"));
  }
  EXPECT_THAT(write_env({{"a-b", "x"}}, Dialect::sh).error().hint, HasSubstr("docker or podman or json"));
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

TEST(WriteEnv, SaysWhichFormatsItCannotWriteYet) {
  for (const Dialect dialect : {Dialect::compose, Dialect::kubectl, Dialect::systemd}) {
    const auto text = write_env({{"A", "1"}}, dialect);
    ASSERT_FALSE(text.has_value());
    EXPECT_EQ(text.error().code, Errc::unsupported);
    EXPECT_THAT(text.error().message, HasSubstr(name_of(dialect)));
    EXPECT_EQ(text.error().hint, "one of docker, podman, sh, json");
  }
}

TEST(ParseDialect, KnowsEveryWordOfTheContract) {
  for (const char* word : {"docker", "podman", "compose", "kubectl", "systemd", "sh", "json"}) {
    const auto dialect = parse_dialect(word);
    ASSERT_TRUE(dialect.has_value()) << word;
    EXPECT_EQ(name_of(*dialect), word);
  }
  const auto unknown = parse_dialect("dokcer");
  ASSERT_FALSE(unknown.has_value());
  EXPECT_EQ(unknown.error().code, Errc::invalid_argument);
  EXPECT_EQ(unknown.error().hint, "one of docker, podman, sh, json");
  EXPECT_FALSE(parse_dialect("Docker").has_value());
}

}  // namespace
}  // namespace slipway::run
