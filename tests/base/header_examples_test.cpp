#include <gtest/gtest.h>

#include <cmath>

#include "slipway/base/json_reader.h"
#include "slipway/base/shared_library.h"
#include "slipway/base/tree_folder.h"
#include "support/header_example.h"
#include "support/temp_dir.h"

namespace slipway {
namespace {

constexpr const char* kHere = "tests/base/header_examples_test.cpp";

// EX json_reader
Result<std::string> schema_of(const Json& json) {
  SLIPWAY_ASSIGN(auto reader, JsonReader::of(json, "the lock"));
  SLIPWAY_ASSIGN(std::string schema, reader.required_string("schema"));
  SLIPWAY_TRY(reader.finish());
  return schema;
}
// END

TEST(JsonReaderExample, IsCompiledAndWorks) {
  test::expect_example_is_compiled("include/slipway/base/json_reader.h", kHere);
  EXPECT_EQ(schema_of(Json().set("schema", "s").set("other", 1)).value(), "s");
  EXPECT_EQ(schema_of(Json().set("schema", "s").set("Schema", "t")).error().code, Errc::malformed);
}

// EX shared_library
struct Api {
  double (*cosine)(double) = nullptr;
};
Result<Api> load_api() {
  SLIPWAY_ASSIGN(const auto library, SharedLibrary::load("libm.so.6", "libc6"));
  Api api;
  SLIPWAY_TRY(library.bind({{"cos", api.cosine}}));
  return api;
}
// END

TEST(SharedLibraryExample, IsCompiledAndWorks) {
  test::expect_example_is_compiled("include/slipway/base/shared_library.h", kHere);
  const auto api = load_api();
  ASSERT_TRUE(api) << api.error().describe();
  EXPECT_EQ(api->cosine(0), 1);
}

// EX tree_folder
Status write_motd(FileSystem& fs, const stdfs::path& folder, std::span<const std::byte> text) {
  SLIPWAY_ASSIGN(const auto root, fs.open_tree(folder));  // fails if that is a symlink
  SLIPWAY_TRY(root->make_folder("etc"));                  // 0700 until set_mode()
  SLIPWAY_ASSIGN(const auto etc, root->open_folder("etc"));
  SLIPWAY_ASSIGN(const auto file, etc->create_file("motd"));  // 0600 until set_mode()
  SLIPWAY_TRY(file->write(text));
  SLIPWAY_TRY(file->set_mode(0644));
  SLIPWAY_TRY(file->set_mtime(0));
  SLIPWAY_TRY(etc->set_mode(0755));
  return etc->set_mtime(0);
}
// END

TEST(TreeFolderExample, IsCompiledAndWorks) {
  test::expect_example_is_compiled("include/slipway/base/tree_folder.h", kHere);
  const test::TempDir dir;
  const std::string text = "welcome";
  const Status done = write_motd(real_fs(), dir.path(), std::as_bytes(std::span(text)));
  ASSERT_TRUE(done) << done.error().describe();
  EXPECT_EQ(read_file(real_fs(), dir.path() / "etc/motd").value(), text);
  EXPECT_EQ(real_fs().stat(dir.path() / "etc")->mtime_ns, 0);
}

}  // namespace
}  // namespace slipway
