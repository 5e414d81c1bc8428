// The start of a chain when an image was there first, and who writes the next number.
#include "release/world.h"

namespace slipway::release {
namespace {

using ::testing::HasSubstr;

class Beginnings : public ::testing::TestWithParam<const char*> {
 protected:
  oci::Location build(const std::string& content) {
    const auto target = shop.open(*shop.project.image_repository);
    const oci::Descriptor image = put_image(*target, content);
    EXPECT_TRUE(target->keep_untagged(image));
    return shop.project.image_repository->with_digest(image.digest);
  }

  Shop shop{GetParam()};
};

INSTANTIATE_TEST_SUITE_P(Places, Beginnings, ::testing::Values(kLayoutYaml, kRegistryYaml),
                         [](const auto& place) { return place.index == 0 ? "layouts" : "registries"; });

TEST_P(Beginnings, WhatRunsAlreadyIsAdopted) {
  const auto target = shop.target("staging");
  EXPECT_EQ(shop.release("staging", std::nullopt, {.adopt = true}).error().code, Errc::not_found);
  const auto foreign = put_image(*target, "foreign");
  ASSERT_TRUE(target->tag(foreign, "staging"));
  EXPECT_EQ(shop.release("staging", build("one"), {.adopt = true}).error().code, Errc::conflict) << "that is not there";
  const auto adopted = shop.release("staging", std::nullopt, {.reason = "was here before", .adopt = true});
  ASSERT_TRUE(adopted) << adopted.error().describe();
  EXPECT_EQ(adopted->entry.kind, Kind::adopt);
  EXPECT_EQ(adopted->entry.image.digest, foreign.digest);
  EXPECT_EQ(shop.tag("staging"), foreign.digest);
  // Moved by hand once more: that is adopted only when somebody says so.
  const auto other = put_image(*target, "other");
  ASSERT_TRUE(target->tag(other, "staging"));
  EXPECT_EQ(shop.release("staging", build("two")).error().code, Errc::conflict);
  EXPECT_EQ(shop.release("staging", std::nullopt, {.adopt = true})->entry.number, 2);
  EXPECT_TRUE(shop.release("staging", build("two")));
}

TEST_P(Beginnings, ALostLedgerBeginsAnewBehindItsOldNumbers) {
  ASSERT_TRUE(shop.release("staging", build("one")));
  const auto last = shop.release("staging", build("two")).value();
  std::string yaml = GetParam();
  shop.configure(yaml + (yaml.find("reg.example") == std::string::npos ? "ledger: {repository: \"oci:./new\"}\n"
                                                                       : "ledger: {repository: reg.example/new}\n"));
  EXPECT_THAT(shop.release("staging", build("two")).error().describe(), HasSubstr("--adopt"));
  const auto adopted = shop.release("staging", std::nullopt, {.adopt = true});
  ASSERT_TRUE(adopted) << adopted.error().describe();
  EXPECT_EQ(adopted->entry.number, last.entry.number + 1);
  EXPECT_EQ(shop.tag("staging"), last.entry.image.digest);
  EXPECT_EQ(shop.release("staging", build("three"))->entry.number, last.entry.number + 2);
  EXPECT_EQ(shop.chain("staging").entries.size(), 2u);
}

TEST_P(Beginnings, WithImmutableTagsTheNumberIsClaimedFirst) {
  std::string yaml = GetParam();
  const bool registry = yaml.find("reg.example") != std::string::npos;
  shop.configure(yaml + fmt::format("ledger: {{repository: {}, immutable-tags: true}}\n",
                                    registry ? "reg.example/claims" : "\"oci:./claims\""));
  const auto first = shop.release("staging", build("one")).value();
  const auto ledger = shop.open(shop.project.ledger);
  const auto claimed = ledger->resolve("hello.staging.v1");
  ASSERT_TRUE(claimed);
  EXPECT_EQ(claimed->digest, ledger->resolve("hello.staging.v1." + first.id.short_hex())->digest);
  // Somebody else claims v2 and dies: that is the commit, and the next run finishes it.
  const auto plan = shop.plan_release("staging", build("two")).value();
  EXPECT_TRUE(plan.plan.claims);
  EXPECT_TRUE(Plan::parse(plan.plan.canonical().value())->claims);
  const auto rival = shop.plan_release("staging", build("three")).value();
  ASSERT_TRUE(shop.apply(plan));
  EXPECT_EQ(shop.apply(rival).error().code, Errc::conflict);
  EXPECT_EQ(shop.chain("staging").head()->entry.number, 2);
  Entry third = shop.chain("staging").head()->entry;
  third.prev = shop.chain("staging").head()->id;
  third.number = 3;
  ASSERT_TRUE(shop.ledger().claim(third));
  EXPECT_EQ(shop.chain("staging").head()->entry.number, 3);
  ASSERT_TRUE(shop.release("staging", build("four")));
  EXPECT_TRUE(ledger->resolve("hello.staging.v3." + shop.chain("staging").number(3)->id.short_hex()));
  EXPECT_EQ(shop.chain("staging").head()->entry.number, 4);
}

}  // namespace
}  // namespace slipway::release
