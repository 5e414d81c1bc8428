#include "slipway/config/yaml.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

namespace slipway::config {
namespace {

using testing::HasSubstr;

YamlLimits foreign() { return YamlLimits{.allow_aliases = true}; }

std::vector<Node> parsed(std::string_view text, const YamlLimits& limits = {}) {
  auto documents = parse_yaml(text, "f.yaml", limits);
  EXPECT_TRUE(documents.has_value()) << documents.error().describe() << "\nin: " << text;
  return documents.value_or(std::vector<Node>{});
}

Node parsed_one(std::string_view text, const YamlLimits& limits = {}) {
  auto documents = parsed(text, limits);
  EXPECT_EQ(documents.size(), 1u) << text;
  return documents.empty() ? Node{} : documents.front();
}

Error refused(std::string_view text, const YamlLimits& limits = {}) {
  auto documents = parse_yaml(text, "f.yaml", limits);
  EXPECT_FALSE(documents.has_value()) << "accepted: " << text;
  return documents.has_value() ? Error{} : documents.error();
}

std::string place(const Where& where) { return fmt::format("{}:{}:{}", where.file, where.row, where.col); }

std::string_view slice(std::string_view text, const Range& range) {
  return text.substr(range.begin, range.end - range.begin);
}

TEST(ParseYaml, ReadsMappingsSequencesAndScalarsInOrder) {
  const Node root = parsed_one("b: 1\na: [x, 'y', \"z\"]\nc:\n  - d: e\n");
  ASSERT_TRUE(root.is_mapping());
  ASSERT_EQ(root.members.size(), 3u);
  EXPECT_EQ(root.members[0].key, "b");
  EXPECT_EQ(root.members[1].key, "a");
  EXPECT_EQ(root.find("b")->scalar, "1");
  ASSERT_EQ(root.find("a")->items.size(), 3u);
  EXPECT_EQ(root.find("a")->items[1].scalar, "y");
  EXPECT_EQ(root.find("c")->items[0].find("d")->scalar, "e");
  EXPECT_EQ(root.find("nope"), nullptr);
}

TEST(ParseYaml, KeepsStyles) {
  const Node root = parsed_one("p: x\ns: 'x'\nd: \"x\"\nl: |\n  x\nf: >\n  x\nm: {a: b}\nq: [a]\nn:\n  a: b\n");
  EXPECT_EQ(root.find("p")->style, Node::Style::plain);
  EXPECT_EQ(root.find("s")->style, Node::Style::single_quoted);
  EXPECT_EQ(root.find("d")->style, Node::Style::double_quoted);
  EXPECT_EQ(root.find("l")->style, Node::Style::block);
  EXPECT_EQ(root.find("f")->style, Node::Style::block);
  EXPECT_EQ(root.find("m")->style, Node::Style::flow);
  EXPECT_EQ(root.find("q")->style, Node::Style::flow);
  EXPECT_EQ(root.find("n")->style, Node::Style::block);
  EXPECT_EQ(root.style, Node::Style::block);
}

TEST(ParseYaml, ColumnsCountBytesFromOne) {
  const Node root = parsed_one("k: {\xc3\xa4\xc3\xb6: \xe2\x82\xac, z: 1}\n");
  const Node& inner = *root.find("k");
  EXPECT_EQ(place(inner.where), "f.yaml:1:4");
  EXPECT_EQ(place(inner.members[0].key_where), "f.yaml:1:5");
  EXPECT_EQ(place(inner.members[0].value.where), "f.yaml:1:11") << "four bytes of key, colon, space";
  EXPECT_EQ(place(inner.members[1].value.where), "f.yaml:1:19");
}

struct RangeCase {
  const char* name;
  std::string text;
  std::string expected;
};

class Ranges : public testing::TestWithParam<RangeCase> {};

TEST_P(Ranges, HoldExactlyTheScalarAsWritten) {
  const auto documents = parsed(GetParam().text, foreign());
  ASSERT_FALSE(documents.empty());
  const Node* value = documents.back().find("k");
  ASSERT_NE(value, nullptr);
  EXPECT_EQ(slice(GetParam().text, value->range), GetParam().expected);
}

INSTANTIATE_TEST_SUITE_P(
    Table, Ranges,
    testing::Values(
        RangeCase{"plain", "k: abc  # c\n", "abc"}, RangeCase{"plain_last_byte", "k: abc", "abc"},
        RangeCase{"single", "k: 'it''s' # c\n", "'it''s'"}, RangeCase{"double", "k: \"a\\\"b\"\n", "\"a\\\"b\""},
        RangeCase{"empty_single", "k: ''\n", "''"}, RangeCase{"empty_double", "k: \"\"\n", "\"\""},
        RangeCase{"after_umlauts", "\xc3\xa4: \xc3\xb6\xc3\xbc # \xe2\x82\xac\nk: v\xc3\xa4l\n", "v\xc3\xa4l"},
        RangeCase{"after_emoji", "e: \"\xf0\x9f\x98\x80\"\nk: '\xf0\x9f\x98\x80'\n", "'\xf0\x9f\x98\x80'"},
        RangeCase{"crlf", "a: 1\r\nb: 2\r\nk: v\r\n", "v"}, RangeCase{"lone_cr", "a: 1\rk: v\r", "v"},
        RangeCase{"bom", "\xef\xbb\xbfk: v\n", "v"},
        RangeCase{"bom_crlf",
                  "\xef\xbb\xbf"
                  "a: 1\r\nk: 'v'\r\n",
                  "'v'"},
        RangeCase{"second_document", "a: b\n---\nk: v\n", "v"}, RangeCase{"flow", "{a: b,k: v}", "v"},
        RangeCase{"flow_no_space", "{\"a\":\"b\",\"k\":\"v\"}", "\"v\""},
        RangeCase{"anchor_stays_out", "k: &x v\n", "v"}, RangeCase{"tag_stays_out", "k: !!str v\n", "v"},
        RangeCase{"multi_line_plain", "k: a\n  b\nz: 1\n", "a\n  b"},
        RangeCase{"multi_line_double", "k: \"a\n  b\"\nz: 1\n", "\"a\n  b\""},
        RangeCase{"alias", "a: &x 1\nk: *x\n", "*x"}, RangeCase{"flow_list", "k: [a, [b]] # c\n", "[a, [b]]"},
        RangeCase{"flow_mapping", "k: {a: {b: c}}\n", "{a: {b: c}}"}, RangeCase{"tab_after_colon", "k:\tv\n", "v"},
        RangeCase{"literal", "k: |\n  a\n  b\nz: 1\n", "  a\n  b\n"}),
    [](const auto& test) { return test.param.name; });

TEST(ParseYaml, KeyRangesHoldTheKeysAsWritten) {
  const std::string text = "a: 1\n\"b c\": 2\n'd': 3\n";
  const Node root = parsed_one(text);
  ASSERT_EQ(root.members.size(), 3u);
  EXPECT_EQ(slice(text, root.members[0].key_range), "a");
  EXPECT_EQ(slice(text, root.members[1].key_range), "\"b c\"");
  EXPECT_EQ(slice(text, root.members[2].key_range), "'d'");
}

TEST(ParseYaml, RowsCountCrlfAndLoneCrAsOneLineEnd) {
  const Node root = parsed_one("a: 1\r\nb: 2\rc: 3\n\n\nd: 4\n");
  EXPECT_EQ(place(root.find("b")->where), "f.yaml:2:4");
  EXPECT_EQ(place(root.find("c")->where), "f.yaml:3:4");
  EXPECT_EQ(place(root.find("d")->where), "f.yaml:6:4");
}

TEST(ParseYaml, TheByteOrderMarkIsInNoColumn) {
  const Node root = parsed_one(
      "\xef\xbb\xbf"
      "a: 1\n");
  EXPECT_EQ(place(root.members[0].key_where), "f.yaml:1:1");
  EXPECT_EQ(place(root.find("a")->where), "f.yaml:1:4");
}

TEST(ParseYaml, DecodesEscapesAndFolding) {
  const Node root = parsed_one("a: \"x\\u00e4\\ty\\x41\"\nb: 'it''s'\nc: >-\n  one\n  two\nd: |+\n  x\n\ne: \"\\0\"\n");
  EXPECT_EQ(root.find("a")->scalar, "x\xc3\xa4\tyA");
  EXPECT_EQ(root.find("b")->scalar, "it's");
  EXPECT_EQ(root.find("c")->scalar, "one two");
  EXPECT_EQ(root.find("d")->scalar, "x\n\n");
  EXPECT_EQ(root.find("e")->scalar, std::string(1, '\0'));
}

TEST(ParseYaml, DecodesSingleQuotesItself) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {"''", ""},
      {"''''", "'"},
      {"'x''''y'", "x''y"},
      {"'a''b''''''c'", "a'b'''c"},
      {"'''''\"~b'", "''\"~b"},
      {"'\\n'", "\\n"},
      {"' a b '", " a b "},
      {"'a  \n  b'", "a b"},
      {"'a\r\n  b'", "a b"},
      {"'a\n\n \n  b'", "a\n\nb"},
      {"'\n a\n '", " a "},
      {"'a '' \n '' b'", "a ' ' b"},
  };
  for (const auto& [written, text] : cases) {
    const Node root = parsed_one("k: " + written + "\n");
    ASSERT_TRUE(root.find("k")->is_scalar()) << written;
    EXPECT_EQ(root.find("k")->scalar, text) << written;
  }
}

TEST(ParseYaml, DecodesDoubleQuotes) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {R"("\\\\")", R"(\\)"},      {R"("\"\"x")", R"(""x)"}, {R"("a\\\"\\b")", R"(a\"\b)"},
      {"\"a \\\n  b\"", "a b"},    {"\"a\n\n  b\"", "a\nb"}, {R"("\x41\u00e4\U0001F600")", "A\xc3\xa4\xf0\x9f\x98\x80"},
      {R"("\/\e\a")", "/\x1b\x07"}};
  for (const auto& [written, text] : cases) {
    const Node root = parsed_one("k: " + written + "\n");
    ASSERT_TRUE(root.find("k")->is_scalar()) << written;
    EXPECT_EQ(root.find("k")->scalar, text) << written;
  }
}

TEST(ParseYaml, ScalarsStayTextWhateverTheyLookLike) {
  const std::vector<std::string> words{"NO",         "1e3",  "0o7",      "0755", "1.10", "true",
                                       "2001-01-01", "0x1F", "12:30:45", "=",    ".inf"};
  for (const std::string& word : words) {
    const Node root = parsed_one("k: " + word + "\n");
    EXPECT_TRUE(root.find("k")->is_scalar()) << word;
    EXPECT_EQ(root.find("k")->scalar, word);
  }
}

TEST(ParseYaml, NothingAndPlainNullAreNull) {
  for (const char* text : {"k:\n", "k: ~\n", "k: null\n", "k: Null # c\n", "k: NULL\n", "{k: }", "{k}"}) {
    EXPECT_TRUE(parsed_one(text).find("k")->is_null()) << text;
  }
  for (const char* text : {"k: ''\n", "k: \"null\"\n", "k: '~'\n", "k: nUll\n", "k: nullx\n"}) {
    EXPECT_TRUE(parsed_one(text).find("k")->is_scalar()) << text;
  }
  EXPECT_EQ(place(parsed_one("a: 1\n  \nkey:\n").find("key")->where), "f.yaml:3:1")
      << "nothing stands where its key does";
  EXPECT_EQ(parsed_one("k: ~\n").find("k")->range, (Range{3, 4}));
}

TEST(ParseYaml, AKeyMaySpellNull) { EXPECT_NE(parsed_one("null: 1\n~: 2\n").find("null"), nullptr); }

TEST(ParseYaml, CountsDocuments) {
  EXPECT_EQ(parsed("").size(), 0u);
  EXPECT_EQ(parsed("\n\n").size(), 0u);
  EXPECT_EQ(parsed("# only a comment\n").size(), 0u);
  EXPECT_EQ(parsed("\xef\xbb\xbf").size(), 0u);
  EXPECT_EQ(parsed("---\n").size(), 1u);
  EXPECT_TRUE(parsed("---\n").front().is_null());
  EXPECT_EQ(parsed("a: 1\n---\nb: 2\n").size(), 2u);
  EXPECT_EQ(parsed("a: 1\n---\n---\nb: 2\n...\n").size(), 3u);
  EXPECT_EQ(parsed("%YAML 1.2\n---\na: 1\n").size(), 1u);
}

TEST(ParseYaml, PlacesInLaterDocumentsCountFromTheFilesStart) {
  const auto documents = parsed("a: 1\n---\nb: 2\n");
  ASSERT_EQ(documents.size(), 2u);
  EXPECT_EQ(place(documents[1].find("b")->where), "f.yaml:3:4");
}

struct Refusal {
  const char* name;
  std::string text;
  std::string place;
  std::string message;
};

class Refused : public testing::TestWithParam<Refusal> {};

TEST_P(Refused, WithItsPlaceAndNothingOnStandardError) {
  testing::internal::CaptureStderr();
  testing::internal::CaptureStdout();
  const Error error = refused(GetParam().text);
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "");
  EXPECT_EQ(error.code, Errc::invalid_argument);
  ASSERT_TRUE(error.where.has_value()) << error.describe();
  EXPECT_EQ(place(*error.where), "f.yaml:" + GetParam().place);
  EXPECT_THAT(error.describe(), HasSubstr(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    Table, Refused,
    testing::Values(Refusal{"duplicate_key", "a: 1\nb: 2\na: 3\n", "3:1", "key \"a\" is given twice"},
                    Refusal{"duplicate_key_quoted", "a: 1\n\"a\": 3\n", "2:1", "given twice"},
                    Refusal{"duplicate_key_flow", "{a: 1, a: 2}", "1:8", "given twice"},
                    Refusal{"duplicate_key_deep", "x:\n  - y:\n      a: 1\n      a: 2\n", "4:7", "given twice"},
                    Refusal{"tab_indentation", "a:\n\t- b\n", "2:1", "tab"},
                    Refusal{"anchor", "a: &x 1\n", "1:7", "anchor &x"}, Refusal{"alias", "a: *x\n", "1:4", "alias *x"},
                    Refusal{"merge_key", "<<: {a: 1}\n", "1:1", "merge key"},
                    Refusal{"core_tag", "a: !!str 1\n", "1:10", "tag !!str"},
                    Refusal{"python_tag", "a: !!python/object:os.system x\n", "1:30", "tag !!python"},
                    Refusal{"include_tag", "a: !include other.yaml\n", "1:13", "tag !include"},
                    Refusal{"unclosed_bracket", "a: [1, 2\n", "2:1", "not valid YAML"},
                    Refusal{"unclosed_quote", "a: \"x\n", "1:5", "not valid YAML"},
                    Refusal{"colon_in_plain", "a: b: c\n", "1:5", "not valid YAML"},
                    Refusal{"column_in_bytes", "\xc3\xa4\xc3\xb6: [\xc3\xbc}\n", "1:10", "not valid YAML"},
                    Refusal{"nul", std::string("a: b\0c\n", 7), "1:5", "control character"},
                    Refusal{"escape", "a: \x1b[2J\n", "1:4", "control character"},
                    Refusal{"del", "a: \x7f\n", "1:4", "control character"},
                    Refusal{"c1", "a: \xc2\x9b\n", "1:4", "control character"},
                    Refusal{"not_utf8", "a: x\nb: \xff\n", "2:4", "not UTF-8"},
                    Refusal{"utf16",
                            std::string("\xff\xfe"
                                        "a\0:\0",
                                        6),
                            "1:1", "not UTF-8"},
                    Refusal{"overlong", "a: \xc0\x80\n", "1:4", "not UTF-8"},
                    Refusal{"surrogate", "a: \xed\xa0\x80\n", "1:4", "not UTF-8"},
                    Refusal{"cut_utf8", "a: \xe2\x82", "1:4", "not UTF-8"},
                    Refusal{"sequence_as_key", "? [a]\n: b\n", "1:3", "a key must be text"},
                    Refusal{"mapping_as_key", "{{a: b}: c}", "1:2", "a key must be text"},
                    Refusal{"nothing_as_key", ": b\n", "1:1", "a key must be text"}),
    [](const auto& test) { return test.param.name; });

TEST(ParseYaml, ReportsAllStructuralProblemsAtOnceAndTheSyntaxErrorToo) {
  const Error error = refused("a: 1\na: 2\nb: &x 1\nc: *y\nd: !t 1\ne: [\n");
  const std::string text = error.describe();
  for (const char* part : {"f.yaml:2:1", "f.yaml:3:7", "f.yaml:4:4", "f.yaml:5:7", "f.yaml:7:1"}) {
    EXPECT_THAT(text, HasSubstr(part));
  }
}

TEST(ParseYaml, ReportsAtMostFiftyProblems) {
  std::string text;
  for (int i = 0; i < 1000; ++i)
    text += "a: 1\n";
  EXPECT_LE(refused(text).causes.size(), 51u);
}

TEST(ParseYaml, HintsSayWhatToDo) {
  EXPECT_THAT(refused("a:\n\t- b\n").hint, HasSubstr("spaces"));
  EXPECT_THAT(refused("a: b: c\n").hint, HasSubstr("quotes"));
  EXPECT_THAT(refused("a: *x\n").hint, HasSubstr("write the value out"));
  EXPECT_THAT(refused("a: \xff\n").hint, HasSubstr("UTF-8"));
}

TEST(ParseYaml, ForeignFilesMayHaveAnchorsAliasesTagsAndMergeKeys) {
  const Node root = parsed_one("base: &b {x: 1}\nuse:\n  <<: *b\n  y: !custom 2\nz: !!str 3\n", foreign());
  EXPECT_EQ(root.find("base")->anchor, "b");
  ASSERT_NE(root.find("use")->find("<<"), nullptr);
  EXPECT_TRUE(root.find("use")->find("<<")->is_alias());
  EXPECT_EQ(root.find("use")->find("<<")->scalar, "b");
  EXPECT_EQ(root.find("use")->find("y")->tag, "!custom");
  EXPECT_EQ(root.find("z")->tag, "!!str");
}

TEST(ParseYaml, AnAliasNeedsItsAnchorBeforeItInTheSameDocument) {
  EXPECT_THAT(refused("a: *x\n", foreign()).message, HasSubstr("no anchor"));
  EXPECT_THAT(refused("a: *x\nb: &x 1\n", foreign()).message, HasSubstr("no anchor"));
  EXPECT_THAT(refused("a: &x 1\n---\nb: *x\n", foreign()).message, HasSubstr("no anchor"));
  EXPECT_EQ(refused("---\na: *x\n", foreign()).where->row, 2);
}

TEST(ParseYaml, AnchorBombsAreNeverExpanded) {
  std::string bomb = "a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n";
  for (int level = 1; level <= 9; ++level) {
    bomb += fmt::format("a{0}: &a{0} [", level);
    for (int i = 0; i < 9; ++i)
      bomb += fmt::format("{}*a{}", i == 0 ? "" : ", ", level - 1);
    bomb += "]\n";
  }
  const Node root = parsed_one(bomb, foreign());
  ASSERT_EQ(root.members.size(), 10u);
  EXPECT_EQ(root.members[9].value.items.size(), 9u);
  EXPECT_TRUE(root.members[9].value.items[0].is_alias());
  EXPECT_THAT(refused(bomb).describe(), HasSubstr("not allowed"));
}

std::string repeated(std::string_view part, int count) {
  std::string out;
  for (int i = 0; i < count; ++i)
    out += part;
  return out;
}

TEST(ParseYaml, RefusesDepthBeyondTheLimit) {
  EXPECT_EQ(parsed(repeated("[", 64) + repeated("]", 64)).size(), 1u);
  for (const std::string& text : {repeated("[", 65) + repeated("]", 65), repeated("- ", 100'000) + "x",
                                  repeated("[", 100'000), repeated("{a: ", 100'000)}) {
    EXPECT_THAT(refused(text).message, HasSubstr("nested deeper than 64 levels"));
  }
  EXPECT_THAT(refused("a:\n b:\n  c: 1\n", YamlLimits{.max_depth = 2}).message, HasSubstr("nested deeper"));
}

TEST(ParseYaml, RefusesTooManyNodes) {
  const YamlLimits limits{.max_nodes = 10};
  EXPECT_EQ(parsed("[1, 2, 3, 4, 5, 6, 7, 8, 9]", limits).size(), 1u);
  EXPECT_THAT(refused("[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]", limits).message, HasSubstr("more than 10 YAML nodes"));
  EXPECT_THAT(refused(repeated("a\n---\n", 30), limits).message, HasSubstr("more than 10")) << "over all documents";
}

TEST(ParseYaml, RefusesTooManyBytesBeforeReadingThem) {
  const Error error = refused(std::string(101, ' '), YamlLimits{.max_bytes = 100});
  EXPECT_THAT(error.message, HasSubstr("101 bytes"));
  EXPECT_EQ(error.code, Errc::invalid_argument);
}

TEST(ParseYaml, MessagesShowNoControlCharacters) {
  const Error error = refused("\"a\\e[2J\": 1\n\"a\\e[2J\": 2\n");
  EXPECT_EQ(error.describe().find('\x1b'), std::string::npos);
}

TEST(ParseYaml, TheTextNeedNotEndInNul) {
  const std::string whole = "a: bc";
  const Node root = parsed_one(std::string_view(whole).substr(0, 4));
  EXPECT_EQ(root.find("a")->scalar, "b");
}

TEST(ParseYaml, ReadsTheExampleOfTheContract) {
  const char* folder = std::getenv("SLIPWAY_TESTDATA");
  ASSERT_NE(folder, nullptr) << "run the tests with ctest, or set SLIPWAY_TESTDATA";
  std::ifstream file(std::string(folder) + "/contract-example.yaml", std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(file)), {});
  const Node root = parsed_one(text);
  EXPECT_EQ(root.find("app")->scalar, "hello");
  const Node& image = *root.find("image");
  EXPECT_EQ(image.find("platforms")->items.size(), 2u);
  EXPECT_EQ(image.find("layers")->items[1].find("files")->items[0].find("mode")->scalar, "0755");
  EXPECT_EQ(image.find("config")->find("env")->find("LANG")->scalar, "C.UTF-8");
  EXPECT_EQ(image.find("config")->find("ports")->items[0].scalar, "8080/tcp");
  const Node& freeze = *root.find("environments")->find("production")->find("policy")->find("freeze");
  EXPECT_EQ(freeze.items[0].find("from")->scalar, "Fri 16:00");
  EXPECT_EQ(root.find("environments")->find("staging")->find("tags")->items[0].scalar, "{version}");
  EXPECT_EQ(root.find("ledger")->find("repository")->scalar, "registry.example.com/team/hello-releases");
}

}  // namespace
}  // namespace slipway::config
