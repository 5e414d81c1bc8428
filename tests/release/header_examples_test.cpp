#include "release/world.h"
#include "support/header_example.h"

namespace slipway {
namespace {

constexpr const char* kHere = "tests/release/header_examples_test.cpp";

// EX ledger
Result<std::string> image_of(store::Opener& opener, const oci::Location& place) {
  release::Ledger ledger(opener, place);
  SLIPWAY_ASSIGN(const auto head, ledger.head("hello", "production"));
  if (!head) return fail(Errc::not_found, "nothing was released to production");
  return head->entry.image.digest.str();
}
// END

// EX plan
Result<bool> survives(const release::Plan& plan) {
  SLIPWAY_ASSIGN(const std::string text, plan.canonical());
  SLIPWAY_ASSIGN(const release::Plan same, release::Plan::parse(text));
  return same == plan;
}
// END

// EX planning
Result<release::Recorded> promote(const release::Project& project, const release::ReleaseServices& services) {
  SLIPWAY_ASSIGN(const release::Environment* const from, project.require("staging"));
  SLIPWAY_ASSIGN(const release::Environment* const to, project.require("production"));
  release::Ledger ledger = services.ledger(project.ledger);
  SLIPWAY_ASSIGN(const auto planned, release::plan_promote({project, *to}, *from, ledger, services));
  return release::apply(planned, ledger, services);
}
// END

TEST(ReleaseExamples, AreCompiledAndWork) {
  test::expect_example_is_compiled("include/slipway/release/ledger.h", kHere);
  test::expect_example_is_compiled("include/slipway/release/plan.h", kHere);
  test::expect_example_is_compiled("include/slipway/release/planning.h", kHere);
  release::Shop shop(release::kRegistryYaml);
  EXPECT_EQ(image_of(shop.world, shop.project.ledger).error().code, Errc::not_found);
  const auto target = shop.open(*shop.project.image_repository);
  const oci::Descriptor image = release::put_image(*target, "one");
  release::Ledger ledger = shop.ledger();
  const auto planned =
      release::plan_release({shop.project, shop.environment("staging")},
                            shop.project.image_repository->with_digest(image.digest), ledger, shop.services);
  ASSERT_TRUE(planned) << planned.error().describe();
  EXPECT_TRUE(survives(planned->plan).value());
  ASSERT_TRUE(release::apply(*planned, ledger, shop.services));
  const auto promoted = promote(shop.project, shop.services);
  ASSERT_TRUE(promoted) << promoted.error().describe();
  EXPECT_EQ(image_of(shop.world, shop.project.ledger).value(), image.digest.str());
}

}  // namespace
}  // namespace slipway
