#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>
#include <set>

#include "cli/command.h"
#include "cli/command_line.h"
#include "cli/next_step.h"
#include "cli/peer_words.h"
#include "cli/terminal.h"
#include "cli/text_layout.h"
#include "slipway/base/text.h"

namespace slipway::test {
namespace {

using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

/// The names of all options of all commands.
std::set<std::string> option_names() {
  std::set<std::string> names{"--help", "--version"};
  const auto add = [&](const cli::OptionSet& options) {
    for (const cli::Option& option : options.all()) {
      if (option.positional) continue;
      for (const std::string& name : split(option.names, ','))
        names.insert(name);
    }
  };
  cli::Globals globals;
  cli::OptionSet global_options;
  cli::bind_globals(global_options, globals);
  add(global_options);
  for (const cli::Command& command : cli::commands()) {
    cli::OptionSet own;
    const cli::Action action = command.bind(own);
    add(own);
  }
  return names;
}

/// Everything in a hint that looks like a command or an option of ours and does not exist.
std::string unknown_words(const std::string& hint) {
  static const std::set<std::string> kOptions = option_names();
  std::string unknown;
  static const std::regex kCommand(R"((?:: |or |then |and )slipway ([a-z-]+))");
  for (std::sregex_iterator it(hint.begin(), hint.end(), kCommand); it != std::sregex_iterator(); ++it) {
    const std::string word = (*it)[1];
    if (word != "--help" && word != "help" && word != "options" && cli::find_command_named(word) == nullptr)
      unknown += "slipway " + word + "; ";
  }
  static const std::regex kOption(R"((^|[ ({])(--[a-z][a-z-]+))");
  for (std::sregex_iterator it(hint.begin(), hint.end(), kOption); it != std::sregex_iterator(); ++it) {
    if (!kOptions.contains((*it)[2])) unknown += (*it)[2].str() + "; ";
  }
  return unknown;
}

/// True if a hint names a command line of ours, an option of ours, or a key of slipway.yaml in quotes.
bool names_a_step(const std::string& hint) {
  static const std::regex kStep(R"(slipway [a-z-]+|(^|[ ({])--?[a-z][a-z-]*|'[a-z-]+: )");
  return std::regex_search(hint, kStep) && unknown_words(hint).empty();
}

std::string hint_in(const std::string& err) {
  std::string hints;
  for (const std::string& line : split(err, '\n')) {
    const std::size_t at = line.find("hint: ");
    if (at != std::string::npos && at <= 2) hints += line.substr(at + 6) + "\n";
  }
  return hints;
}

class Hints : public testing::Test {
 protected:
  void SetUp() override {
    line_.write("hello", "#!/bin/true\n");
    line_.write("slipway.yaml",
                "app: hello\nimage: {repository: \"oci:./images\", base: scratch, platforms: [linux/amd64], "
                "layers: [{name: app, files: [{from: hello, to: /hello}]}]}\n"
                "environments: {staging: {}, production: {after: [staging]}}\n");
  }
  /// Refused with a hint that names a step; returns the hint.
  std::string refused(const std::vector<std::string>& words) {
    const Outcome outcome = line_.run(words);
    EXPECT_NE(outcome.status, 0) << fmt::format("{}", fmt::join(words, " "));
    const std::string hint = hint_in(outcome.err);
    EXPECT_TRUE(names_a_step(hint)) << fmt::format("slipway {}\n{}", fmt::join(words, " "), outcome.err)
                                    << unknown_words(hint);
    return hint;
  }
  CommandLine line_;
};

TEST_F(Hints, EveryCommandAnswersUsualMistakesWithTheNextStep) {
  for (const cli::Command& command : cli::commands()) {
    const std::string name(command.name);
    refused({name, "--no-such-option"});
    refused({name, "a", "b", "c", "d", "e", "f", "g", "-o", "xml"});
    refused({name, "-j", "0", "a/b:c", "d", "e"});
    refused({name, "--jobs"});
    cli::OptionSet own;
    const cli::Action action = command.bind(own);
    for (const cli::Option& option : own.all()) {
      if (option.positional || option.value.empty()) continue;
      refused({name, split(option.names, ',').back()});
    }
  }
}

TEST_F(Hints, WhatIsMissingIsNamedBehindWhatWasTyped) {
  EXPECT_EQ(refused({"copy", "oci:a:v1"}), "run: slipway copy oci:a:v1 DST\n");
  EXPECT_EQ(refused({"promote", "staging"}), "run: slipway promote staging TO\n");
  EXPECT_EQ(refused({"cat", "oci:a b:v1"}), "run: slipway cat 'oci:a b:v1' PATH\n");
  EXPECT_EQ(refused({"ls", "oci:a", "oci:b"}), "run: slipway ls oci:a\n");
  EXPECT_EQ(refused({"digest"}), "run: slipway digest REF\n");
  EXPECT_EQ(refused({"build", "--tag"}), "write --tag TAG\n");
}

TEST_F(Hints, NameTheWordsThatWereTyped) {
  line_.run({"build"});
  EXPECT_THAT(refused({"cat", "oci:.slipway/images:latest", "/nowhere"}),
              HasSubstr("slipway files oci:.slipway/images:latest"));
  EXPECT_THAT(refused({"inspect", "--raw", "--config", "oci:.slipway/images:latest"}),
              HasSubstr("slipway manifest oci:.slipway/images:latest"));
  EXPECT_THAT(refused({"rollback", "staging"}), HasSubstr("slipway release staging REF"));
  EXPECT_THAT(refused({"show", "staging"}), HasSubstr("slipway release staging REF"));
  EXPECT_THAT(refused({"promote", "staging", "production"}), HasSubstr("slipway release staging REF"));
  EXPECT_THAT(refused({"build", "--app", "nobody"}), HasSubstr("--app hello"));
  EXPECT_THAT(refused({"digest", "oci:.slipway/images:never"}),
              AllOf(HasSubstr("slipway ls oci:"), HasSubstr("/.slipway/images")));
  EXPECT_THAT(refused({"attach", "oci:a:v1", "hello"}), HasSubstr("slipway attach oci:a:v1 hello --artifact-type"));
  EXPECT_THAT(refused({"debug", "find", "oci:a:v1", "hello"}), HasSubstr("slipway debug fetch oci:a:v1 hello"));
  EXPECT_THAT(refused({"auth", "get", "r.example"}), HasSubstr("slipway auth which r.example"));
  EXPECT_THAT(refused({"tag", "oci:.slipway/images:latest", "oci:b:v1"}),
              HasSubstr("slipway copy oci:.slipway/images:latest oci:b:v1"));
  EXPECT_THAT(refused({"copy", "oci:a:v1", "oci:b:v1", "oci:c"}), HasSubstr("slipway copy SRC... oci:c/"));
}

TEST_F(Hints, OfWhatIsMissingOrDamagedWhereNobodyKnowsBetter) {
  line_.run({"build"});
  const std::string none = "sha256:" + std::string(64, '0');
  EXPECT_THAT(refused({"digest", "oci:.slipway/images@" + none}), HasSubstr("slipway ls oci:.slipway/images\n"));
  EXPECT_THAT(refused({"blob", "oci:.slipway/images@" + none}), HasSubstr("slipway ls oci:.slipway/images\n"));
  EXPECT_THAT(hint_in(line_.run({"apply", "missing.json"}).err), HasSubstr("check the path"));
  EXPECT_THAT(refused({"apply", "hello"}), HasSubstr("slipway promote FROM TO --plan FILE"));
  EXPECT_THAT(hint_in(line_.run({"append", "scratch", "hello", "oci:x:v1"}).err), HasSubstr("tar -tvf"));
  line_.write("slipway.yaml", "app: hello\nimage: [1]\nenvironments: {}\n");
  EXPECT_NE(hint_in(line_.run({"build"}).err), "");
}

TEST_F(Hints, NeverRepeatWhatMayBeASecret) {
  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{{"copy", "--src-creds", "me:secret"},
                                             {"copy", "oci:a:v1", "--password=secret"},
                                             {"image", "copy", "--creds", "me:secret", "a", "b"},
                                             {"login", "r.example", "-u", "me", "-p", "secret"},
                                             {"mutate", "oci:a:v1", "--env", "TOKEN=secret"}}) {
    const Outcome outcome = line_.run(words);
    EXPECT_NE(outcome.status, 0);
    EXPECT_THAT(outcome.err, Not(HasSubstr("secret"))) << words.front();
  }
}

TEST_F(Hints, CommandsOfTwoWordsAreAnsweredWithTheirArguments) {
  EXPECT_EQ(refused({"image", "copy", "a.example/b:c", "oci:x"}), "run: slipway copy a.example/b:c oci:x\n");
  EXPECT_EQ(refused({"manifest", "fetch", "a.example/b:c"}), "run: slipway manifest a.example/b:c\n");
  EXPECT_EQ(refused({"tag", "ls", "a.example/b"}), "run: slipway ls a.example/b\n");
  EXPECT_EQ(refused({"repo", "tags", "a.example/b"}), "run: slipway ls a.example/b\n");
  EXPECT_EQ(refused({"auth", "login", "a.example", "-u", "me"}), "run: slipway login a.example\n");
}

TEST(HintsOfPeers, NameCommandsAndOptionsThatExist) {
  for (const char* word :
       {"rmi", "images", "sync", "save", "discover", "generate-key-pair", "repo", "artifact", "ps", "compose"}) {
    const auto hint = cli::instead_of_command(word);
    ASSERT_TRUE(hint) << word;
    EXPECT_EQ(unknown_words(std::string(*hint)), "") << *hint;
  }
}

TEST(ShellWord, IsQuotedOnlyWhereAShellReadsItOtherwise) {
  EXPECT_EQ(cli::shell_word("oci:out:v1@sha256:00"), "oci:out:v1@sha256:00");
  EXPECT_EQ(cli::shell_word("a b"), "'a b'");
  EXPECT_EQ(cli::shell_word("it's"), "'it'\\''s'");
  EXPECT_EQ(cli::shell_word("$HOME"), "'$HOME'");
  EXPECT_EQ(cli::shell_word(""), "''");
  EXPECT_THAT(cli::shell_word("\x1b[31m"), Not(HasSubstr("\x1b")));
}

TEST(FoldedMessage, BreaksAtBlanksAndIndentsWhatFollows) {
  EXPECT_EQ(cli::folded_message("hint: one two three four", 20), "hint: one two three\n      four");
  EXPECT_EQ(cli::folded_message("warning: one two three", 18), "warning: one two\n         three");
  EXPECT_EQ(cli::folded_message("slipway: error: a b c d", 20), "slipway: error: a b\n  c d");
  EXPECT_EQ(cli::folded_message("  while reading the base of it", 20), "  while reading the\n    base of it");
  EXPECT_EQ(cli::folded_message("fits\n  and   keeps its blanks", 40), "fits\n  and   keeps its blanks");
}

TEST(FoldedMessage, KeepsACommandOnOneLineWhereItFits) {
  EXPECT_EQ(cli::folded_message("hint: name what to pack: slipway build --to oci:o", 36),
            "hint: name what to pack:\n      slipway build --to oci:o");
  EXPECT_EQ(cli::folded_message("hint: a: slipway copy A B, or b: slipway ls A", 24),
            "hint: a:\n      slipway copy A B,\n      or b: slipway ls A");
}

TEST(WorkflowText, IsEscapedAsGitHubReadsIt) {
  EXPECT_EQ(cli::workflow_text("50% of a,\r\nb: c"), "50%25 of a,%0D%0Ab: c");
  EXPECT_EQ(cli::workflow_property("a:b,c%\n"), "a%3Ab%2Cc%25%0A");
}

TEST(DisplayWidth, CountsColumnsOfTheTerminal) {
  EXPECT_EQ(cli::display_width("abc"), 3u);
  EXPECT_EQ(cli::display_width("日本"), 4u);
  EXPECT_EQ(cli::display_width("🚀"), 2u);
  EXPECT_EQ(cli::display_width("e\u0301"), 1u);
  EXPECT_EQ(cli::display_width("\u200b"), 0u);
  EXPECT_EQ(cli::display_width("\xff\xfe"), 2u) << "bytes that are not UTF-8";
  EXPECT_EQ(cli::first_columns("日本語", 5), "日本");
  EXPECT_EQ(cli::first_columns("abc", 9), "abc");
}

TEST_F(Hints, AreFoldedOnATerminalAndWholeInAFile) {
  line_.columns = 40;
  const Outcome folded = line_.run({"copy", "--src-creds", "x", "a.example/b:c", "oci:a"});
  for (const std::string& line : split(folded.err, '\n'))
    EXPECT_LE(cli::display_width(line), 60u) << line;
  EXPECT_GT(split(folded.err, '\n').size(), 5u);
  line_.columns = 0;
  EXPECT_EQ(split(line_.run({"copy", "--src-creds", "x", "a.example/b:c", "oci:a"}).err, '\n').size(), 3u);
}

}  // namespace
}  // namespace slipway::test
