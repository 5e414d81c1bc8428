#include "builder/build_fixture.h"
#include "slipway/builder/derive.h"
#include "slipway/copy/copy.h"
#include "support/header_example.h"

namespace slipway {
namespace {

// EX build
Result<std::string> publish(const builder::Recipe& recipe, store::Opener& opener, const stdfs::path& folder) {
  const builder::BuildServices services{real_fs(), opener};
  builder::BuildRequest request;
  request.state_folder = folder / ".slipway";
  request.destinations = {{oci::Location::layout((folder / "out").native()), {"v1"}}};
  SLIPWAY_ASSIGN(const auto built, builder::build_image(recipe, request, services));
  return built.locations.front().str();
}
// END

using BuildExample = builder::BuildTest;

TEST_F(BuildExample, IsCompiledAndWorks) {
  test::expect_example_is_compiled("include/slipway/builder/build.h", "tests/builder/header_examples_test.cpp");
  const auto location = publish(flags(), book, dir.path());
  ASSERT_TRUE(location) << location.error().describe();
  EXPECT_THAT(*location, ::testing::StartsWith("oci:" + out().native() + ":v1@sha256:"));
}

// EX derive
Status copy_changed(store::ReadTarget& source, const oci::Descriptor& root, const builder::ConfigChange& change,
                    store::Target& destination) {
  const builder::ChangeImage edit = [&](auto&, auto& draft) { return builder::apply_change(change, draft); };
  SLIPWAY_ASSIGN(const auto derived, builder::derive(source, root, change.annotations, edit));
  return copy::copy_tagged({derived.documents.get(), &source}, derived.root, destination, {"v2"}, {});
}
// END

TEST_F(BuildExample, AnImageOfAnotherIsCompiledAndWorks) {
  test::expect_example_is_compiled("include/slipway/builder/derive.h", "tests/builder/header_examples_test.cpp");
  to_layout();
  const auto built = must_build(flags());
  const auto source = store::LayoutTarget::open(out()).value();
  store::MemoryTarget destination;
  builder::ConfigChange change;
  change.annotations = {{"com.example.note", "changed"}};
  const Status done = copy_changed(*source, built.root, change, destination);
  ASSERT_TRUE(done) << done.error().describe();
  EXPECT_NE(destination.resolve(std::string("v2"))->digest, built.root.digest);
}

}  // namespace
}  // namespace slipway
