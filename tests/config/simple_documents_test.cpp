// libfyaml says what YAML is: whatever the reader of simple documents takes has the tree that libfyaml gives.
#include "config/simple_documents.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <random>

#include "slipway/base/fs.h"

namespace slipway::config {
namespace {

constexpr YamlLimits kForeign{.max_bytes = 16u << 20, .max_nodes = 4'000'000, .allow_aliases = true};

/// A tree as text, with everything that a node has.
void describe(const Node& node, std::string& out) {
  out += fmt::format("{}/{} [{},{}) {}:{} &{} {} '{}'\n", static_cast<int>(node.kind), static_cast<int>(node.style),
                     node.range.begin, node.range.end, node.where.row, node.where.col, node.anchor.str(),
                     node.tag.str(), node.scalar);
  for (const Node& item : node.items)
    describe(item, out);
  for (const Node::Member& member : node.members) {
    out += fmt::format("{} [{},{}) {}:{} ", member.key, member.key_range.begin, member.key_range.end,
                       member.key_where.row, member.key_where.col);
    describe(member.value, out);
  }
}

std::string described(const std::vector<Node>& documents) {
  std::string out;
  for (const Node& document : documents) {
    out += "---\n";
    describe(document, out);
  }
  return out;
}

/// The tree that libfyaml gives; "error" for a text that is not YAML.
std::string by_libfyaml(const std::string& text) {
  Diagnostics diagnostics;
  const LineIndex lines(text, "f");
  EventReader reader(text, lines);
  TreeBuilder builder(lines, kForeign, diagnostics);
  for (YamlEvent event;;) {
    if (!reader.next(event) || !builder.add(event)) return "error";
    if (event.kind == YamlEvent::Kind::stream_end) break;
  }
  return std::move(diagnostics).status() ? described(std::move(builder).take_documents()) : "error";
}

/// Returns how many bytes of a text are simple documents.
std::size_t simple_bytes(const std::string& text) {
  Diagnostics diagnostics;
  const LineIndex lines(text, "f");
  TreeBuilder builder(lines, kForeign, diagnostics);
  return read_simple_documents(text, 0, builder).value_or(0);
}

void expect_same_tree(const std::string& text) {
  const auto documents = parse_yaml(text, "f", kForeign);
  ASSERT_EQ(documents ? described(*documents) : "error", by_libfyaml(text)) << text;
}

const std::vector<std::string> kSimple{
    "a: 1\n",
    "# c\n---\na: 1\nb:\n- x\n- k: v\n  e:\nc:\n  - y: \"q\"\n    z: [a, {k: v}]\nd: {}\ne:\n--- # x\nq:\n  - - m\n    "
    "- n\n",
    "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: app-1\n  labels: {app: app-1, part-of: shop}\nspec:\n"
    "  replicas: 2\n  template:\n    spec:\n      containers:\n      - name: app  # the service\n"
    "        image: registry.example.com/team/app1:1.27\n        args: [\"--port\", \"8080\", --x=y]\n\n"
    "        command: ['sh', '-c', 'echo \"$X\"']\n",
    "- a\n- b: c\n-   d: e\n    f: g\n- [x, y:z, [], {}]\n",
    "a:   b c, d {e} [f] #g\nh: i#j # k\nl: ~\nm: null\nn: -1\no: --flag\np: http://x/y?z=1\nq: \"\"\nr: ''\n",
    "a:\n  b:\n    c:\n  d:\n  - e:\n    - f\n    g: h\ni: j",
    "---\na: b   \n\n# between\n---\n- c\n"};

TEST(SimpleDocuments, AreReadWholeAsLibfyamlReadsThem) {
  for (const std::string& text : kSimple) {
    EXPECT_EQ(simple_bytes(text), text.size()) << text;
    expect_same_tree(text);
  }
}

TEST(SimpleDocuments, EndWhereSomethingElseStands) {
  for (const char* other : {"a: &b c\n",
                            "a: *b\n",
                            "a: !t b\n",
                            "a: |\n  b\n",
                            "a: >\n  b\n",
                            "a: b\n  c\n",
                            "a: \"b\n  c\"\n",
                            "a: 'it''s'\n",
                            "a: \"\\n\"\n",
                            "a: b: c\n",
                            "a: {b: c,}\n",
                            "a: {b: c\n  }\n",
                            "a: [b: c]\n",
                            "a: {",
                            "a: [",
                            "a: {b:",
                            "a: [b,",
                            "a: \"",
                            "\"a\": b\n",
                            "? a\n",
                            "a\n",
                            "a: b\n...\n",
                            "%YAML 1.2\n---\na: b\n",
                            "a:\tb\n",
                            "a: b\r\n",
                            "a: \xc3\xa4\n",
                            "a: @b\n",
                            "a: b\n - c\n",
                            "a:\n    b: c\n  d: e\n",
                            "a: {b: [c}\n",
                            "a: [b] c\n",
                            "a: 'b' c\n",
                            "<<: b\n",
                            "-\n",
                            "- # c\n",
                            "-\n  a: b\n",
                            "a: {\"b\": c}\n",
                            "--- a\n",
                            "a: - b\n",
                            "a : b\n",
                            "a: 'b'#c\n",
                            "a: [b]#c\n",
                            "",
                            "# c\n",
                            "---\n"}) {
    EXPECT_EQ(simple_bytes(other), 0U) << other;
    expect_same_tree(other);
    expect_same_tree("x: y\n---\n" + std::string(other));
  }
  EXPECT_EQ(simple_bytes("x: y\n---\na: &b c\n---\nd: e\n"), 5U) << "libfyaml reads the rest";
}

TEST(SimpleDocuments, OfAllCollectedFilesAreReadAlike) {
  const char* folder = std::getenv("SLIPWAY_TESTDATA");
  std::size_t files = 0;
  for (const auto& entry : stdfs::recursive_directory_iterator(stdfs::path(folder == nullptr ? "testdata" : folder))) {
    const std::string name = entry.path().filename().native();
    if (name.find(".y") == std::string::npos && !name.ends_with(".json")) continue;
    const auto text = read_file(real_fs(), entry.path(), 1u << 20);
    if (!entry.is_regular_file() || !text || find_unreadable(*text)) continue;
    expect_same_tree(*text);
    ++files;
  }
  EXPECT_GE(files, 40U);
}

/// Texts that are a few changes away from simple ones, so that many are nearly simple.
TEST(SimpleDocuments, ChangedAtRandomAreReadAlikeOrNotSimple) {
  std::mt19937 random(7);
  const auto below = [&](std::size_t limit) { return static_cast<std::size_t>(random() % limit); };
  // No "|" or ">": libfyaml 0.7 gives bytes that it did not write for some block scalars.
  const std::vector<std::string> bits{":",  " ",   "  ", "\n",  "-",       "- ",   ": ",   "#",     " #", "[",
                                      "]",  "{",   "}",  ",",   ", ",      "'",    "\"",   "a",     "1",  "&x ",
                                      "*x", "!t ", "?",  "---", "\n---\n", "...",  "\n  ", "\n- ",  "~",  "<<",
                                      "%",  "@",   "`",  "\\",  "=",       "null", "\n\n", "a: b\n"};
  std::size_t simple = 0;
  for (int round = 0; round < 6'000; ++round) {
    std::string text = kSimple[below(kSimple.size())];
    for (std::size_t changes = 1 + below(3); changes > 0; --changes) {
      const std::size_t at = below(text.size() + 1);
      const std::size_t removed = std::min(below(3), text.size() - at);
      text.replace(at, removed, below(4) == 0 ? "" : bits[below(bits.size())]);
    }
    simple += simple_bytes(text) == text.size() && !text.empty() ? 1 : 0;
    expect_same_tree(text);
    if (HasFatalFailure()) return;
  }
  EXPECT_GT(simple, 600U);
}

}  // namespace
}  // namespace slipway::config
