#include <gtest/gtest.h>

#include <fstream>

#include "slipway/io/filters.h"
#include "slipway/io/hash.h"
#include "slipway/layer/file_tree_builder.h"
#include "slipway/layer/layer_writer.h"
#include "support/header_example.h"
#include "support/temp_dir.h"

namespace slipway {
namespace {

Result<Digest> pack(FileSystem& fs, const std::filesystem::path& folder, io::Sink& blob) {
  layer::FileTreeBuilder files(fs, {&fs, std::filesystem::temp_directory_path()});
  Diagnostics diagnostics;
  SLIPWAY_TRY(files.add(folder, "/srv", {}, diagnostics));
  SLIPWAY_ASSIGN(const layer::FileTree tree, std::move(files).finish(0));
  return layer::write_layer(fs, tree, {}, blob);
}

TEST(FileTreeBuilder, TheHeadersExampleWorks) {
  test::expect_example_is_compiled("include/slipway/layer/file_tree_builder.h", "tests/layer/pack_example_test.cpp");
  const test::TempDir dir;
  std::ofstream(dir.path() / "index.html") << "hello";
  io::NullSink nowhere;
  io::HashingSink first(nowhere), second(nowhere);
  const auto diff_id = pack(real_fs(), dir.path(), first);
  ASSERT_TRUE(diff_id) << diff_id.error().describe();
  ASSERT_TRUE(pack(real_fs(), dir.path(), second));
  EXPECT_EQ(first.digest(), second.digest());
  EXPECT_NE(first.digest(), *diff_id) << "the blob is compressed";
}

}  // namespace
}  // namespace slipway
