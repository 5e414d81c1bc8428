#include "slipway/base/text.h"

#include <gtest/gtest.h>

#include "slipway/base/clock.h"
#include "slipway/base/secret.h"

namespace slipway {
namespace {

TEST(Text, PrintableEscapesWhatATerminalActsOn) {
  EXPECT_EQ(printable("plain \xC3\xA9"), "plain \xC3\xA9");
  EXPECT_EQ(printable("\x1b[31mred\x07"), "\\x1b[31mred\\x07");
  EXPECT_EQ(printable("a\nb\tc\r"), "a\\nb\\tc\\x0d");
  EXPECT_EQ(printable("\xff\xfe"), "\\xff\\xfe");
  EXPECT_EQ(printable("\xC2\x9B"
                      "2J"),
            "\\xc2\\x9b2J");  // C1 CSI
  EXPECT_EQ(printable("\xE2\x80\xAE"
                      "x"),
            "\\xe2\\x80\\xaex");  // right-to-left override
  for (const char* mark : {"\u200e", "\u200f", "\u061c", "\u202a", "\u2066", "\u2069", "\u2028", "\u0085"})
    EXPECT_EQ(printable(mark).substr(0, 2), "\\x") << printable(mark);
  for (const char* harmless : {"\u0661", "\u200d", "\u00a0", "\u2013"})
    EXPECT_EQ(printable(harmless), harmless);
  EXPECT_EQ(printable("abcdef", 3), "abc...");
}

TEST(Text, SplitKeepsEmptyParts) {
  EXPECT_EQ(split("a,,b,", ','), (std::vector<std::string>{"a", "", "b", ""}));
  EXPECT_EQ(split("", ','), std::vector<std::string>{""});
}

TEST(Text, TrimAndLower) {
  EXPECT_EQ(trim(" \t x y \r\n"), "x y");
  EXPECT_EQ(trim("   "), "");
  EXPECT_EQ(to_lower("AbC\xC3\x89"), "abc\xC3\x89");
}

TEST(Text, Utf8) {
  EXPECT_TRUE(is_valid_utf8("a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80"));
  for (const char* bad : {"\x80", "\xC0\xAF", "\xE0\x80\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xF5", "\xC3"}) {
    EXPECT_FALSE(is_valid_utf8(bad)) << printable(bad);
  }
}

TEST(Text, NearestSuggestsOnlyWhatMayBeMeant) {
  const std::vector<std::string> words{"promote", "rollback", "release", "status"};
  EXPECT_EQ(nearest("promte", words), "promote");
  EXPECT_EQ(nearest("roolback", words), "rollback");
  EXPECT_EQ(nearest("bulid", {"pin", "build"}), "build") << "two letters swapped are one slip";
  EXPECT_EQ(nearest("xyz", words), std::nullopt);
}

TEST(Text, SizesForPeople) {
  const std::vector<std::pair<std::string, std::uint64_t>> good{{"0", 0},
                                                                {"4096", 4096},
                                                                {"100kB", 100'000},
                                                                {"4GiB", 4ull << 30},
                                                                {"1.5 MiB", 3u << 19},
                                                                {" 2 tib ", 2ull << 40},
                                                                {"7b", 7},
                                                                {"500MB", 500'000'000}};
  for (const auto& [text, bytes] : good)
    EXPECT_EQ(parse_bytes(text).value(), bytes) << text;
  for (const char* bad : {"", "GiB", "-1", "1.2.3", "4 apples", "1e9", "99999999TiB", "0x10"})
    EXPECT_EQ(parse_bytes(bad).error().code, Errc::invalid_argument) << bad;
}

TEST(Text, Base64BothWays) {
  const std::vector<std::pair<std::string, std::string>> table{
      {"", ""},        {"f", "Zg=="},        {"fo", "Zm8="},
      {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {std::string("\0\xff", 2), "AP8="}};
  for (const auto& [plain, coded] : table) {
    EXPECT_EQ(base64_encode(plain), coded);
    EXPECT_EQ(base64_decode(coded), plain);
  }
  for (const char* bad : {"Zg", "Zg=", "Zh==", "Z===", "====", "Zm9v\n", "Zm-v", "=Zg="}) {
    EXPECT_EQ(base64_decode(bad), std::nullopt) << bad;
  }
}

TEST(Text, HumanBytes) {
  EXPECT_EQ(human_bytes(0), "0 B");
  EXPECT_EQ(human_bytes(1023), "1023 B");
  EXPECT_EQ(human_bytes(1536), "1.5 KiB");
  EXPECT_EQ(human_bytes(5ull << 30), "5.0 GiB");
}

TEST(Time, FormatsAndParses) {
  EXPECT_EQ(format_time(0), "1970-01-01T00:00:00Z");
  EXPECT_EQ(format_time(1'700'000'000), "2023-11-14T22:13:20Z");
  EXPECT_EQ(parse_time("2023-11-14T22:13:20Z").value(), 1'700'000'000);
  EXPECT_EQ(parse_time("2023-11-14T23:13:20.123+01:00").value(), 1'700'000'000);
  EXPECT_EQ(parse_time("1969-12-31T23:59:59Z").value(), -1);
  for (const char* bad :
       {"", "2023", "2023-11-14 22:13:20Z", "2023-02-30T00:00:00Z", "2023-13-01T00:00:00Z", "2023-11-14T24:00:00Z",
        "2023-11-14T22:13:20", "2023-11-14T22:13:20.Z", "2023-11-14T22:13:20+1:00", "2023-11-14T22:13:20Zjunk"}) {
    EXPECT_FALSE(parse_time(bad).has_value()) << bad;
  }
}

template <class T>
concept Streamable = requires(std::ostream& out, const T& value) {
  out << value;
};
template <class T>
concept Comparable = requires(const T& a, const T& b) {
  a == b;
};

TEST(Secret, CannotBePrintedFormattedOrCompared) {
  static_assert(!Streamable<Secret>);
  static_assert(!fmt::is_formattable<Secret>::value);
  static_assert(!Comparable<Secret>);
  static_assert(!std::is_convertible_v<Secret, std::string>);
}

TEST(Secret, MovesLeaveNothingBehind) {
  Secret from("hunter2");
  const Secret to = std::move(from);
  EXPECT_EQ(to.reveal(), "hunter2");
  EXPECT_TRUE(from.empty());  // NOLINT(bugprone-use-after-move): that is what is tested
  Secret assigned("old");
  assigned = Secret("new");
  EXPECT_EQ(assigned.reveal(), "new");
}

TEST(Text, ControlCharactersAreFoundAndOnlyThose) {
  for (const std::string_view bad : {std::string_view("\0", 1), std::string_view("a\nb"), std::string_view("\x1f"),
                                     std::string_view("x\x7f"), std::string_view("\t")})
    EXPECT_TRUE(has_control_characters(bad)) << printable(bad);
  for (const std::string_view good : {"", " ", "~", "\xc3\xa9", "\xff"})
    EXPECT_FALSE(has_control_characters(good)) << good;
}

TEST(Text, WholeNumbersAreDigitsAndNothingElse) {
  EXPECT_EQ(parse_whole<int>("0"), 0);
  EXPECT_EQ(parse_whole<int>("-7"), -7);
  EXPECT_EQ(parse_whole<std::uint8_t>("255"), 255);
  EXPECT_EQ(parse_whole<std::uint32_t>("0755", 8), 0755u);
  EXPECT_EQ(parse_whole<std::uint64_t>("18446744073709551615"), 18446744073709551615u);
  for (const char* bad : {"", " 1", "1 ", "+1", "1.0", "0x1", "1e3", "-"})
    EXPECT_EQ(parse_whole<int>(bad), std::nullopt) << bad;
  EXPECT_EQ(parse_whole<std::uint8_t>("256"), std::nullopt);
  EXPECT_EQ(parse_whole<std::uint8_t>("-1"), std::nullopt);
  EXPECT_EQ(parse_whole<int>("8", 8), std::nullopt);
}

TEST(Text, ListsInMessagesSayHowManyMoreThereAre) {
  EXPECT_EQ(list_of({}), "");
  EXPECT_EQ(list_of({"a"}), "a");
  EXPECT_EQ(list_of({"a", "b", "c"}, 3), "a, b, c");
  EXPECT_EQ(list_of({"a", "b", "c"}, 2), "a, b and 1 more");
}

}  // namespace
}  // namespace slipway
