#include "builder/debug_split.h"

#include "builder/build_fixture.h"
#include "builder/churn.h"
#include "slipway/base/subprocess.h"
#include "slipway/elf/debug.h"

namespace slipway::builder {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// Programs that gcc makes, taken apart by elfutils.
class Split : public BuildTest {
 protected:
  void SetUp() override {
    BuildTest::SetUp();
    put(dir.path() / "main.c", "#include <stdio.h>\nint main(void) { return puts(\"hi\") < 0; }\n");
    stdfs::create_directories(dir.path() / "tree");
    run({"gcc", "-g", "-o", at("tree/a"), at("main.c")});
  }
  std::string at(const std::string& name) const { return (dir.path() / name).native(); }
  void run(std::vector<std::string> argv) {
    Command command;
    command.argv = std::move(argv);
    const auto ended = run_command(command);
    ASSERT_TRUE(ended) << ended.error().describe();
    ASSERT_EQ(ended->status, 0) << ended->err;
  }
  /// The files of the split layer as "PATH MODE whole|lean", hard links as "PATH = TARGET".
  std::vector<std::string> split(bool churn = false) {
    layer::FileTreeBuilder listed(real_fs());
    layer::TreeOptions how;
    how.keep_modes = true;
    EXPECT_TRUE(listed.add(at("tree"), "/", how, diagnostics));
    const layer::FileTree whole = std::move(listed).finish(0).value();
    DebugSplitter splitter(real_fs(), at("debug"), {});
    auto tree = splitter.split(whole, 0, {}, {}, diagnostics);
    EXPECT_TRUE(tree) << tree.error().describe();
    std::vector<std::string> lines;
    if (!tree) return lines;
    files = splitter.files();
    if (!churn) return (list(*tree, lines), lines);
    auto parts = split_by_churn(*tree, {}, 0, real_fs(), {});
    EXPECT_TRUE(parts);
    for (const ChurnPart& part : *parts)
      list(part.tree, lines);
    return lines;
  }
  void list(const layer::FileTree& tree, std::vector<std::string>& lines) {
    const auto reader = tree.read().value();
    for (layer::FileEntry entry; reader->next(entry).value();) {
      if (entry.type == layer::EntryType::hardlink) lines.push_back(entry.path + " = " + entry.link);
      if (entry.type != layer::EntryType::regular) continue;
      const auto file = real_fs().open(entry.source).value();
      EXPECT_EQ(entry.size, file->stat()->size) << entry.path;
      const auto debug = elf::has_debug_info(*file, "x");
      lines.push_back(fmt::format("{} {:o} {}", entry.path, entry.mode, debug.value_or(true) ? "whole" : "lean"));
    }
  }
  Diagnostics diagnostics;
  std::map<std::string, DebugFile> files;
};

TEST_F(Split, DebugInformationGoesAndNothingElse) {
  ::chmod(at("tree/a").c_str(), 04755);
  EXPECT_THAT(split(), ElementsAre("a 4755 lean"));
  ASSERT_EQ(files.size(), 1u);
  EXPECT_EQ(files.begin()->second.path, "/a");
  EXPECT_THAT(diagnostics.warnings(), IsEmpty());
}

TEST_F(Split, AppendedDataStays) {
  std::ofstream(at("tree/a"), std::ios::app | std::ios::binary) << std::string(100, 'x');
  EXPECT_THAT(split(), ElementsAre("a 755 whole"));
  ASSERT_EQ(diagnostics.warnings().size(), 1u);
  EXPECT_THAT(diagnostics.warnings()[0].message, HasSubstr("data is appended to it"));
  EXPECT_THAT(files, IsEmpty());
}

TEST_F(Split, SectionsOfTheProgramsOwnStay) {
  put(dir.path() / "note", "the program reads this from its own file");
  run({"objcopy", "--add-section", ".mine=" + at("note"), at("tree/a")});
  EXPECT_THAT(split(), ElementsAre("a 755 whole"));
  ASSERT_EQ(diagnostics.warnings().size(), 1u);
  EXPECT_THAT(diagnostics.warnings()[0].message, HasSubstr(".mine is gone"));
}

TEST_F(Split, HardLinksStayAlsoInLayersByChurn) {
  stdfs::create_hard_link(at("tree/a"), at("tree/b"));
  EXPECT_THAT(split(), ElementsAre("a 755 lean", "b = a"));
  EXPECT_THAT(split(true), ElementsAre("a 755 lean", "b = a"));
}

TEST_F(Split, EqualProgramsOfTwoModesStayTwo) {
  stdfs::create_hard_link(at("tree/a"), at("tree/b"));
  stdfs::copy_file(at("tree/a"), at("tree/c"));
  stdfs::create_hard_link(at("tree/c"), at("tree/d"));
  ::chmod(at("tree/c").c_str(), 04755);
  EXPECT_THAT(split(true), ElementsAre("a 755 lean", "b = a", "c 4755 lean", "d = c"));
}

TEST_F(Split, SeparateDebugFilesAndDamagedOnesArePackedAsTheyAre) {
  run({"objcopy", "--only-keep-debug", at("tree/a"), at("tree/a.debug")});
  const std::string bytes = read_file(real_fs(), at("tree/a")).value();
  put(dir.path() / "tree/cut", bytes.substr(0, 2000), 0755);
  EXPECT_THAT(split(), ElementsAre("a 755 lean", "a.debug 755 whole", "cut 755 whole"));
  EXPECT_THAT(diagnostics.warnings(), IsEmpty());
}

TEST_F(Split, ASecondBuildUsesWhatTheFirstOneMade) {
  split();
  const auto before = stdfs::last_write_time(files.begin()->second.file);
  split();
  EXPECT_EQ(stdfs::last_write_time(files.begin()->second.file), before);
}

}  // namespace
}  // namespace slipway::builder
