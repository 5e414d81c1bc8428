#include "cli/output.h"

#include <gtest/gtest.h>

#include "cli/document_stream.h"
#include "cli/table.h"
#include "cli/terminal.h"

namespace slipway::test {
namespace {

using cli::Tone;

Json json(std::string_view text) { return Json::parse(text, "test").value(); }

TEST(Output, TextIsMadeSafeAndKeepsItsLines) {
  EXPECT_EQ(cli::safe_text("a\nb\n"), "a\nb\n");
  EXPECT_EQ(cli::safe_text("\x1b[31mred\n\u200ex"), "\\x1b[31mred\n\\xe2\\x80\\x8ex");
  EXPECT_EQ(cli::safe_text("größer"), "größer");
}

TEST(Output, JsonKeepsItsMeaningWithoutDeceptiveCharacters) {
  const Json document = json("{\"a\":\"x\u202ey\",\"b\":\"\u0085\",\"c\":\"\u061cü😀\",\"d\":\"\x7f\"}");
  const std::string safe = cli::safe_json(document.compact());
  EXPECT_EQ(safe, "{\"a\":\"x\\u202ey\",\"b\":\"\\u0085\",\"c\":\"\\u061cü😀\",\"d\":\"\\u007f\"}");
  EXPECT_EQ(json(safe), document);
}

TEST(Output, YamlHasTheMembersInTheirOrder) {
  EXPECT_EQ(
      cli::yaml_of(json(R"({"schema":"slipway/v1/x","count":3,"on":"yes","list":[{"a":"b: c","d":[]},"x"],"none":null,
                                  "deep":{"k":{"empty":{}}},"time":"2026-01-01T00:00:00Z","colon":"a:"})")),
      "schema: slipway/v1/x\ncount: 3\n\"on\": \"yes\"\nlist:\n  - a: \"b: c\"\n    d: []\n  - x\nnone: null\n"
      "deep:\n  k:\n    empty: {}\ntime: \"2026-01-01T00:00:00Z\"\ncolon: \"a:\"\n");
}

TEST(Output, LinesAreThoseOfTheOutermostObjects) {
  const Json images = json(R"({"images":[{"location":"oci:a@sha256:1","digest":"sha256:1"},{"location":"b"}]})");
  EXPECT_EQ(cli::lines_of(images, "digest").value(), "sha256:1\n");
  EXPECT_EQ(cli::lines_of(images, "location").value(), "oci:a@sha256:1\nb\n");
  const Json tags = json(R"({"location":"oci:a","tags":["v1","v2"]})");
  EXPECT_EQ(cli::lines_of(tags, "location").value(), "oci:a:v1\noci:a:v2\n");
  EXPECT_EQ(cli::lines_of(json(R"({"releases":[]})"), "digest").value(), "");
  const auto none = cli::lines_of(json(R"({"a":1})"), "digest");
  ASSERT_FALSE(none.has_value());
  EXPECT_EQ(none.error().code, Errc::invalid_argument);
}

/// A document printed piece by piece, whose lists of objects are opened and whose other lists have items.
class StreamedText {
 public:
  explicit StreamedText(std::string_view output)
      : stream_(output, [this](std::string_view piece) -> Status {
          text_ += piece;
          return {};
        }) {}

  std::string of(const Json& document) {
    add(document);
    EXPECT_TRUE(stream_.finish());
    return text_;
  }

 private:
  void add(const Json& object) {
    for (const auto& [key, value] : *object.object()) {
      if (value.array() == nullptr) {
        EXPECT_TRUE(stream_.member(key, value));
        continue;
      }
      EXPECT_TRUE(stream_.open_list(key));
      for (const Json& item : *value.array())
        add_item(item);
      EXPECT_TRUE(stream_.close());
    }
  }

  void add_item(const Json& item) {
    if (item.object() == nullptr || item.object()->empty()) {
      EXPECT_TRUE(stream_.item(item));
      return;
    }
    EXPECT_TRUE(stream_.open_item());
    add(item);
    EXPECT_TRUE(stream_.close());
  }

  std::string text_;
  cli::DocumentStream stream_;
};

TEST(Output, AStreamedDocumentHasTheBytesOfTheWhole) {
  for (
      const std::string_view text :
      {R"({"schema":"slipway/v1/x","n":3,"deep":{"k":{"e":{}},"l":[1,{"m":2}]},"location":"oci:a","digest":"sha256:1"})",
       R"({"none":[],"digest":null})", R"({"items":["x","y: z",1,{},[],[1,[2]],{"a":"b"},{"c":[],"d":1}],"last":true})",
       R"({"platforms":[{"list":[{"a":1,"b":[{"c":"\u202e"}]},{"a":2}],"empty":[]},{"list":["\u007f"]}]})"}) {
    const Json document = json(text);
    EXPECT_EQ(StreamedText("json").of(document), cli::safe_json(document.pretty()) + "\n");
    EXPECT_EQ(StreamedText("yaml").of(document), cli::yaml_of(document));
  }
  const Json found = json(R"({"location":"oci:a","files":[{"digest":"sha256:2"}],"digest":"sha256:1"})");
  EXPECT_EQ(StreamedText("digest").of(found), "sha256:1\n");
  EXPECT_EQ(StreamedText("name").of(found), "oci:a\n");
}

TEST(Output, AStreamedDocumentIsPrintedInPieces) {
  std::size_t largest = 0, total = 0;
  cli::DocumentStream stream("json", [&](std::string_view piece) -> Status {
    largest = std::max(largest, piece.size());
    total += piece.size();
    return {};
  });
  ASSERT_TRUE(stream.open_list("items"));
  for (int i = 0; i < 10'000; ++i)
    ASSERT_TRUE(stream.item(std::string(100, 'x')));
  ASSERT_TRUE(stream.close());
  ASSERT_TRUE(stream.finish());
  EXPECT_GT(total, 1'000'000u);
  EXPECT_LT(largest, 70'000u);
}

TEST(Tables, AlignAndLeaveOutEmptyColumns) {
  cli::Table table({"NAME", "EMPTY", "STATE"});
  table.add({{"a"}, {}, {"active", Tone::good}});
  table.add({{"längeres"}, {}, {"DRIFT", Tone::bad}});
  table.add_detail("drift: it was moved", Tone::bad);
  EXPECT_EQ(table.text(80, false), "NAME      STATE\na         active\nlängeres  DRIFT\n  drift: it was moved\n");
}

TEST(Tables, FitTheirColumns) {
  cli::Table table({"DIGEST", "NOTE"});
  table.add({{"0123456789ab"}, {"a note that is much longer than the terminal is wide"}});
  EXPECT_EQ(table.text(40, false), "DIGEST        NOTE\n0123456789ab  a note that is much lon...\n");
  EXPECT_EQ(table.text(0, false),
            "DIGEST        NOTE\n0123456789ab  a note that is much longer than the terminal is wide\n");
}

TEST(Tables, ColoursStandAroundTheWordsAlone) {
  cli::Table table({"A", "B"});
  table.add({{"x", Tone::good}, {"\x1b[0m", Tone::plain}});
  EXPECT_EQ(table.text(80, true), "\x1b[1mA\x1b[0m  \x1b[1mB\x1b[0m\n\x1b[32mx\x1b[0m  \\x1b[0m\n");
}

TEST(Tables, TimesAreRelative) {
  EXPECT_EQ(cli::relative_time(100, 100), "now");
  EXPECT_EQ(cli::relative_time(200, 100), "now");
  EXPECT_EQ(cli::relative_time(0, 59), "now");
  EXPECT_EQ(cli::relative_time(0, 60), "1m ago");
  EXPECT_EQ(cli::relative_time(0, 7199), "119m ago");
  EXPECT_EQ(cli::relative_time(0, 7200), "2h ago");
  EXPECT_EQ(cli::relative_time(0, 3 * 86400), "3d ago");
  EXPECT_EQ(cli::relative_time(0, 800 * 86400LL), "2y ago");
}

TEST(Colours, FollowTheVariables) {
  struct Case {
    std::map<std::string, std::string> variables;
    bool is_terminal, wanted;
  };
  for (const Case& c : std::vector<Case>{{{}, true, true},
                                         {{}, false, false},
                                         {{{"NO_COLOR", "1"}}, true, false},
                                         {{{"NO_COLOR", ""}}, true, true},
                                         {{{"CLICOLOR_FORCE", "1"}}, false, true},
                                         {{{"CLICOLOR_FORCE", "0"}}, false, false},
                                         {{{"CLICOLOR_FORCE", "1"}, {"NO_COLOR", "1"}}, true, false},
                                         {{{"CLICOLOR", "0"}}, true, false},
                                         {{{"TERM", "dumb"}}, true, false}}) {
    const EnvLookup environment = [&](const std::string& name) -> std::optional<std::string> {
      const auto at = c.variables.find(name);
      return at == c.variables.end() ? std::nullopt : std::optional(at->second);
    };
    EXPECT_EQ(cli::wants_colour(environment, c.is_terminal), c.wanted)
        << (c.variables.empty() ? "" : c.variables.begin()->first);
  }
}

}  // namespace
}  // namespace slipway::test
