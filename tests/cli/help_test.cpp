#include "cli/help.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/command.h"
#include "cli/command_line.h"
#include "cli/golden.h"
#include "cli/text_layout.h"
#include "slipway/base/text.h"

namespace slipway::test {
namespace {

using testing::HasSubstr;

std::string printed(const std::vector<std::string>& words) {
  CommandLine line;
  const Outcome outcome = line.run(words);
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(outcome.err, "");
  return outcome.out;
}

void expect_narrow(const std::string& text, std::size_t columns, const std::string& name) {
  for (const std::string& line : split(text, '\n')) {
    // An example is a command line to copy: it stays in one piece.
    if (line.starts_with("  slipway ") || line.find(" | ") != std::string::npos || line.find("$(") != std::string::npos)
      continue;
    EXPECT_LE(cli::display_width(line), columns) << name << ": " << line;
  }
}

TEST(Golden, Overview) {
  const std::string text = printed({"--help"});
  expect_golden("help/slipway.txt", text);
  expect_narrow(text, 80, "slipway");
  EXPECT_LE(std::count(text.begin(), text.end(), '\n'), 40);
  EXPECT_EQ(text, printed({"help"}));
  EXPECT_EQ(text, printed({"-h"}));
}

TEST(Golden, HelpOfEveryCommand) {
  for (const cli::Command& command : cli::commands()) {
    const std::string name(command.name);
    const std::string text = printed({name, "--help"});
    expect_golden("help/" + name + ".txt", text);
    expect_narrow(text, 80, name);
    EXPECT_EQ(text, printed({"help", name}));
  }
}

TEST(Golden, HelpOnEveryTopic) {
  for (const cli::Topic& topic : cli::topics()) {
    const std::string name(topic.name);
    const std::string text = printed({"help", name});
    expect_golden("help/topic-" + name + ".txt", text);
    expect_narrow(text, 80, name);
  }
  EXPECT_EQ(printed({"options"}), printed({"help", "options"}));
}

TEST(Golden, ManPage) { expect_golden("slipway.1", printed({"completion", "man"})); }

TEST(Golden, Manual) { expect_golden_file("docs/CLI.md", cli::manual()); }

TEST(Help, EveryHeadingStandsOnce) {
  const std::string text = printed({"--help"});
  for (const cli::Command& command : cli::commands()) {
    const std::string heading = "\n" + std::string(cli::title_of(command.group)) + "\n";
    EXPECT_THAT(text, HasSubstr(heading));
    EXPECT_EQ(text.find(heading), text.rfind(heading)) << heading;
  }
}

TEST(Help, EveryCommandIsNamedAndDescribed) {
  const std::string text = printed({"--help"});
  for (const cli::Command& command : cli::commands()) {
    EXPECT_TRUE(text.find(" " + std::string(command.name) + " ") != std::string::npos ||
                text.find(" " + std::string(command.name) + ",") != std::string::npos ||
                text.find(" " + std::string(command.name) + "\n") != std::string::npos)
        << command.name;
    EXPECT_LE(command.summary.size(), 64u) << command.name;
    EXPECT_FALSE(command.summary.ends_with('.')) << command.name;
    EXPECT_TRUE(command.description.ends_with('.')) << command.name;
    EXPECT_GE(command.examples.size(), 2u) << command.name;
    for (const std::string_view other : command.see_also)
      EXPECT_NE(cli::find_command_named(other), nullptr) << command.name << " names " << other;
  }
}

TEST(Help, IsWrappedToTheTerminal) {
  for (const int columns : {40, 64, 120}) {
    CommandLine line;
    line.columns = columns;
    const Outcome outcome = line.run({"build", "--help"});
    for (const std::string& text : split(outcome.out, '\n')) {
      if (text.starts_with("  slipway ")) continue;
      EXPECT_LE(cli::display_width(text), static_cast<std::size_t>(columns == 120 ? 100 : columns)) << text;
    }
  }
}

TEST(Help, WrapsAtWordsAndKeepsNewlines) {
  EXPECT_EQ(cli::wrapped("one two three", 8), "one two\nthree");
  EXPECT_EQ(cli::wrapped("one two three", 8, 2), "one two\n  three");
  EXPECT_EQ(cli::wrapped("one two", 8, 2, 4), "one\n  two");
  EXPECT_EQ(cli::wrapped("averylongword b", 4), "averylongword\nb");
  EXPECT_EQ(cli::wrapped("a\n\nb", 10, 2), "a\n\n  b");
  EXPECT_EQ(cli::display_width("größer"), 6u);
}

TEST(Help, CountsAndNouns) {
  EXPECT_EQ(cli::counted(1, "release"), "1 release");
  EXPECT_EQ(cli::counted(2, "release"), "2 releases");
}

TEST(Help, OfEveryCommandAndTopicFitsEightyColumns) {
  CommandLine line;
  std::vector<std::vector<std::string>> pages{{"--help"}};
  for (const cli::Command& command : cli::commands())
    pages.push_back({std::string(command.name), "--help"});
  for (const cli::Topic& topic : cli::topics())
    pages.push_back({"help", std::string(topic.name)});
  EXPECT_GT(pages.size(), 50u);
  for (const std::vector<std::string>& words : pages) {
    for (const std::string& row : split(line.run(words).out, '\n'))
      EXPECT_LE(cli::display_width(row), 80u) << fmt::format("{}: {}", fmt::join(words, " "), row);
  }
}

TEST(Help, OfAnUnknownWordSuggestsTheNearest) {
  CommandLine line;
  const Outcome outcome = line.run({"help", "biuld"});
  EXPECT_EQ(outcome.status, 2);
  EXPECT_EQ(outcome.err, "slipway: error: unknown help topic \"biuld\"\nhint: did you mean: slipway help build\n");
}

}  // namespace
}  // namespace slipway::test
