#include <gmock/gmock.h>

#include "image/layered_image.h"
#include "slipway/io/hash.h"
#include "slipway/run/pin.h"
#include "slipway/run/unpack.h"
#include "support/header_example.h"
#include "support/temp_dir.h"

namespace slipway {
namespace {

constexpr const char* kHere = "tests/run/header_examples_test.cpp";

// EX pin
std::string diff_with(const std::string& file, const Digest& digest) {
  const auto resolve = run::resolve_from([&](const oci::Location&) { return Result<Digest>(digest); });
  const auto reports = run::plan_pins(real_fs(), {file}, resolve);
  return reports.front().errors.empty() ? run::diff_of(reports.front()) : std::string();
}
// END

TEST(PinExample, IsCompiledAndWorks) {
  test::expect_example_is_compiled("include/slipway/run/pin.h", kHere);
  const test::TempDir dir;
  const stdfs::path file = dir.path() / "Dockerfile";
  ASSERT_TRUE(write_file_atomically(real_fs(), file, "FROM debian:12\n"));
  EXPECT_THAT(diff_with(file.native(), io::digest_of("x")),
              ::testing::HasSubstr("+FROM debian:12@" + io::digest_of("x").str()));
}

// EX unpack
Result<std::size_t> unpack(store::ReadTarget& from, const oci::Descriptor& manifest, const stdfs::path& to) {
  SLIPWAY_ASSIGN(const image::Image image, image::load_manifest(from, manifest));
  SLIPWAY_ASSIGN(const image::FileList files, image::merge_files(from, image));
  SLIPWAY_ASSIGN(const auto done, run::unpack_image(real_fs(), from, image, files, to, {.keep_owners = false}));
  return done.paths;
}
// END

TEST(UnpackExample, IsCompiledAndWorks) {
  test::expect_example_is_compiled("include/slipway/run/unpack.h", kHere);
  const test::TempDir dir;
  image::LayeredImages images;
  const image::Image image = images.make({{image::folder("d"), image::file("d/f", "hello")}});
  const auto paths = unpack(images.store, image.descriptor, dir.path() / "root");
  ASSERT_TRUE(paths) << paths.error().describe();
  EXPECT_EQ(*paths, 2U);
  EXPECT_EQ(read_file(real_fs(), dir.path() / "root/d/f").value(), "hello");
}

}  // namespace
}  // namespace slipway
