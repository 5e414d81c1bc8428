#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "slipway/base/fs.h"

namespace slipway::test {

/// Expects `text` to be the bytes of tests/cli/golden/NAME. With SLIPWAY_WRITE_GOLDEN=1 in the environment it writes
/// the file first: SLIPWAY_WRITE_GOLDEN=1 build/dev/tests/cli_tests --gtest_filter='Golden*', then read the diff.
inline void expect_golden_file(const std::string& path, const std::string& text) {
  const std::string file = std::string(SLIPWAY_SOURCE) + "/" + path;
  if (std::getenv("SLIPWAY_WRITE_GOLDEN") != nullptr) {
    ASSERT_TRUE(real_fs().make_directories(stdfs::path(file).parent_path()).has_value());
    ASSERT_TRUE(write_file_atomically(real_fs(), file, text).has_value());
  }
  EXPECT_EQ(read_file(real_fs(), file).value_or("<missing>"), text)
      << path << " differs. If the new text is right: SLIPWAY_WRITE_GOLDEN=1 cli_tests --gtest_filter='Golden*'";
}

inline void expect_golden(const std::string& name, const std::string& text) {
  expect_golden_file("tests/cli/golden/" + name, text);
}

}  // namespace slipway::test
