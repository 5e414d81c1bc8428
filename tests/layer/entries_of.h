#pragma once

#include <gtest/gtest.h>

#include "slipway/layer/file_tree.h"

namespace slipway::layer {

/// All entries of a finished tree.
inline std::vector<FileEntry> entries_of(const FileTree& tree) {
  std::vector<FileEntry> entries;
  const auto reader = tree.read();
  EXPECT_TRUE(reader) << reader.error().describe();
  for (FileEntry entry; reader;) {
    const auto more = (*reader)->next(entry);
    EXPECT_TRUE(more) << more.error().describe();
    if (!more || !*more) break;
    entries.push_back(entry);
  }
  EXPECT_EQ(entries.size(), tree.size());
  return entries;
}

}  // namespace slipway::layer
