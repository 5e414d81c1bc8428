#include "slipway/copy/copy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "copy/counting_observer.h"
#include "copy/watched_target.h"
#include "slipway/oci/media_type.h"
#include "support/header_example.h"
#include "support/target_conformance.h"
#include "support/wrapped_target.h"

/// The example of copy.h.
namespace slipway {
namespace {

Status carry(store::ReadTarget& from, const oci::Descriptor& root, store::Target& to, std::stop_token stop) {
  copy::CopyOptions options;
  options.lanes = 8;
  options.stop = std::move(stop);
  return copy::copy_tagged({&from}, root, to, {"v1", "latest"}, options);
}

}  // namespace
}  // namespace slipway

namespace slipway::copy {
namespace {

using test::Blob;
using test::Counting;
using test::make_blob;
using test::make_index;
using test::make_manifest;
using test::MountingTarget;
using test::push_image;
using test::WatchedTarget;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

std::string text(const Blob& blob) { return blob.descriptor.digest.str(); }
std::string empty_config() { return oci::empty_descriptor().digest.str(); }

TEST(Copy, ChildrenComeFirstAndTheTagLast) {
  WatchedTarget from;
  WatchedTarget to;
  const Blob one = push_image(from, {"one", "shared"});
  const Blob two = push_image(from, {"two", "shared"});
  const Blob inner = make_index({one, two});
  const Blob root = make_index({inner, one});
  ASSERT_TRUE(test::push(from, inner).has_value());
  ASSERT_TRUE(test::push(from, root).has_value());
  const Status copied = copy_tagged({&from}, root.descriptor, to, {"v1", "latest"}, {.lanes = 1});
  ASSERT_TRUE(copied.has_value()) << copied.error().describe();
  std::vector<std::string> calls = to.calls("push");
  ASSERT_EQ(calls.size(), 8u);
  EXPECT_THAT(
      std::vector(calls.begin(), calls.begin() + 4),
      UnorderedElementsAre(text(make_blob("one")), text(make_blob("two")), text(make_blob("shared")), empty_config()));
  EXPECT_THAT(std::vector(calls.begin() + 4, calls.end()), ElementsAre(text(one), text(two), text(inner), text(root)));
  calls = to.calls();
  EXPECT_EQ(calls[calls.size() - 2], "tag v1");
  EXPECT_EQ(calls.back(), "tag latest");
  EXPECT_EQ(to.resolve(std::string("latest"))->digest, root.descriptor.digest);
}

TEST(Copy, TheHeadersExampleWorks) {
  test::expect_example_is_compiled("include/slipway/copy/copy.h", "tests/copy/copy_test.cpp");
  WatchedTarget from, to;
  const Blob image = push_image(from, {"one"});
  ASSERT_TRUE(carry(from, image.descriptor, to, {}));
  EXPECT_EQ(to.resolve(std::string("latest"))->digest, image.descriptor.digest);
  EXPECT_EQ(to.calls().back(), "tag latest");
}

TEST(Copy, AnImageThatIsThereCostsOneQuestionAndTheTag) {
  WatchedTarget from;
  WatchedTarget to;
  const Blob image = push_image(from, {"one"});
  ASSERT_TRUE(copy_tagged({&from}, image.descriptor, to, {"v1"}, {}).has_value());
  from.forget_calls();
  to.forget_calls();
  Counting seen;
  ASSERT_TRUE(copy_tagged({&from}, image.descriptor, to, {"v2"}, {.observer = &seen}).has_value());
  EXPECT_THAT(from.calls(), IsEmpty());
  EXPECT_THAT(to.calls(), ElementsAre("exists " + text(image), "tag v2"));
  EXPECT_EQ(seen.skips, 1);
}

TEST(Copy, OneDigestIsSentOnceHoweverOftenItIsListed) {
  WatchedTarget from;
  WatchedTarget to;
  const Blob image = push_image(from, {"same", "same", "same", "{}"});
  ASSERT_TRUE(copy_graph({&from}, image.descriptor, to, {.lanes = 4}).has_value());
  EXPECT_EQ(to.calls("push").size(), 3u);
  EXPECT_FALSE(to.collided());
}

TEST(Copy, TheFirstSourceThatHasItGivesIt) {
  WatchedTarget first("first");
  WatchedTarget second("second");
  WatchedTarget to;
  const Blob image = push_image(second, {"one", "two"});
  ASSERT_TRUE(test::push(first, make_blob("one")).has_value());
  first.forget_calls();
  second.forget_calls();
  ASSERT_TRUE(copy_graph({&first, &second}, image.descriptor, to, {.lanes = 1}).has_value());
  EXPECT_THAT(second.calls("fetch"), UnorderedElementsAre(text(image), text(make_blob("two")), empty_config()));
}

TEST(Copy, WhatNoSourceHasIsTheSourcesFault) {
  WatchedTarget from("the-source");
  WatchedTarget to("the-destination");
  const Blob image = push_image(from, {"one", "two"});
  from.fault = [&](const std::string& verb, const std::string& object) -> Status {
    if (verb == "fetch" && object == text(make_blob("two"))) return fail(Errc::not_found, "gone");
    return {};
  };
  const Status copied = copy_tagged({&from}, image.descriptor, to, {"v1"}, {});
  ASSERT_FALSE(copied.has_value());
  EXPECT_EQ(copied.error().code, Errc::not_found);
  EXPECT_EQ(copied.error().side, Side::source);
  EXPECT_THAT(copied.error().describe(), HasSubstr("while copying blob " + text(make_blob("two"))));
  EXPECT_EQ(to.resolve(std::string("v1")).error().code, Errc::not_found);
  EXPECT_FALSE(to.content().exists(image.descriptor).value());

  const Status without = copy_graph({}, image.descriptor, to, {});
  ASSERT_FALSE(without.has_value());
  EXPECT_EQ(without.error().code, Errc::not_found);
}

TEST(Copy, AFailureOfTheDestinationIsNotBlamedOnASourceThatHasNoSuchBlob) {
  WatchedTarget without("without");
  WatchedTarget from("from");
  WatchedTarget to("the-destination");
  const Blob image = push_image(from, {"one"});
  to.fault = [](const std::string& verb, const std::string&) -> Status {
    if (verb == "push") return fail(Errc::network, "the line is cut");
    return {};
  };
  const Status copied = copy_tagged({&without, &from}, image.descriptor, to, {"v1"}, {});
  ASSERT_FALSE(copied.has_value());
  EXPECT_EQ(copied.error().code, Errc::network);
  EXPECT_EQ(copied.error().side, Side::destination);
}

TEST(Copy, AFailureOfTheDestinationSaysSo) {
  WatchedTarget from;
  WatchedTarget to("the-destination");
  const Blob image = push_image(from, {"one"});
  for (const std::string verb : {"exists", "push", "tag"}) {
    to.fault = [&](const std::string& asked, const std::string&) -> Status {
      if (asked == verb) return fail(Errc::forbidden, "no");
      return {};
    };
    const Status copied = copy_tagged({&from}, image.descriptor, to, {"v1"}, {});
    ASSERT_FALSE(copied.has_value()) << verb;
    EXPECT_EQ(copied.error().code, Errc::forbidden);
    EXPECT_EQ(copied.error().side, Side::destination) << verb;
  }
}

TEST(Copy, MountsWithinOneRegistryMoveNoBytes) {
  MountingTarget from("r.example", "team/a");
  MountingTarget to("r.example", "team/b");
  to.neighbours["team/a"] = &from;
  const Blob image = push_image(from, {"one", "two"});
  from.forget_calls();
  Counting seen;
  ASSERT_TRUE(copy_tagged({&from}, image.descriptor, to, {"v1"}, {.observer = &seen}).has_value());
  EXPECT_THAT(from.calls(), ElementsAre("fetch " + text(image)));
  EXPECT_THAT(to.calls("push"), ElementsAre(text(image)));
  EXPECT_EQ(seen.mounts, 3);
}

TEST(Copy, WhatCannotBeMountedIsSent) {
  MountingTarget from("r.example", "team/a");
  MountingTarget refusing("r.example", "team/b");
  MountingTarget elsewhere("other.example", "team/c");
  elsewhere.neighbours["team/a"] = &from;  // a repository of that name there, too
  const Blob image = push_image(from, {"one"});
  ASSERT_TRUE(copy_graph({&from}, image.descriptor, refusing, {}).has_value());
  EXPECT_EQ(refusing.calls("mount").size(), 2u);
  EXPECT_EQ(refusing.calls("push").size(), 3u);
  ASSERT_TRUE(copy_graph({&from}, image.descriptor, elsewhere, {}).has_value());
  EXPECT_THAT(elsewhere.calls("mount"), IsEmpty());
  EXPECT_EQ(elsewhere.calls("push").size(), 3u);
}

TEST(Copy, ARepositoryIsNotMountedFromItself) {
  MountingTarget from("r.example", "team/a");
  MountingTarget to("r.example", "team/a");
  const Blob image = push_image(from, {"one"});
  ASSERT_TRUE(copy_graph({&from}, image.descriptor, to, {}).has_value());
  EXPECT_THAT(to.calls("mount"), IsEmpty());
}

TEST(Copy, WrappedTargetsAreMountedFromAndTo) {
  MountingTarget from("r.example", "team/a");
  MountingTarget to("r.example", "team/b");
  to.neighbours["team/a"] = &from;
  const Blob image = push_image(from, {"one"});
  test::WrappedTarget wrapped_from(&from);
  test::WrappedTarget wrapped_to(&to);
  ASSERT_TRUE(copy_graph({&wrapped_from}, image.descriptor, wrapped_to, {}).has_value());
  EXPECT_EQ(to.calls("mount").size(), 2u);
  EXPECT_THAT(to.calls("push"), ElementsAre(text(image)));
}

/// A destination that has the config of an image, and was seen to refuse incomplete manifests.
struct Trial : testing::Test {
  Trial() { to.traits_now = {.asks_cost_a_request = true, .refuses_incomplete = true}; }
  WatchedTarget from, to;
  const Blob layer = make_blob(std::string(5 << 20, 'l'));  // large enough to be asked for
  const Blob other = make_blob(std::string(5 << 20, 'o'));
};

TEST_F(Trial, WhereOneBlobIsThereTheManifestAsksForTheRest) {
  const Blob image = push_image(from, {layer.bytes, other.bytes, "small"});
  ASSERT_TRUE(push_image(to, {layer.bytes, other.bytes, "small"}).descriptor == image.descriptor);
  WatchedTarget lost_manifest;
  for (const Blob& blob : {layer, other, make_blob("small"), make_blob("{}")})
    ASSERT_TRUE(test::push(lost_manifest, blob).has_value());
  lost_manifest.traits_now = to.traits_now;
  lost_manifest.forget_calls();
  ASSERT_TRUE(copy_graph({&from}, image.descriptor, lost_manifest, {.lanes = 1}).has_value());
  EXPECT_THAT(lost_manifest.calls("exists"), testing::SizeIs(2)) << "the image and the first large layer";
  EXPECT_THAT(lost_manifest.calls("push"), testing::Each(text(image)));
}

TEST_F(Trial, ARefusedManifestProvesNothingAndIsNotTriedTwice) {
  const Blob image = push_image(from, {layer.bytes, other.bytes});
  ASSERT_TRUE(test::push(to, layer).has_value());
  ASSERT_TRUE(test::push(to, make_blob("{}")).has_value());
  to.forget_calls();
  ASSERT_TRUE(copy_graph({&from}, image.descriptor, to, {.lanes = 1}).has_value());
  EXPECT_THAT(to.calls("push"), testing::Contains(text(other)).Times(1));
  EXPECT_THAT(to.calls("push"), testing::Contains(text(image)).Times(2)) << "tried once, then pushed";
}

TEST_F(Trial, AReferrerIsNotPushedBeforeItsBlobs) {
  const Blob subject = push_image(from, {"subject"});
  const Blob referrer = make_manifest({layer, other}, subject.descriptor);
  for (const Blob& blob : {layer, other, referrer})
    ASSERT_TRUE(test::push(from, blob).has_value());
  ASSERT_TRUE(test::push(to, layer).has_value());
  to.forget_calls();
  ASSERT_TRUE(copy_graph({&from}, referrer.descriptor, to, {.lanes = 1}).has_value());
  EXPECT_EQ(to.calls("push").back(), text(referrer));
  EXPECT_THAT(to.calls("push"), testing::Contains(text(referrer)).Times(1));
}

TEST_F(Trial, AnIndexIsNotTried) {
  const Blob image = push_image(from, {other.bytes});
  const Blob root = make_index({image, layer});
  for (const Blob& blob : {layer, root})
    ASSERT_TRUE(test::push(from, blob).has_value());
  ASSERT_TRUE(test::push(to, layer).has_value());
  to.forget_calls();
  ASSERT_TRUE(copy_graph({&from}, root.descriptor, to, {.lanes = 1}).has_value());
  EXPECT_THAT(to.calls("push"), testing::Contains(text(root)).Times(1));
}

TEST_F(Trial, NothingIsTriedWhereIncompleteManifestsAreTaken) {
  to.traits_now.refuses_incomplete = false;
  const Blob image = push_image(from, {layer.bytes, other.bytes});
  ASSERT_TRUE(test::push(to, layer).has_value());
  to.forget_calls();
  ASSERT_TRUE(copy_graph({&from}, image.descriptor, to, {.lanes = 1}).has_value());
  EXPECT_THAT(to.calls("push"), testing::Contains(text(image)).Times(1));
}

TEST_F(Trial, OtherLanesGoOnWhileAManifestIsOnItsWay) {
  // Two images under one index; the trial of the first hangs until a blob of the second has arrived.
  const Blob one = push_image(from, {layer.bytes});
  const Blob two = push_image(from, {other.bytes});
  const Blob root = make_index({one, two});
  ASSERT_TRUE(test::push(from, root).has_value());
  ASSERT_TRUE(test::push(to, layer).has_value());
  to.forget_calls();
  std::atomic<bool> other_arrived = false;
  to.unlocked = [&](const std::string& verb, const std::string& object) {
    if (verb == "pushed" && object == text(other)) other_arrived = true;
    if (verb != "push" || object != text(one)) return;
    for (int i = 0; i < 1'000 && !other_arrived; ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    EXPECT_TRUE(other_arrived) << "the other lane waited for the trial";
  };
  ASSERT_TRUE(copy_graph({&from}, root.descriptor, to, {.lanes = 3}).has_value());
}

TEST(Copy, AnErrorOfTheFirstSourceIsNotPassedOverForTheSecond) {
  for (const bool manifest : {true, false}) {
    WatchedTarget first("first");
    WatchedTarget second("second");
    WatchedTarget to;
    const Blob image = push_image(first, {"one"});
    push_image(second, {"one"});
    const std::string broken = manifest ? text(image) : text(make_blob("one"));
    first.fault = [&](const std::string& verb, const std::string& object) -> Status {
      if (verb == "fetch" && object == broken) return fail(Errc::verification_failed, "damaged");
      return {};
    };
    second.forget_calls();
    const Status copied = copy_graph({&first, &second}, image.descriptor, to, {.lanes = 1});
    ASSERT_FALSE(copied.has_value());
    EXPECT_EQ(copied.error().code, Errc::verification_failed) << (manifest ? "manifest" : "blob");
    EXPECT_EQ(copied.error().side, Side::source);
    EXPECT_THAT(second.calls("fetch"), testing::Not(testing::Contains(broken)));
  }
}

TEST(Copy, ADestinationThatSaysItHasWhatItLacksGetsEverythingOnceMore) {
  WatchedTarget from;
  const Blob one = push_image(from, {"one"});
  const Blob two = push_image(from, {"two"});
  const Blob root = make_index({one, two});
  ASSERT_TRUE(test::push(from, root).has_value());
  for (const Blob& lost : {make_blob("one"), one}) {
    WatchedTarget to;
    to.lies_about = {lost.descriptor.digest};
    const Status copied = copy_tagged({&from}, root.descriptor, to, {"v1"}, {});
    ASSERT_TRUE(copied.has_value()) << copied.error().describe();
    EXPECT_EQ(test::read(to, lost.descriptor).value(), lost.bytes);
  }
}

TEST(Copy, ADestinationThatKeepsRefusingIsNotAskedForever) {
  WatchedTarget from;
  WatchedTarget to;
  const Blob image = push_image(from, {"one"});
  to.fault = [&](const std::string& verb, const std::string& object) -> Status {
    if (verb == "push" && object == text(image)) return fail(Errc::not_found, "a blob is unknown");
    return {};
  };
  const Status copied = copy_graph({&from}, image.descriptor, to, {});
  ASSERT_FALSE(copied.has_value());
  EXPECT_EQ(copied.error().code, Errc::not_found);
  const std::vector<std::string> pushes = to.calls("push");
  EXPECT_EQ(std::count(pushes.begin(), pushes.end(), text(image)), 2);
}

TEST(Copy, ForeignLayersMayBeAbsentFromTheSource) {
  const Blob foreign = [] {
    Blob blob = make_blob("windows base", "application/vnd.oci.image.layer.nondistributable.v1.tar");
    blob.descriptor.urls = {"https://example.com/base"};
    return blob;
  }();
  const Blob image = make_manifest({foreign});
  WatchedTarget from;
  ASSERT_TRUE(test::push(from, make_blob("{}", std::string(oci::kEmptyType))).has_value());
  ASSERT_TRUE(test::push(from, image).has_value());
  WatchedTarget to;
  ASSERT_TRUE(copy_tagged({&from}, image.descriptor, to, {"v1"}, {}).has_value());
  EXPECT_FALSE(to.content().exists(foreign.descriptor).value());

  WatchedTarget complete;
  ASSERT_TRUE(test::push(from, foreign).has_value());
  ASSERT_TRUE(copy_tagged({&from}, image.descriptor, complete, {"v1"}, {}).has_value());
  EXPECT_TRUE(complete.content().exists(foreign.descriptor).value()) << "a source that has it gives it";

  WatchedTarget unlucky;
  from.fault = [&](const std::string& verb, const std::string& object) -> Status {
    if (verb == "fetch" && object == text(foreign)) return fail(Errc::network, "unreachable");
    return {};
  };
  EXPECT_EQ(copy_graph({&from}, image.descriptor, unlucky, {}).error().code, Errc::network);
}

TEST(Copy, UploadsCanStartAgain) {
  WatchedTarget from;
  WatchedTarget to;
  to.reads_twice = true;
  const Blob image = push_image(from, {"a layer whose upload breaks off once"});
  Counting seen;
  const Status copied = copy_graph({&from}, image.descriptor, to, {.observer = &seen});
  ASSERT_TRUE(copied.has_value()) << copied.error().describe();
  EXPECT_EQ(test::read(to, image.descriptor).value(), image.bytes);
  EXPECT_EQ(seen.starts, 3);
  EXPECT_EQ(seen.copies, 3);
}

TEST(Copy, LimitsHold) {
  WatchedTarget from;
  const Blob image = push_image(from, {"1", "2", "3", "4"});
  Blob nested = make_index({image});
  ASSERT_TRUE(test::push(from, nested).has_value());
  for (int depth = 2; depth < 8; ++depth) {
    nested = make_index({nested});
    ASSERT_TRUE(test::push(from, nested).has_value());
  }
  const struct {
    const char* what;
    const Blob& root;
    CopyOptions options;
    bool fits;
  } cases[] = {
      {"six parts", image, {.max_nodes = 6}, true},
      {"five of six parts", image, {.max_nodes = 5}, false},
      {"eight levels", nested, {.max_depth = 8}, true},
      {"seven of eight levels", nested, {.max_depth = 7}, false},
      {"bytes", image, {.max_document_bytes = image.bytes.size()}, true},
      {"a byte too many", image, {.max_document_bytes = image.bytes.size() - 1}, false},
  };
  for (const auto& c : cases) {
    WatchedTarget to;
    const Status copied = copy_tagged({&from}, c.root.descriptor, to, {"v1"}, c.options);
    EXPECT_EQ(copied.has_value(), c.fits) << c.what;
    if (copied) continue;
    EXPECT_EQ(copied.error().code, Errc::too_large) << c.what;
    EXPECT_THAT(to.calls("push"), IsEmpty()) << c.what;
  }
}

TEST(Copy, AManifestThatPromisesTooMuchIsNotRead) {
  WatchedTarget from;
  WatchedTarget to;
  oci::Descriptor huge = push_image(from, {"one"}).descriptor;
  huge.size = static_cast<std::int64_t>(oci::kMaxDocument) + 1;
  from.forget_calls();
  EXPECT_EQ(copy_graph({&from}, huge, to, {}).error().code, Errc::too_large);
  EXPECT_THAT(from.calls(), IsEmpty());
}

TEST(Copy, StoppingLeavesNoTag) {
  WatchedTarget from;
  std::vector<std::string> layers;
  for (int i = 0; i < 30; ++i)
    layers.push_back("layer " + std::to_string(i));
  const Blob image = push_image(from, layers);
  for (const std::size_t lanes : {1u, 4u}) {
    WatchedTarget to;
    std::stop_source stop;
    std::atomic<int> pushes = 0;
    to.fault = [&](const std::string& verb, const std::string&) -> Status {
      if (verb == "push" && ++pushes == 5) stop.request_stop();
      return {};
    };
    const Status copied =
        copy_tagged({&from}, image.descriptor, to, {"v1"}, {.lanes = lanes, .stop = stop.get_token()});
    ASSERT_FALSE(copied.has_value());
    EXPECT_EQ(copied.error().code, Errc::cancelled);
    EXPECT_LT(pushes, 15);
    EXPECT_EQ(to.resolve(std::string("v1")).error().code, Errc::not_found);
  }
}

TEST(Copy, ASingleBlobIsAGraphToo) {
  WatchedTarget from;
  WatchedTarget to;
  const Blob blob = make_blob("alone");
  ASSERT_TRUE(test::push(from, blob).has_value());
  ASSERT_TRUE(copy_graph({&from}, blob.descriptor, to, {}).has_value());
  EXPECT_EQ(test::read(to, blob.descriptor).value(), "alone");
}

TEST(Copy, BytesThatAreBothManifestAndLayerArriveAsBoth) {
  WatchedTarget from;
  WatchedTarget to;
  const Blob image = push_image(from, {"one"});
  Blob as_layer = image;
  as_layer.descriptor.media_type = "application/octet-stream";
  const Blob wrapper = make_manifest({as_layer});
  const Blob root = make_index({wrapper, image});
  ASSERT_TRUE(test::push(from, wrapper).has_value());
  ASSERT_TRUE(test::push(from, root).has_value());
  ASSERT_TRUE(copy_graph({&from}, root.descriptor, to, {}).has_value());
  EXPECT_EQ(to.resolve(image.descriptor.digest)->media_type, oci::kManifestType);
}

TEST(FetchDocument, ParsesWhatTheDescriptorPromises) {
  WatchedTarget from;
  const Blob image = push_image(from, {"one"});
  const auto document = fetch_document(from, image.descriptor);
  ASSERT_TRUE(document.has_value());
  EXPECT_EQ(oci::raw_of(*document), image.bytes);
  oci::Descriptor as_index = image.descriptor;
  as_index.media_type = std::string(oci::kIndexType);
  EXPECT_EQ(fetch_document(from, as_index).error().code, Errc::malformed);
  EXPECT_EQ(fetch_document(from, make_manifest({}).descriptor).error().code, Errc::not_found);
}

}  // namespace
}  // namespace slipway::copy
