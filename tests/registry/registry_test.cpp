#include <gtest/gtest.h>

#include "registry/registry_world.h"
#include "slipway/copy/copy.h"
#include "slipway/io/filters.h"
#include "slipway/oci/media_type.h"
#include "slipway/store/memory.h"
#include "support/target_conformance.h"

namespace slipway::test {
namespace {

using store::as;

TEST(Registry, PushingAnImageTakesTheFewestRequests) {
  TestRegistry registry;
  Client client;
  const auto target = client.open(registry.host() + "/team/app");
  store::MemoryTarget memory;
  const Blob image = push_image(memory, {"one", "two"});
  ASSERT_TRUE(copy::copy_tagged({&memory}, image.descriptor, *target, {"v1"}, {}).has_value());
  EXPECT_EQ(registry.count("HEAD"), 1) << "the root; whether a small blob is there is not worth a request";
  EXPECT_EQ(registry.count("POST"), 3);
  EXPECT_EQ(registry.count("PUT", "/blobs/"), 3);
  EXPECT_EQ(registry.count("PUT", "/manifests/v1"), 1);
  EXPECT_EQ(registry.requests().size(), 8u);

  registry.forget_requests();
  ASSERT_TRUE(copy::copy_tagged({&memory}, image.descriptor, *target, {"v1"}, {}).has_value());
  EXPECT_EQ(registry.requests().size(), 2u) << "again: one HEAD, one PUT of the tag";

  registry.forget_requests();
  ASSERT_TRUE(target->tag(image.descriptor, "v2").has_value());
  EXPECT_EQ(registry.requests(), std::vector<std::string>{"PUT /v2/team/app/manifests/v2"});
}

TEST(Registry, AnotherRepositoryOfTheSameRegistryIsMounted) {
  TestRegistry registry;
  Client client;
  const auto from = client.open(registry.host() + "/team/app");
  const auto to = client.open(registry.host() + "/prod/app");
  const Blob image = push_image(*from, {"one", "two"});
  registry.forget_requests();
  ASSERT_TRUE(copy::copy_tagged({from.get()}, image.descriptor, *to, {"v1"}, {}).has_value());
  EXPECT_EQ(registry.count("POST", "mount="), 3);
  EXPECT_EQ(registry.count("PUT", "/blobs/"), 0) << "no bytes of a blob moved";
  EXPECT_EQ(registry.count("GET", "/blobs/"), 0);
  EXPECT_LE(registry.requests().size(), 3u + 2u + 1u);
}

TEST(Registry, ARefusedMountsSessionIsUsed) {
  TestRegistry registry({.mounts = false});
  Client client;
  const auto from = client.open(registry.host() + "/team/app");
  const auto to = client.open(registry.host() + "/prod/app");
  const Blob image = push_image(*from, {"one"});
  registry.forget_requests();
  ASSERT_TRUE(copy::copy_tagged({from.get()}, image.descriptor, *to, {"v1"}, {}).has_value());
  EXPECT_EQ(registry.count("POST"), 2) << "the mount attempts alone";
  EXPECT_EQ(registry.count("PUT", "/blobs/"), 2);
}

TEST(Registry, WrongCredentialsAreUnauthorizedAndNamedNowhere) {
  for (const Login login : {Login::basic, Login::bearer}) {
    TestRegistry registry({.login = login});
    Client client;
    client.credentials.set("user", "hunter2-secret");
    const auto result = client.open(registry.host() + "/team/app")->resolve(std::string("v1"));
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error().code, Errc::unauthorized) << result.error().describe();
    EXPECT_EQ(result.error().describe().find("hunter2"), std::string::npos);
    EXPECT_LE(registry.requests().size(), 4u) << "no login loop";
  }
}

TEST(Registry, NoCredentialsWhereTheyAreNeededSayWhatToDo) {
  TestRegistry registry({.login = Login::basic});
  Client client;
  const auto result = client.open(registry.host() + "/team/app")->resolve(std::string("v1"));
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code, Errc::unauthorized);
  EXPECT_NE(result.error().hint.find("--authfile"), std::string::npos);
}

TEST(Registry, OneTokenServesManyRequests) {
  TestRegistry registry({.login = Login::bearer});
  Client client;
  client.credentials.set("user", "pass");
  const auto target = client.open(registry.host() + "/team/app");
  const Blob image = push_image(*target, {"one", "two", "three"});
  ASSERT_TRUE(target->tag(image.descriptor, "v1").has_value());
  EXPECT_EQ(registry.count("GET", "/token"), 1);
}

TEST(Registry, A403IsForbidden) {
  TestRegistry registry;
  registry.add_fault({.method = "HEAD", .path_part = "/manifests/v1", .times = 9, .status = 403});
  registry.add_fault({.method = "GET", .path_part = "/manifests/v1", .times = 9, .status = 403});
  Client client;
  const auto result = client.open(registry.host() + "/team/app")->resolve(std::string("v1"));
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code, Errc::forbidden);
}

TEST(Faults, Row06_TransientFailuresAreSurvived) {
  for (const int status : {408, 429, 500, 502, 503, 504}) {
    TestRegistry registry;
    Client client;
    const auto target = client.open(registry.host() + "/team/app");
    registry.add_fault({.method = "", .path_part = "/v2/", .first = 2, .times = 2, .status = status});
    const Blob image = push_image(*target, {"one"});
    EXPECT_TRUE(target->tag(image.descriptor, "v1").has_value()) << status;
    EXPECT_GT(client.clock.slept(), 0) << status;
  }
}

TEST(Registry, WhatNeverRecoversIsReportedWithTheStatus) {
  TestRegistry registry;
  registry.add_fault({.method = "", .path_part = "", .times = 1000, .status = 503});
  Client client;
  const auto result = client.open(registry.host() + "/team/app")->resolve(std::string("v1"));
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code, Errc::network);
  EXPECT_EQ(result.error().http->status, 503);
  EXPECT_EQ(registry.requests().size(), 5u) << "the tries of the policy, not more";
}

TEST(Faults, Row07_RetryAfterIsObeyed) {
  TestRegistry registry;
  registry.add_fault({.method = "HEAD", .path_part = "/manifests/", .status = 429, .headers = {{"Retry-After", "7"}}});
  Client client;
  const auto target = client.open(registry.host() + "/team/app");
  EXPECT_EQ(target->resolve(std::string("v1")).error().code, Errc::not_found);
  EXPECT_GE(client.clock.slept(), 7000);
}

TEST(Registry, Row084_AnAbsurdRetryAfterFailsFast) {
  TestRegistry registry;
  registry.add_fault(
      {.method = "", .path_part = "", .times = 99, .status = 429, .headers = {{"Retry-After", "99999"}}});
  Client client;
  const auto result = client.open(registry.host() + "/team/app")->resolve(std::string("v1"));
  EXPECT_EQ(result.error().code, Errc::rate_limited);
  EXPECT_EQ(client.clock.slept(), 0);
}

TEST(Faults, Row05_ALostAnswerOfAnUploadIsNotASecondUpload) {
  TestRegistry registry;
  Client client;
  const auto target = client.open(registry.host() + "/team/app");
  registry.add_fault({.method = "PUT", .path_part = "/blobs/", .kind = Fault::Kind::lost_answer});
  EXPECT_TRUE(push(*target, make_blob("bytes")).has_value());
  EXPECT_EQ(registry.count("PUT", "/blobs/"), 1);
  EXPECT_EQ(registry.count("HEAD", "/blobs/"), 1) << "it looked instead";
}

TEST(Registry, AnUploadSessionThatFailsIsStartedAnew) {
  TestRegistry registry;
  Client client;
  const auto target = client.open(registry.host() + "/team/app");
  registry.add_fault({.method = "PUT", .path_part = "/blobs/", .status = 502});
  EXPECT_TRUE(push(*target, make_blob("bytes")).has_value());
  EXPECT_EQ(registry.count("POST", "/uploads/"), 2);
}

TEST(Registry, Row022_TruncatedAndAlteredBodiesAreNeverTaken) {
  for (const Fault::Kind kind : {Fault::Kind::truncate, Fault::Kind::wrong_body}) {
    TestRegistry registry;
    Client client;
    const auto target = client.open(registry.host() + "/team/app");
    const Blob image = push_image(*target, {std::string(100'000, 'x')});
    client.make_session();
    const auto fresh = client.open(registry.host() + "/team/app");
    registry.add_fault({.method = "GET", .path_part = "/blobs/", .times = 99, .kind = kind});
    registry.add_fault({.method = "GET", .path_part = "/manifests/", .times = 99, .kind = kind});
    EXPECT_FALSE(read(*fresh, make_blob(std::string(100'000, 'x')).descriptor).has_value());
    EXPECT_FALSE(fresh->fetch_document(image.descriptor.digest).has_value());
  }
}

TEST(Registry, TagListsAreFollowedPageByPage) {
  TestRegistry registry({.page_size = 3});
  Client client;
  const auto target = client.open(registry.host() + "/team/app");
  const Blob image = push_image(*target, {"one"});
  for (int i = 0; i < 10; ++i)
    ASSERT_TRUE(target->tag(image.descriptor, fmt::format("t{}", i)).has_value());
  EXPECT_EQ(as<store::TagLister>(*target)->list_tags()->size(), 10u);
}

TEST(Registry, ImmutableTagsRefuseAnotherDigestAndTakeTheSame) {
  TestRegistry registry({.immutable_tags = true});
  Client client;
  const auto target = client.open(registry.host() + "/team/app");
  const Blob one = push_image(*target, {"one"});
  const Blob two = push_image(*target, {"two"});
  ASSERT_TRUE(target->tag(one.descriptor, "v1").has_value());
  EXPECT_TRUE(target->tag(one.descriptor, "v1").has_value());
  EXPECT_EQ(target->tag(two.descriptor, "v1").error().code, Errc::conflict);
}

TEST(Faults, Row13_AnUnreachableHostIsANetworkErrorThatNamesIt) {
  Client client;
  const auto result = client.open("127.0.0.1:1/team/app")->resolve(std::string("v1"));
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code, Errc::network);
  EXPECT_NE(result.error().message.find("127.0.0.1:1"), std::string::npos);
  EXPECT_FALSE(result.error().hint.empty());
}

TEST(Faults, Row22_AFailedChildLeavesNoTag) {
  TestRegistry registry;
  Client client;
  const auto target = client.open(registry.host() + "/team/app");
  store::MemoryTarget memory;
  const Blob one = push_image(memory, {"one"});
  const Blob two = push_image(memory, {"two"});
  const Blob index = make_index({one, two});
  ASSERT_TRUE(push(memory, index).has_value());
  registry.add_fault({.method = "PUT", .path_part = two.descriptor.digest.str(), .times = 99, .status = 400});
  EXPECT_FALSE(copy::copy_tagged({&memory}, index.descriptor, *target, {"v1"}, {}).has_value());
  EXPECT_EQ(registry.count("PUT", "/manifests/v1"), 0);
  EXPECT_EQ(target->resolve(std::string("v1")).error().code, Errc::not_found);
  registry.clear_faults();
  EXPECT_TRUE(copy::copy_tagged({&memory}, index.descriptor, *target, {"v1"}, {}).has_value());
}

TEST(Registry, AStopEndsARequest) {
  TestRegistry registry;
  Client client;
  const auto target = client.open(registry.host() + "/team/app");
  std::stop_source stop;
  stop.request_stop();
  const Blob blob = make_blob("bytes");
  io::TextSource source(blob.bytes);
  EXPECT_EQ(target->push(blob.descriptor, source, stop.get_token()).error().code, Errc::cancelled);
}

TEST(Registry, TheSessionsStopEndsWhatTakesNoToken) {
  TestRegistry registry;
  Client client;
  const auto target = client.open(registry.host() + "/team/app");
  const Blob blob = make_blob("bytes");
  ASSERT_TRUE(push(*target, blob).has_value());
  client.stop.request_stop();
  EXPECT_EQ(target->resolve(std::string("v1")).error().code, Errc::cancelled);
  EXPECT_EQ(target->exists(blob.descriptor).error().code, Errc::cancelled);
  EXPECT_EQ(target->fetch(blob.descriptor).error().code, Errc::cancelled);
}

}  // namespace
}  // namespace slipway::test
