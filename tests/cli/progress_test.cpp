#include "cli/progress.h"

#include <gmock/gmock.h>

#include <thread>

#include "cli/live_area.h"
#include "cli/transfer_bars.h"
#include "slipway/io/hash.h"
#include "support/held_clock.h"

namespace slipway::test {
namespace {

using cli::LiveArea;
using cli::TransferBars;
using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

constexpr std::int64_t kMiB = 1 << 20;

oci::Descriptor blob(const std::string& name, std::int64_t size = 10 * kMiB) {
  return {"application/vnd.oci.image.layer.v1.tar", io::digest_of(name), size};
}

/// As much of a terminal as is made use of: rows, a cursor, lines that wrap.
class Screen {
 public:
  cli::Surroundings surroundings() {
    cli::Surroundings s;
    s.write_err = [this](std::string_view text) {
      const std::scoped_lock lock(mutex_);
      show(text);
    };
    s.write_out = [this](std::string_view text) {
      const std::scoped_lock lock(mutex_);
      show(text);
      return true;
    };
    s.env = [](const std::string&) { return std::optional<std::string>(); };
    s.terminal = [this] { return cli::Terminal{columns, 24}; };
    s.out_is_terminal = true;
    s.clock = &clock;
    return s;
  }

  /// The visible lines of the screen, without the empty line of the cursor.
  std::vector<std::string> rows() {
    const std::scoped_lock lock(mutex_);
    std::vector<std::string> seen = rows_;
    while (!seen.empty() && seen.back().empty())
      seen.pop_back();
    return seen;
  }
  /// Makes it narrower, as terminals do: long rows become several.
  void shrink(int to) {
    std::vector<std::string> rows;
    for (const std::string& row : rows_) {
      std::size_t at = 0;
      do {
        rows.push_back(row.substr(at, static_cast<std::size_t>(to)));
        at += static_cast<std::size_t>(to);
      } while (at < row.size());
    }
    rows_ = std::move(rows);
    row_ = rows_.size() - 1;
    columns = to;
  }

  std::atomic<int> columns{80};
  HeldClock clock;
  std::atomic<bool> overran{false};

 private:
  void show(std::string_view text) {
    while (!text.empty()) {
      const char c = text.front();
      text.remove_prefix(1);
      if (c == '\x1b') {
        control(text);
      } else if (c == '\n') {
        ++row_;
        column_ = 0;
        if (row_ == rows_.size()) rows_.emplace_back();
      } else if (c == '\r') {
        column_ = 0;
      } else {
        if (column_ >= static_cast<std::size_t>(columns)) overran = true;
        std::string& row = rows_[row_];
        row.resize(std::max(row.size(), column_ + 1), ' ');
        row[column_++] = c;
      }
    }
  }

  void control(std::string_view& text) {
    const std::size_t end = text.find_first_of("AJK");
    ASSERT_NE(end, std::string_view::npos);
    const std::string number(text.substr(1, end - 1));
    if (text[end] == 'A') {
      const auto up = static_cast<std::size_t>(std::stoi(number));
      ASSERT_LE(up, row_) << "above what was written";
      row_ -= up;
    } else {
      rows_[row_].resize(std::min(rows_[row_].size(), column_));
      if (text[end] == 'J') rows_.resize(row_ + 1);
    }
    text.remove_prefix(end + 1);
  }

  std::mutex mutex_;
  std::vector<std::string> rows_{""};
  std::size_t row_ = 0, column_ = 0;
};

TEST(LiveArea, IsDrawnOverAndLeavesNothing) {
  Screen screen;
  const cli::Surroundings outside = screen.surroundings();
  {
    LiveArea area(outside);
    const cli::Surroundings inside = area.surroundings();
    inside.write_err("before\n");
    area.draw({"one of them, and it is long", "two"});
    area.draw({"1", "2", "3"});
    EXPECT_THAT(screen.rows(), ElementsAre("before", "1", "2", "3"));
    inside.write_err("a note\n");
    EXPECT_THAT(screen.rows(), ElementsAre("before", "a note"));
    area.draw({"4"});
    EXPECT_THAT(screen.rows(), ElementsAre("before", "a note", "4"));
    EXPECT_TRUE(inside.write_out("the result\n"));
    area.draw({"5"});
    EXPECT_THAT(screen.rows(), ElementsAre("before", "a note", "the result", "5"));
  }
  EXPECT_THAT(screen.rows(), ElementsAre("before", "a note", "the result"));
}

TEST(LiveArea, HalfALineIsNotDrawnOver) {
  Screen screen;
  const cli::Surroundings outside = screen.surroundings();
  LiveArea area(outside);
  area.surroundings().write_err("a question? ");
  area.draw({"bar"});
  EXPECT_THAT(screen.rows(), ElementsAre("a question? "));
  area.surroundings().write_err("yes\n");
  area.draw({"bar"});
  EXPECT_THAT(screen.rows(), ElementsAre("a question? yes", "bar"));
}

TEST(LiveArea, FitsATerminalOfAnySize) {
  Screen screen;
  const cli::Surroundings outside = screen.surroundings();
  LiveArea area(outside);
  const std::string wide(200, 'x');
  area.draw({wide, "short", wide});
  EXPECT_THAT(screen.rows(), ElementsAre(std::string(79, 'x'), "short", std::string(79, 'x')));
  screen.shrink(30);
  ASSERT_THAT(screen.rows(), SizeIs(7));
  area.draw({wide});
  EXPECT_THAT(screen.rows(), ElementsAre(std::string(29, 'x')));
  EXPECT_FALSE(screen.overran);
  area.erase();
  EXPECT_THAT(screen.rows(), IsEmpty());
}

TEST(TransferBars, ShowsEachBlobAndAll) {
  TransferBars bars;
  EXPECT_THAT(bars.lines(80, 24, milliseconds(0)), IsEmpty());
  for (const char* name : {"a", "b", "c"})
    bars.expect(blob(name));
  bars.finish(blob("c"));
  bars.start(blob("a"), milliseconds(1000));
  bars.move(blob("a"), 5 * kMiB, milliseconds(2000));
  const auto lines = bars.lines(80, 24, milliseconds(2000));
  ASSERT_THAT(lines, SizeIs(2));
  EXPECT_EQ(lines[0], "copy " + io::digest_of("a").short_hex() +
                          "  [==========>         ]     5.0 MiB / 10.0 MiB      5.0 MiB/s");
  EXPECT_EQ(lines[1], "1 of 3 done, 1 under way, 15.0 MiB of 30.0 MiB, 5.0 MiB/s, 0:04 left");
  bars.finish(blob("a"));
  bars.finish(blob("b"));
  EXPECT_THAT(bars.lines(80, 24, milliseconds(3000)), IsEmpty()) << "nothing is left to do";
}

TEST(TransferBars, NamesTheLayerAndTheDirection) {
  TransferBars bars;
  bars.name_direction("push");
  bars.name(blob("a"), "runtime");
  bars.start(blob("a"), milliseconds(0));
  EXPECT_THAT(bars.lines(80, 24, milliseconds(1)).front(), testing::StartsWith("push runtime  "));
}

TEST(TransferBars, WhatStandsStillHasNoRateAndWhatBeganAnewIsNotCountedTwice) {
  TransferBars bars;
  bars.start(blob("a", 100 * kMiB), milliseconds(0));
  bars.move(blob("a", 100 * kMiB), 50 * kMiB, milliseconds(1000));
  bars.move(blob("a", 100 * kMiB), 0, milliseconds(2000));
  bars.move(blob("a", 100 * kMiB), 10 * kMiB, milliseconds(3000));
  EXPECT_THAT(bars.lines(80, 24, milliseconds(3000)).back(), HasSubstr("10.0 MiB of 100.0 MiB, 20.0 MiB/s"));
  bars.move(blob("a", 100 * kMiB), 10 * kMiB, milliseconds(20'000));
  bars.move(blob("a", 100 * kMiB), 10 * kMiB, milliseconds(30'000));
  EXPECT_THAT(bars.lines(80, 24, milliseconds(30'000)).back(), Not(HasSubstr("/s")));
}

TEST(TransferBars, WorkWithoutADigestIsABarOnceItsSizeIsKnown) {
  TransferBars bars;
  bars.begin_work("building layer app");
  EXPECT_THAT(bars.lines(80, 24, milliseconds(0)), ElementsAre("building layer app"));
  bars.move_work("building layer app", 0, 10 * kMiB, milliseconds(1000));
  bars.move_work("building layer app", 5 * kMiB, 10 * kMiB, milliseconds(2000));
  bars.move_work("building layer app", 4 * kMiB, 10 * kMiB, milliseconds(2000));
  const auto lines = bars.lines(100, 24, milliseconds(2000));
  ASSERT_THAT(lines, SizeIs(2));
  EXPECT_THAT(lines[0], HasSubstr("building layer app  [====="));
  EXPECT_THAT(lines[1], HasSubstr("5.0 MiB of 10.0 MiB, 5.0 MiB/s, 0:02 left"));
  bars.end_work("building layer app");
  EXPECT_THAT(bars.lines(80, 24, milliseconds(3000)), IsEmpty());
}

TEST(TransferBars, FitsWhatThereIs) {
  TransferBars bars;
  for (int i = 0; i < 50; ++i)
    bars.start(blob(std::to_string(i)), milliseconds(0));
  EXPECT_THAT(bars.lines(80, 24, milliseconds(1)), SizeIs(9)) << "eight and the sum";
  EXPECT_THAT(bars.lines(80, 5, milliseconds(1)), SizeIs(4));
  EXPECT_THAT(bars.lines(80, 1, milliseconds(1)), SizeIs(1));
  for (const int columns : {60, 70, 80, 120, 300}) {
    for (const std::string& line : bars.lines(columns, 24, milliseconds(1)))
      EXPECT_LT(line.size(), static_cast<std::size_t>(columns));
  }
  EXPECT_THAT(bars.lines(40, 24, milliseconds(1)).front(), Not(HasSubstr("["))) << "figures rather than a bar";
}

TEST(TransferBars, OddSizes) {
  TransferBars bars;
  bars.start(blob("empty", 0), milliseconds(0));
  bars.start(blob("large", std::int64_t{1} << 50), milliseconds(0));
  bars.move(blob("large", std::int64_t{1} << 50), std::uint64_t{1} << 51, milliseconds(1000));
  EXPECT_THAT(bars.lines(100, 24, milliseconds(1000)), SizeIs(3));
}

TEST(Progress, BarsComeAndGoAndEventsAreJson) {
  Screen screen;
  const cli::Surroundings outside = screen.surroundings();
  LiveArea area(outside);
  const cli::Surroundings inside = area.surroundings();
  cli::Globals globals;
  {
    const auto progress = cli::make_progress(globals, inside, area);
    progress->expected(blob("a"));
    progress->started(blob("a"));
    ASSERT_TRUE(screen.clock.wait_for_sleepers(1)) << "the painter waits on the clock";
    EXPECT_THAT(screen.rows(), IsEmpty());
    screen.clock.advance(std::chrono::milliseconds(100));
    while (screen.rows().empty())
      std::this_thread::yield();  // the frame is being drawn
    EXPECT_THAT(screen.rows().front(), HasSubstr(io::digest_of("a").short_hex()));
  }
  EXPECT_THAT(screen.rows(), IsEmpty());
  globals.progress = "json";
  screen.columns = 10'000;
  const auto progress = cli::make_progress(globals, inside, area);
  progress->started(blob("a"));
  progress->progressed(blob("a"), 1);
  progress->progressed(blob("a"), 2);
  screen.clock.advance(std::chrono::seconds(1));
  progress->progressed(blob("a"), 3);
  progress->progressed(blob("a"), 4);
  const auto rows = screen.rows();
  ASSERT_THAT(rows, SizeIs(2)) << "one event of all that move";
  EXPECT_THAT(rows[1], HasSubstr(R"("event":"progress")"));
  EXPECT_THAT(rows[1], HasSubstr(R"("at":3)"));
}

TEST(Progress, OneShortLineForEachLayer) {
  Screen screen;
  cli::Surroundings outside = screen.surroundings();
  outside.terminal = nullptr;
  LiveArea area(outside);
  cli::Globals globals;
  const auto text_of = [&](auto&& happen) {
    const auto before = screen.rows().size();
    happen(*cli::make_progress(globals, outside, area));
    const auto rows = screen.rows();
    return rows.size() == before ? std::string() : rows.back();
  };
  const std::string long_name(60, 'n');
  const std::string line = text_of([&](auto& p) { p.layer_built("linux/arm/v7", long_name, blob("a", 1023 * kMiB)); });
  EXPECT_LE(line.size(), 80u) << line;
  EXPECT_THAT(line, testing::AllOf(HasSubstr("built"), HasSubstr("nnn..."), HasSubstr("linux/arm/v7"),
                                   HasSubstr(io::digest_of("a").short_hex()), HasSubstr("1023.0 MiB")));
  oci::Descriptor config = blob("config", 500);
  config.media_type = "application/vnd.oci.image.config.v1+json";
  oci::Descriptor manifest = blob("manifest", 500);
  manifest.media_type = "application/vnd.oci.image.manifest.v1+json";
  EXPECT_EQ(text_of([&](auto& p) { p.copied(config); }), "") << "configs are -v's";
  EXPECT_EQ(text_of([&](auto& p) { p.copied(manifest); }), "") << "and manifests";
  globals.verbose = 1;
  screen.columns = 300;
  EXPECT_THAT(text_of([&](auto& p) { p.copied(manifest); }), HasSubstr(io::digest_of("manifest").str()));
}

TEST(Progress, WhereNobodyWatchesThereAreLines) {
  for (const char* variable : {"CI", "TERM"}) {
    Screen screen;
    cli::Surroundings outside = screen.surroundings();
    outside.env = [&](const std::string& name) {
      return name == variable ? std::optional<std::string>("dumb") : std::nullopt;
    };
    LiveArea area(outside);
    const cli::Globals globals;
    const auto progress = cli::make_progress(globals, outside, area);
    progress->copied(blob("a"));
    EXPECT_THAT(screen.rows(), ElementsAre(HasSubstr("copied"))) << variable;
  }
}

}  // namespace
}  // namespace slipway::test
