#include "slipway/layer/path_patterns.h"

#include <gtest/gtest.h>

namespace slipway::layer {
namespace {

struct Case {
  std::vector<std::string> patterns;
  std::string path;
  bool excluded;
};

class ExcludeTable : public ::testing::TestWithParam<Case> {};

TEST_P(ExcludeTable, AsDockerReadsThem) {
  const Case& c = GetParam();
  const auto excludes = PathPatterns::compile(c.patterns);
  ASSERT_TRUE(excludes) << excludes.error().describe();
  EXPECT_EQ(excludes->matches(c.path), c.excluded) << c.path << " with " << (c.patterns.empty() ? "" : c.patterns[0]);
}

INSTANTIATE_TEST_SUITE_P(
    Patterns, ExcludeTable,
    ::testing::Values(
        Case{{}, "a", false}, Case{{""}, "a", false}, Case{{"."}, "a", false}, Case{{"a"}, "a", true},
        Case{{"a"}, "b/a", false}, Case{{"/a"}, "a", true}, Case{{"a/"}, "a", true}, Case{{"./a//b"}, "a/b", true},
        Case{{"a"}, "a/b/c", true}, Case{{"a"}, "ab", false}, Case{{"*"}, "a", true}, Case{{"*"}, "a/b", true},
        Case{{"*.map"}, "x.map", true}, Case{{"*.map"}, "d/x.map", false}, Case{{"*.map"}, ".map", true},
        Case{{"**/*.map"}, "x.map", true}, Case{{"**/*.map"}, "d/e/x.map", true}, Case{{"**/*.map"}, "x.mapp", false},
        Case{{"a/**"}, "a/b/c", true}, Case{{"a/**"}, "a", false}, Case{{"a/**/z"}, "a/z", true},
        Case{{"a/**/z"}, "a/b/c/z", true}, Case{{"a/**/z"}, "a/bz", false}, Case{{"**"}, "a/b", true},
        Case{{"**/x"}, "yx", false}, Case{{"a**b"}, "a/c/b", true}, Case{{"?"}, "a", true}, Case{{"?"}, "ab", false},
        Case{{"a?b"}, "a/b", false}, Case{{"[a-c]x"}, "bx", true}, Case{{"[a-c]x"}, "dx", false},
        Case{{"[^a]x"}, "bx", true}, Case{{"[^a]x"}, "ax", false}, Case{{"a[^b]c"}, "a/c", false},
        Case{{"[]]"}, "]", true}, Case{{"[\\]]"}, "]", true}, Case{{"\\*"}, "*", true}, Case{{"\\*"}, "a", false},
        Case{{"*", "!keep"}, "keep", false}, Case{{"*", "!keep"}, "drop", true}, Case{{"!keep", "*"}, "keep", true},
        Case{{"d", "!d/keep"}, "d/keep", false}, Case{{"d", "!d/keep"}, "d/other", true},
        Case{{"d", "!d", "d/x"}, "d/x", true}, Case{{"*", "! keep "}, "keep", false}));

TEST(PathPatterns, KnowsWhetherSomethingComesBack) {
  EXPECT_FALSE(PathPatterns::compile({"a", "b"})->has_exceptions());
  EXPECT_TRUE(PathPatterns::compile({"a", "!a/b"})->has_exceptions());
}

TEST(PathPatterns, RefusesWhatItCannotRead) {
  for (const std::string bad : {"[a", "[", "a\\", "[z-a]", "../x", "a/../b", "x/..", ".."}) {
    const auto excludes = PathPatterns::compile({bad});
    ASSERT_FALSE(excludes) << bad;
    EXPECT_EQ(excludes.error().code, Errc::invalid_argument) << bad;
  }
}

TEST(PathPatterns, HostilePatternsTakeNoLonger) {
  std::string pattern, path(2000, 'a');
  for (int i = 0; i < 60; ++i)
    pattern += "*a";
  const auto excludes = PathPatterns::compile({pattern + "b"});
  ASSERT_TRUE(excludes);
  EXPECT_FALSE(excludes->matches(path));
}

}  // namespace
}  // namespace slipway::layer
