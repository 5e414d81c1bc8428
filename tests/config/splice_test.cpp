#include "slipway/config/splice.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "config/document_cuts.h"
#include "config/event_reader.h"
#include "config/line_index.h"
#include "config/scalar_text.h"
#include "config/tree_matcher.h"
#include "slipway/base/lanes.h"

namespace slipway::config {
namespace {

using testing::HasSubstr;

/// Replaces the value of each `k` in the first document.
Result<std::string> splice_k(std::string_view text, std::string value) {
  SLIPWAY_ASSIGN(auto documents, parse_yaml(text, "f.yaml", {.allow_aliases = true}));
  const Node* node = documents.front().find("k");
  if (node == nullptr) return fail(Errc::internal, "the case has no k");
  return splice_yaml(text, "f.yaml", {{node->range, std::move(value)}});
}

struct SpliceCase {
  const char* name;
  std::string before;
  std::string value;
  std::string after;
};

class Splice : public testing::TestWithParam<SpliceCase> {};

TEST_P(Splice, ChangesTheScalarAndNoOtherByte) {
  const auto out = splice_k(GetParam().before, GetParam().value);
  ASSERT_TRUE(out.has_value()) << out.error().describe();
  EXPECT_EQ(*out, GetParam().after);
}

INSTANTIATE_TEST_SUITE_P(
    Table, Splice,
    testing::Values(SpliceCase{"plain", "a: 1\nk: x  # why\nb: 2\n", "w", "a: 1\nk: w  # why\nb: 2\n"},
                    SpliceCase{"no_final_newline", "k: x", "longer", "k: longer"},
                    SpliceCase{"single", "k: 'x' # c\n", "it's", "k: 'it''s' # c\n"},
                    SpliceCase{"double", "k: \"x\"\n", "a\"b\\c\td", "k: \"a\\\"b\\\\c\\td\"\n"},
                    SpliceCase{"empty_quotes", "k: ''\n", "x", "k: 'x'\n"},
                    SpliceCase{"to_empty", "k: x\n", "", "k: \"\"\n"},
                    SpliceCase{"crlf", "a: 1\r\nk: x\r\n# c\r\nb: 2", "w", "a: 1\r\nk: w\r\n# c\r\nb: 2"},
                    SpliceCase{"bom", "\xef\xbb\xbfk: x\n", "w", "\xef\xbb\xbfk: w\n"},
                    SpliceCase{"odd_indentation", "k:     x\n", "w", "k:     w\n"},
                    SpliceCase{"tab_before", "k:\tx\n", "w", "k:\tw\n"},
                    SpliceCase{"flow", "{a: 1, k: x, b: 2}", "w", "{a: 1, k: w, b: 2}"},
                    SpliceCase{"flow_json", "{\"k\":\"x\",\"b\":2}", "w", "{\"k\":\"w\",\"b\":2}"},
                    SpliceCase{"anchor_and_tag_stay", "k: &a !!str x\nb: *a\n", "w", "k: &a !!str w\nb: *a\n"},
                    SpliceCase{"umlauts_around", "\xc3\xa4: \xe2\x82\xac\nk: \xc3\xb6 # \xc3\xbc\n", "\xc3\x9f",
                               "\xc3\xa4: \xe2\x82\xac\nk: \"\xc3\x9f\" # \xc3\xbc\n"},
                    SpliceCase{"image", "k: nginx:1.25\n", "nginx:1.25@sha256:abc", "k: nginx:1.25@sha256:abc\n"},
                    SpliceCase{"multi_line_plain", "k: a\n  b\nz: 1\n", "c", "k: c\nz: 1\n"},
                    SpliceCase{"multi_line_double", "k: \"a\n  b\"  # c\nz: 1\n", "d", "k: \"d\"  # c\nz: 1\n"},
                    SpliceCase{"number_gets_quotes", "k: x\n", "1.10", "k: \"1.10\"\n"},
                    SpliceCase{"word_gets_quotes", "k: x\n", "no", "k: \"no\"\n"},
                    SpliceCase{"colon_space_gets_quotes", "k: x\n", "a: b", "k: \"a: b\"\n"},
                    SpliceCase{"comment_gets_quotes", "k: x\n", "a #b", "k: \"a #b\"\n"},
                    SpliceCase{"null_value", "k: ~\n", "x", "k: x\n"}, SpliceCase{"same", "k: 'x'\n", "x", "k: 'x'\n"}),
    [](const auto& test) { return test.param.name; });

TEST(SpliceYaml, AppliesEditsInAnyOrderAndEqualOnesOnce) {
  const std::string text = "a: 1\nb: [x, y]\n---\nc: z\n";
  const Range a{3, 4}, x{9, 10}, y{12, 13}, z{22, 23};
  const auto out = splice_yaml(text, "f.yaml", {{z, "zz"}, {a, "one"}, {y, "w:w"}, {x, "xx"}, {a, "one"}});
  ASSERT_TRUE(out.has_value()) << out.error().describe();
  EXPECT_EQ(*out, "a: one\nb: [xx, w:w]\n---\nc: zz\n");
}

TEST(SpliceYaml, NoEditsChangeNothing) {
  EXPECT_EQ(splice_yaml("# x\r\na: b", "f.yaml", {}).value(), "# x\r\na: b");
  EXPECT_EQ(splice_yaml("", "f.yaml", {}).value(), "");
}

TEST(SpliceYaml, RefusesRangesThatAreNoValue) {
  const std::string text = "key: value\nm: {a: b}\nn:\n";
  for (const Range range :
       {Range{0, 3}, Range{5, 9}, Range{6, 10}, Range{14, 20}, Range{23, 23}, Range{100, 200}, Range{0, 0}}) {
    const auto out = splice_yaml(text, "f.yaml", {{range, "x"}});
    ASSERT_FALSE(out.has_value()) << range.begin;
    EXPECT_EQ(out.error().code, Errc::invalid_argument);
    EXPECT_THAT(out.error().message, HasSubstr("no value stands at"));
  }
}

TEST(SpliceYaml, RefusesTwoValuesForOnePlace) {
  const auto out = splice_yaml("a: b\n", "f.yaml", {{{3, 4}, "x"}, {{3, 4}, "y"}});
  ASSERT_FALSE(out.has_value());
  EXPECT_EQ(out.error().code, Errc::invalid_argument);
  EXPECT_THAT(out.error().describe(), HasSubstr("f.yaml:1:4: two different values"));
}

TEST(SpliceYaml, RefusesWhatCannotBeWrittenThere) {
  const std::vector<std::pair<std::string, std::string>> cases{{"k: x\n", "a\nb"},
                                                               {"k: 'x'\n", "a\rb"},
                                                               {"k: \"x\"\n", "a\nb"},
                                                               {"k: x\n", std::string("a\0b", 3)},
                                                               {"k: x\n", "\x1b["},
                                                               {"k: x\n",
                                                                "a\xe2\x80\xa8"
                                                                "b"},
                                                               {"k: x\n",
                                                                "a\xc2\x85"
                                                                "b"},
                                                               {"k: x\n", "\xff"},
                                                               {"k: |\n  x\n", "y"},
                                                               {"k: >-\n  x\n", "y\nz"}};
  for (const auto& [text, value] : cases) {
    const auto out = splice_k(text, value);
    ASSERT_FALSE(out.has_value()) << text << value;
    EXPECT_EQ(out.error().code, Errc::invalid_argument);
    EXPECT_THAT(out.error().describe(), HasSubstr("cannot write")) << text;
  }
}

TEST(SpliceYaml, AnAliasIsNoValueOfItsOwn) { EXPECT_FALSE(splice_k("a: &x 1\nk: *x\n", "y").has_value()); }

TEST(SpliceYaml, BrokenTextIsAnErrorWithItsPlace) {
  const auto out = splice_yaml("a: [\n", "f.yaml", {});
  ASSERT_FALSE(out.has_value());
  EXPECT_THAT(out.error().describe(), HasSubstr("f.yaml:2:1"));
}

Result<std::string> insert_after(std::string_view text, std::string_view neighbour, std::string_view key) {
  const std::size_t at = text.find(neighbour);
  return splice_yaml(text, "f.yaml", {}, {{{at, at + neighbour.size()}, std::string(key), "v"}});
}

TEST(SpliceYaml, NewKeysStandBesideTheirNeighbours) {
  EXPECT_EQ(*insert_after("a:\n  - k: NN # c\n    z: 1\n", "NN", "new"), "a:\n  - k: NN # c\n    new: v\n    z: 1\n");
  EXPECT_EQ(*insert_after("k: NN", "NN", "new"), "k: NN\nnew: v");
  EXPECT_EQ(*insert_after("a: 1\r\nk: NN\r\nz: 2\r\n", "NN", "new"), "a: 1\r\nk: NN\r\nnew: v\r\nz: 2\r\n");
  EXPECT_EQ(*insert_after("a: {k: NN, z: 1}\n", "NN", "new"), "a: {k: NN, new: v, z: 1}\n");
  EXPECT_EQ(*insert_after("k: \"NN\"\n", "\"NN\"", "new"), "k: \"NN\"\nnew: v\n");
}

TEST(SpliceYaml, NewKeysThatCannotStandAreRefused) {
  EXPECT_FALSE(insert_after("k: NN\nnew: 1\n", "NN", "new"));
  EXPECT_FALSE(insert_after("- NN\n", "NN", "new")) << "an item of a list has no neighbour";
  EXPECT_FALSE(insert_after("a: [k: NN]\n", "NN", "new")) << "a comma would begin another item";
  EXPECT_FALSE(insert_after("k: |\n  NN\n", "  NN\n", "new"));
}

// A second reading of the result, and no other, whatever the number of edits.
TEST(SpliceYaml, AParsedTextIsNotParsedAgain) {
  std::string text;
  for (int i = 0; i < 500; ++i)
    text += fmt::format("{}a{}: {{x: one, y: two}}\n", i == 250 ? "---\n" : "", i);
  const std::uint64_t start = events_read();
  const auto documents = parse_yaml(text, "f", {.allow_aliases = true}).value();
  const std::uint64_t one_reading = events_read() - start;
  std::vector<Edit> edits;
  std::vector<Insertion> insertions;
  for (const Node& document : documents) {
    for (const Node::Member& member : document.members) {
      edits.push_back({member.value.find("x")->range, "new"});
      insertions.push_back({member.value.find("y")->range, "z", "added"});
    }
  }
  const std::uint64_t before = events_read();
  const auto spliced = splice_yaml(text, documents, "f", edits, insertions);
  ASSERT_TRUE(spliced) << spliced.error().describe();
  EXPECT_EQ(events_read() - before, one_reading + 2 * insertions.size());
  EXPECT_THAT(*spliced, testing::StartsWith("a0: {x: new, y: two, z: added}\n"));
}

/// Compares one text with the tree of another, without any change that is expected.
bool is_tree_of(const std::string& tree, const std::string& text) {
  class None final : public ExpectedChanges {
    std::size_t next_change(std::size_t) const override { return std::string::npos; }
    const std::string* new_text(const Node&) const override { return nullptr; }
    const std::vector<AddedMember>* added(const Node&, std::size_t) const override { return nullptr; }
  };
  const auto documents = parse_yaml(tree, "tree", {.allow_aliases = true}).value();
  const None none;
  TreeMatcher matcher(documents, none);
  const LineIndex lines(text, "text");
  EventReader reader(text, lines);
  for (YamlEvent event;;) {
    if (!reader.next(event) || !matcher.next(event)) return false;
    if (event.kind == YamlEvent::Kind::stream_end) return matcher.is_complete();
  }
}

TEST(TreeMatcher, NoticesEveryDifference) {
  const std::vector<std::string> texts{"a: 1\nb: [x, {y: z}]\n",
                                       "a: '1'\nb: [x, {y: z}]\n",
                                       "a: 2\nb: [x, {y: z}]\n",
                                       "c: 1\nb: [x, {y: z}]\n",
                                       "b: [x, {y: z}]\na: 1\n",
                                       "a: 1\nb: [x]\n",
                                       "a: 1\nb: [x, {y: z}, w]\n",
                                       "a: 1\nb: [x, {y: z, w: 1}]\n",
                                       "a: 1\nb: [x, {}]\n",
                                       "a: 1\nb:\n- x\n- y: z\n",
                                       "a: 1\nb: [x, [y, z]]\n",
                                       "a: &k 1\nb: [x, {y: z}]\n",
                                       "a: !!str 1\nb: [x, {y: z}]\n",
                                       "a:\nb: [x, {y: z}]\n",
                                       "a: null\nb: [x, {y: z}]\n",
                                       "a: ''\nb: [x, {y: z}]\n",
                                       "a: 1\nb: [x, {y: z}]\n---\n",
                                       "a: 1\n---\nb: [x, {y: z}]\n",
                                       "a: 1\n",
                                       "x\n",
                                       "- x\n",
                                       "",
                                       "---\n---\n",
                                       "a: &k 1\nb: *k\n",
                                       "a: &k 1\nb: k\n"};
  for (const std::string& tree : texts) {
    for (const std::string& text : texts)
      EXPECT_EQ(is_tree_of(tree, text), tree == text) << tree << "\nand\n" << text;
  }
}

/// Gives the value of the first member of a text another text, made from the old one by replacing words.
Result<std::string> rewritten(const std::string& text, const std::vector<std::pair<std::string, std::string>>& words) {
  const auto documents = parse_yaml(text, "f", {.allow_aliases = true}).value();
  const Node& node = documents.at(0).members.at(0).value;
  std::string value = node.scalar;
  for (const auto& [from, to] : words)
    value.replace(value.find(from), from.size(), to);
  EXPECT_EQ(can_replace(text, node, value), splice_yaml(text, "f", {{node.range, value}}).has_value()) << text;
  return splice_yaml(text, "f", {{node.range, value}});
}

TEST(SpliceYaml, LinesOfALiteralBlockChangeInTheirPlace) {
  const std::string text = "k: |-  # why\n    one two\n  \n      three: 3\r\n    two\n\n# end\nb: x\n";
  EXPECT_EQ(rewritten(text, {{"two", "2 # \"2\""}, {"three", "drei"}}).value(),
            "k: |-  # why\n    one 2 # \"2\"\n  \n      drei: 3\r\n    two\n\n# end\nb: x\n");
  EXPECT_EQ(rewritten(text, {{"3", "3\n  four: 4"}}).value(),
            "k: |-  # why\n    one two\n  \n      three: 3\r\n      four: 4\r\n    two\n\n# end\nb: x\n");
  EXPECT_EQ(rewritten("k: |\n  a\n  b\n", {{"b", "b\nc"}}).value(), "k: |\n  a\n  b\n  c\n");
  EXPECT_EQ(rewritten("k: |\n  a", {{"a", "a\nb"}}).value(), "k: |\n  a\n  b");
  EXPECT_FALSE(rewritten(text, {{"one two\n", ""}})) << "a line less";
  EXPECT_FALSE(rewritten(text, {{"one", "\x01"}}));
}

TEST(SpliceYaml, WordsOfOtherScalarsOfSeveralLinesChangeWhereTheyStandAsTheyAreRead) {
  EXPECT_EQ(rewritten("k: \"FROM a:1\\nRUN \\\"x\\\"\\tb\"  # c\n", {{"a:1", "a:1@sha256:0"}}).value(),
            "k: \"FROM a:1@sha256:0\\nRUN \\\"x\\\"\\tb\"  # c\n");
  EXPECT_EQ(rewritten("k: 'it''s a:1\n\n  FROM b:1'\n", {{"b:1", "b:2"}}).value(), "k: 'it''s a:1\n\n  FROM b:2'\n");
  EXPECT_EQ(rewritten("k: >\n  FROM a:1\n  AS b\n\n  FROM a:1\n", {{"a:1", "a:2"}}).value(),
            "k: >\n  FROM a:2\n  AS b\n\n  FROM a:1\n");
  EXPECT_EQ(rewritten("k: FROM a:1\n\n  FROM b:1\n", {{"b:1", "b:2"}}).value(), "k: FROM a:1\n\n  FROM b:2\n");
  EXPECT_FALSE(rewritten("k: \"FROM \\x61:1\\nx\"\n", {{"a:1", "a:2"}})) << "an escape";
  EXPECT_FALSE(rewritten("k: \"FROM a:1\\nx\"\n", {{"a:1", "\"a\":1"}})) << "needs escapes";
}

TEST(SafePlain, KnowsWhatNeedsQuotes) {
  for (const char* text : {"a", "nginx", "registry.example.com:5000/team/hello:v1.2", "x@sha256:0123", "./path", "_x",
                           "1.25-alpine", "1.28.0", "1.2.3-4", "v1", "a-b+c", "127.0.0.1/x", "/usr/bin"}) {
    EXPECT_TRUE(is_safe_plain(text)) << text;
  }
  for (const char* text : {"",     "1",       "1.10",     "2001-12-14t21:59:43.10.1",
                           "0x1f", "1e3",     "12:30:45", "2001-01-01",
                           ".5",   ".inf",    ".NaN",     "true",
                           "Yes",  "OFF",     "n",        "null",
                           "~",    "-x",      "@x",       "a:",
                           "a: b", "a #b",    "a b",      "{a",
                           "[a",   "a,b",     "*a",       "&a",
                           "!a",   "%a",      "`a",       "'a",
                           "\"a",  "|",       ">",        "?",
                           "=",    "<<",      "---",      "...",
                           "a]",   "\xc3\xa4"}) {
    EXPECT_FALSE(is_safe_plain(text)) << text;
  }
}

TEST(SafePlain, WhatIsWrittenReadsBackAsItself) {
  std::mt19937 random(7);
  const std::string alphabet = "abz019 :#'\"\\-?,[]{}&*!|>%@`~.\t=<\xc3\xa4";
  for (int round = 0; round < 3000; ++round) {
    std::string value;
    for (std::size_t length = random() % 6; length > 0; --length) {
      const std::size_t at = random() % (alphabet.size() - 1);
      value += at == alphabet.size() - 2 ? "\xc3\xa4" : alphabet.substr(at, 1);
    }
    for (const Node::Style style : {Node::Style::plain, Node::Style::single_quoted, Node::Style::double_quoted}) {
      const auto written = write_scalar(value, style);
      ASSERT_TRUE(written.has_value()) << value;
      for (const std::string& text :
           {"k: " + *written + "\n", "{k: " + *written + ", z: 1}", "- [" + *written + "] # c"}) {
        auto documents = parse_yaml(text, "f");
        ASSERT_TRUE(documents.has_value()) << text << documents.error().describe();
        const Node& root = documents->front();
        const Node& node = root.is_mapping() ? *root.find("k") : root.items[0].items[0];
        EXPECT_TRUE(node.is_scalar()) << text;
        EXPECT_EQ(node.scalar, value) << text;
      }
    }
  }
}

// A generator of YAML files as people write them, with every style of scalar.
class Generator {
 public:
  explicit Generator(unsigned seed) : random_(seed) {}

  std::string file() {
    eol_ = chance(3) ? "\r\n" : "\n";
    std::string out = chance(6) ? "\xef\xbb\xbf" : "";
    if (chance(2)) out += "# a comment: with 'quotes'" + eol_;
    for (int document = pick(3); document >= 0; --document) {
      out += mapping(0, 3);
      if (document > 0) out += "---" + eol_;
    }
    if (chance(4)) out.resize(out.size() - eol_.size());
    return out;
  }
  std::string value() {
    static const std::vector<std::string> kValues{
        "x",    "nginx:1.2@sha256:abc", "a b",  "it's", "\"q\"", "",    "no",
        "1.10", "\xc3\xa4\xe2\x82\xac", "a: b", "#c",   "\\",    "{{x", "longer text here"};
    return kValues[static_cast<std::size_t>(pick(static_cast<int>(kValues.size())))];
  }
  bool chance(int n) { return pick(n) == 0; }
  int pick(int n) { return static_cast<int>(random_() % static_cast<unsigned>(n)); }

 private:
  std::string scalar() {
    static const std::vector<std::string> kScalars{
        "plain", "nginx:1.25",    "'single ''quoted'''", "\"double \\\" \xc3\xa4\"", "12", "two words", "''",
        "~",     "caf\xc3\xa9/x", "\"\\u20ac\""};
    return kScalars[static_cast<std::size_t>(pick(static_cast<int>(kScalars.size())))];
  }
  std::string flow() {
    return chance(2) ? "[" + scalar() + ", " + scalar() + "]" : "{a: " + scalar() + ", \"b\": " + scalar() + "}";
  }
  std::string mapping(std::size_t indent, int depth) {
    const std::string pad(indent, ' ');
    std::string out;
    for (int i = pick(4); i >= 0; --i) {
      out += pad + fmt::format("key{}{}:", i, chance(5) ? "\xc3\xb6" : "");
      switch (pick(depth > 0 ? 6 : 3)) {
        case 0:
          out += " " + flow() + eol_;
          break;
        case 3:
          out += " |" + eol_ + pad + "  literal # no comment" + eol_ + pad + "  more" + eol_;
          break;
        case 4:
          out += eol_ + mapping(indent + 1 + static_cast<std::size_t>(pick(3)), depth - 1);
          break;
        case 5:
          out += eol_ + pad + "- " + scalar() + "   # item" + eol_ + pad + "- " + scalar() + eol_;
          break;
        default:
          out += (chance(4) ? "   " : " ") + scalar() + (chance(3) ? "  # comment" : "") + eol_;
      }
    }
    return out;
  }

  std::mt19937 random_;
  std::string eol_;
};

void collect(const Node& node, std::vector<const Node*>& out) {
  const bool inline_scalar = node.is_scalar() && node.style != Node::Style::block;
  if (inline_scalar && node.range.end > node.range.begin) out.push_back(&node);
  for (const Node& item : node.items)
    collect(item, out);
  for (const Node::Member& member : node.members)
    collect(member.value, out);
}

TEST(SpliceYaml, RandomEditsKeepEveryOtherByte) {
  std::size_t edited = 0;
  for (unsigned seed = 0; seed < 600; ++seed) {
    Generator generator(seed);
    const std::string text = generator.file();
    const auto documents = parse_yaml(text, "f.yaml");
    ASSERT_TRUE(documents.has_value()) << documents.error().describe() << "\n" << text;
    std::vector<const Node*> scalars;
    for (const Node& document : *documents)
      collect(document, scalars);

    std::vector<Edit> edits;
    std::string expected_rest;  // the bytes outside of all edits
    std::size_t copied = 0;
    for (const Node* node : scalars) {
      if (!generator.chance(2)) continue;
      edits.push_back({node->range, generator.value()});
      expected_rest += text.substr(copied, node->range.begin - copied);
      copied = node->range.end;
    }
    expected_rest += text.substr(copied);

    const auto out = splice_yaml(text, "f.yaml", edits);
    ASSERT_TRUE(out.has_value()) << out.error().describe() << "\n" << text;
    const auto after = parse_yaml(*out, "f.yaml");
    ASSERT_TRUE(after.has_value()) << *out;
    std::vector<const Node*> now;
    for (const Node& document : *after)
      collect(document, now);
    ASSERT_EQ(now.size(), scalars.size()) << *out;

    std::string rest;
    copied = 0;
    std::size_t next = 0;
    for (std::size_t i = 0; i < scalars.size(); ++i) {
      const bool is_edited = next < edits.size() && edits[next].range == scalars[i]->range;
      EXPECT_EQ(now[i]->scalar, is_edited ? edits[next].value : scalars[i]->scalar);
      if (!is_edited) continue;
      rest += out->substr(copied, now[i]->range.begin - copied);
      copied = now[i]->range.end;
      ++next;
      ++edited;
    }
    rest += out->substr(copied);
    EXPECT_EQ(rest, expected_rest) << "seed " << seed;
  }
  EXPECT_GT(edited, 1000u) << "the generator makes nothing to edit";
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
  return text;
}

/// Documents of all kinds, long enough to be read in pieces.
std::string long_text(std::string_view line_end) {
  const std::string filler(200, 'x');
  std::string text = "# many\nfirst: 0\n";
  for (int i = 0; i < 1300; ++i) {
    text += fmt::format("---{}\nk: &a v{}\nl: [1, *a]\nt: |\n  ---\n  {}\n", i % 5 == 0 ? " # why" : "", i, filler);
    if (i % 7 == 0) text += "---\n--- text\n...\n";
  }
  return replaced(text, "\n", line_end);
}

bool is_equal(const Node& a, const Node& b) {
  const bool same = a.kind == b.kind && a.style == b.style && a.scalar == b.scalar && a.anchor == b.anchor.str() &&
                    a.range == b.range && a.where.row == b.where.row && a.where.col == b.where.col;
  return same && std::equal(a.items.begin(), a.items.end(), b.items.begin(), b.items.end(), is_equal) &&
         std::equal(a.members.begin(), a.members.end(), b.members.begin(), b.members.end(),
                    [](const auto& x, const auto& y) { return x.key == y.key && is_equal(x.value, y.value); });
}

TEST(LongYaml, IsReadAndEditedInPiecesAsInOne) {
  for (const char* line_end : {"\n", "\r\n"}) {
    const std::string text = long_text(line_end);
    const auto pieces = parse_yaml(text, "f", {.allow_aliases = true});
    ASSERT_TRUE(pieces) << pieces.error().describe();
    std::vector<Edit> edits;
    std::vector<Insertion> insertions;
    for (const Node& document : *pieces) {
      if (const Node* value = document.find("k")) edits.push_back({value->range, value->scalar + "@new"});
      if (const Node* value = document.find("k")) insertions.push_back({value->range, "n", "1.0"});
    }
    const auto edited = splice_yaml(text, *pieces, "f", edits, insertions);
    const SingleLane alone;
    const auto whole = parse_yaml(text, "f", {.allow_aliases = true});
    EXPECT_TRUE(std::equal(pieces->begin(), pieces->end(), whole->begin(), whole->end(), is_equal));
    ASSERT_TRUE(edited) << edited.error().describe();
    EXPECT_EQ(*edited, splice_yaml(text, *whole, "f", edits, insertions).value());
  }
}

TEST(LongYaml, HasItsFaultsInTheirPlaces) {
  const std::string text = long_text("\n");
  for (const std::string& fault :
       {text + "---\na: *nothing\n", text + "---\na: 1\na: 2\n", "a: [\n" + text, text + "---\n\"x\n"}) {
    const auto pieces = parse_yaml(fault, "f", {.allow_aliases = true});
    const SingleLane alone;
    const auto whole = parse_yaml(fault, "f", {.allow_aliases = true});
    ASSERT_FALSE(whole);
    ASSERT_FALSE(pieces);
    EXPECT_EQ(pieces.error().describe(), whole.error().describe());
  }
  EXPECT_FALSE(parse_yaml(text, "f", {.max_nodes = 12'000, .allow_aliases = true})) << "together they are too many";
}

TEST(DocumentCuts, AreWhereDocumentsBeginAndNowhereElse) {
  const std::string text = long_text("\n");
  for (const std::size_t cut : document_cuts(text))
    EXPECT_TRUE(begins_document(text, cut)) << cut;
  EXPECT_THAT(document_cuts("%TAG ! tag:x,2000:\n---\n" + text), testing::IsEmpty()) << "a directive";
  EXPECT_THAT(document_cuts(std::string(1u << 20, 'x')), testing::IsEmpty());
  EXPECT_FALSE(begins_document("----\n", 0));
  EXPECT_FALSE(begins_document(" ---\n", 1));
  EXPECT_TRUE(begins_document("a\n---", 2));
}

}  // namespace
}  // namespace slipway::config
