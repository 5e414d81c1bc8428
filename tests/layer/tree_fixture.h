#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "layer/entries_of.h"
#include "slipway/layer/file_tree_builder.h"
#include "support/temp_dir.h"

namespace slipway::layer {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

inline void put(const stdfs::path& file, std::string_view text = "x") {
  stdfs::create_directories(file.parent_path());
  std::ofstream(file, std::ios::binary) << text;
}

class FileTreeTest : public ::testing::Test {
 protected:
  Status add(const std::string& from, const std::string& to) {
    return builder.add(dir.path() / from, to, options, diagnostics);
  }
  /// Finishes the builder, and puts the result into `tree`.
  Status finish(std::int64_t epoch) {
    auto finished = std::move(builder).finish(epoch);
    if (!finished) return fail(finished.error());
    tree = *std::move(finished);
    return {};
  }
  std::vector<std::string> names() const {
    std::vector<std::string> out;
    for (const FileEntry& entry : entries_of(*tree))
      out.push_back(tar_name(entry));
    return out;
  }
  FileEntry entry(const std::string& path) const {
    for (const FileEntry& e : entries_of(*tree)) {
      if (e.path == path) return e;
    }
    ADD_FAILURE() << "no entry " << path;
    return {};
  }
  void expect_refused(const Status& status, const std::string& text) {
    ASSERT_FALSE(status) << "expected: " << text;
    EXPECT_EQ(status.error().code, Errc::invalid_argument);
    EXPECT_THAT(status.error().describe(), HasSubstr(text));
  }
  test::TempDir dir;
  TreeOptions options;
  Diagnostics diagnostics;
  FileTreeBuilder builder{real_fs()};
  std::optional<FileTree> tree;
};

}  // namespace slipway::layer
