#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "copy/counting_observer.h"
#include "copy/watched_target.h"
#include "slipway/copy/copy.h"
#include "support/target_conformance.h"

namespace slipway::copy {
namespace {

using test::Blob;
using test::Counting;
using test::make_blob;
using test::make_index;
using test::MountingTarget;
using test::push_image;
using test::WatchedTarget;
using testing::ElementsAre;
using testing::HasSubstr;

std::string text(const Blob& blob) { return blob.descriptor.digest.str(); }

TEST(Copy, SmallBlobsAreAskedForOnceALargeOneWasThere) {
  WatchedTarget from, to;
  to.traits_now.asks_cost_a_request = true;
  const std::string large((4 << 20) + 1, 'l');
  const Blob image = push_image(from, {"before", large, "after"});
  for (const std::string& layer : {std::string("before"), large, std::string("after")})
    ASSERT_TRUE(test::push(to, make_blob(layer)).has_value());
  to.forget_calls();
  Counting seen;
  ASSERT_TRUE(copy_graph({&from}, image.descriptor, to, {.lanes = 1, .observer = &seen}).has_value());
  EXPECT_THAT(to.calls("exists"), testing::Contains(text(make_blob("after"))));
  EXPECT_THAT(to.calls("exists"), testing::Not(testing::Contains(text(make_blob("before")))));
  EXPECT_THAT(to.calls("push"), testing::Not(testing::Contains(text(make_blob("after")))));
  EXPECT_EQ(seen.skips, 2);
}

TEST(Copy, TheObserverIsToldOfEveryPart) {
  WatchedTarget from, to;
  const Blob image = push_image(from, {"one", "two"});
  const Blob root = make_index({image});
  ASSERT_TRUE(test::push(from, root).has_value());
  Counting seen;
  ASSERT_TRUE(copy_tagged({&from}, root.descriptor, to, {"v1"}, {.observer = &seen}).has_value());
  EXPECT_EQ(seen.starts, 5) << "two layers, a config, a manifest and the index";
  EXPECT_EQ(seen.copies, 5);
  EXPECT_EQ(seen.wholes, 3) << "the blobs";
  EXPECT_EQ(seen.skips + seen.mounts, 0);
}

TEST(Copy, WhereQuestionsAreFreeEveryImageOfAnIndexIsAskedFor) {
  for (const bool free : {true, false}) {
    WatchedTarget from, to;
    to.traits_now.asks_cost_a_request = !free;
    const Blob missing = push_image(from, {"one"}), there = push_image(from, {"two"});
    const Blob root = make_index({missing, there});
    ASSERT_TRUE(test::push(from, root).has_value());
    push_image(to, {"two"});
    from.forget_calls();
    to.forget_calls();
    ASSERT_TRUE(copy_graph({&from}, root.descriptor, to, {.lanes = 1}).has_value());
    EXPECT_THAT(to.calls("exists"), testing::Contains(text(there)).Times(free ? 1 : 0));
    EXPECT_THAT(from.calls("fetch"), testing::Contains(text(there)).Times(free ? 0 : 1));
  }
}

/// A source whose bytes break off.
struct BreakingSource final : WatchedTarget {
  struct Broken final : io::Source {
    Result<std::size_t> read(std::span<std::byte>) override { return fail(Errc::network, "the line is cut"); }
  };
  Result<std::unique_ptr<io::Source>> fetch(const oci::Descriptor& d) override {
    if (d.digest == breaks) return std::unique_ptr<io::Source>(std::make_unique<Broken>());
    return WatchedTarget::fetch(d);
  }
  std::optional<Digest> breaks;
};

TEST(Copy, BytesThatBreakOffAreTheSourcesFault) {
  BreakingSource from;
  const Blob image = push_image(from, {"one"});
  for (const Blob& broken : {image, make_blob("one")}) {
    from.breaks = broken.descriptor.digest;
    WatchedTarget to;
    const Status copied = copy_graph({&from}, image.descriptor, to, {.lanes = 1});
    ASSERT_FALSE(copied.has_value());
    EXPECT_EQ(copied.error().side, Side::source);
    EXPECT_EQ(copied.error().message, "the line is cut");
    EXPECT_THAT(copied.error().describe(), HasSubstr(text(broken)));
  }
}

TEST(Copy, AnInterruptionNamesNoBlob) {
  WatchedTarget from, to;
  const Blob image = push_image(from, {"one"});
  to.fault = [](const std::string& verb, const std::string&) -> Status {
    return verb == "push" ? Status(fail(Errc::cancelled, "interrupted")) : Status();
  };
  const Status copied = copy_graph({&from}, image.descriptor, to, {.lanes = 1});
  ASSERT_FALSE(copied.has_value());
  EXPECT_EQ(copied.error().describe(), "interrupted");
}

TEST(Copy, WhatIsInTheRepositoryOfTheSourceIsThere) {
  MountingTarget place("r.example", "team/a");
  const Blob image = push_image(place, {"one"});
  for (const auto& [registry, repository, there] : std::vector<std::tuple<const char*, const char*, bool>>{
           {"r.example", "team/a", true}, {"r.example", "team/b", false}, {"other.example", "team/a", false}}) {
    MountingTarget to(registry, repository);
    push_image(to, {"one"});
    to.forget_calls();
    ASSERT_TRUE(copy_tagged({&place}, image.descriptor, to, {"v1"}, {}).has_value());
    EXPECT_EQ(to.calls("exists").empty(), there) << to.name();
    EXPECT_EQ(to.resolve(std::string("v1"))->digest, image.descriptor.digest);
  }
}

TEST(Copy, TheTagOfAnImageThatIsThereIsAPutOfWhatTheSourceHas) {
  MountingTarget from("other.example", "team/a");
  MountingTarget to("r.example", "team/a");
  const Blob image = push_image(from, {"one"});
  push_image(to, {"one"});
  to.forget_calls();
  ASSERT_TRUE(copy_tagged({&from}, image.descriptor, to, {"v1", "v2"}, {}).has_value());
  EXPECT_THAT(to.calls(), ElementsAre("exists " + text(image), "push " + text(image), "tag v1", "tag v2"));
  // A source that lost it in the meantime: the destination has it.
  WatchedTarget without;
  to.forget_calls();
  ASSERT_TRUE(copy_tagged({&without}, image.descriptor, to, {"v3"}, {}).has_value());
  EXPECT_THAT(to.calls(), ElementsAre("exists " + text(image), "tag v3"));
}

TEST(Copy, ARepositoryIsNotMountedFromItselfBesideAnother) {
  MountingTarget same("r.example", "team/b");
  MountingTarget from("r.example", "team/a");
  MountingTarget to("r.example", "team/b");
  to.neighbours["team/a"] = &from;
  const Blob image = push_image(from, {"one"});
  ASSERT_TRUE(copy_graph({&same, &from}, image.descriptor, to, {}).has_value());
  EXPECT_EQ(to.calls("mount").size(), 2u) << "each blob from the other repository";
}

}  // namespace
}  // namespace slipway::copy
