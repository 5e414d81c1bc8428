#include <gtest/gtest.h>

#include "slipway/store/layout.h"
#include "support/header_example.h"
#include "support/target_conformance.h"
#include "support/temp_dir.h"

namespace slipway {
namespace {

Status add_tag(const std::filesystem::path& folder, const std::string& from, const std::string& to) {
  SLIPWAY_ASSIGN(const auto layout, store::LayoutTarget::open(folder));
  SLIPWAY_ASSIGN(const oci::Descriptor manifest, layout->resolve(from));
  return layout->tag(manifest, to);
}

TEST(Layout, TheHeadersExampleWorks) {
  test::expect_example_is_compiled("include/slipway/store/layout.h", "tests/store/layout_example_test.cpp");
  const test::TempDir dir;
  const auto layout = store::LayoutTarget::open_or_create(dir.path() / "l").value();
  const auto image = test::push_image(*layout, {"one"});
  ASSERT_TRUE(layout->tag(image.descriptor, "v1"));
  ASSERT_TRUE(add_tag(dir.path() / "l", "v1", "v2"));
  EXPECT_EQ(layout->resolve(std::string("v2"))->digest, image.descriptor.digest);
}

}  // namespace
}  // namespace slipway
