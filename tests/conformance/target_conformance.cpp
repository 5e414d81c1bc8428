#include "support/target_conformance.h"

#include <thread>

#include "slipway/io/filters.h"
#include "slipway/io/hash.h"
#include "slipway/oci/media_type.h"

namespace slipway::test {

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(TargetConformance);

TEST_P(TargetConformance, BlobsComeBackByteForByte) {
  for (const std::string& bytes :
       {std::string("hello"), std::string(), std::string(300'000, '\x01'), std::string("{}")}) {
    const Blob blob = make_blob(bytes, "application/x-something.unknown");
    EXPECT_FALSE(target_->exists(blob.descriptor).value()) << bytes.size();
    ASSERT_TRUE(push(*target_, blob).has_value()) << push(*target_, blob).error().describe();
    EXPECT_TRUE(target_->exists(blob.descriptor).value());
    EXPECT_EQ(read(*target_, blob.descriptor).value(), bytes);
    EXPECT_EQ(read(*reopened(), blob.descriptor).value(), bytes);
  }
}

TEST_P(TargetConformance, PushingTwiceIsSuccess) {
  const Blob blob = make_blob("twice");
  ASSERT_TRUE(push(*target_, blob).has_value());
  EXPECT_TRUE(push(*target_, blob).has_value());
}

TEST_P(TargetConformance, WrongContentIsRefusedAndLeavesNothing) {
  const Blob good = make_blob("the right bytes");
  struct Case {
    std::string bytes;
    std::int64_t size;
  };
  for (const Case& wrong :
       {Case{"the wrong bytes", good.descriptor.size}, Case{"short", good.descriptor.size},
        Case{"the right bytes and more", good.descriptor.size}, Case{"the right bytes", good.descriptor.size - 1},
        Case{"the right bytes", good.descriptor.size + 1}}) {
    oci::Descriptor promised = good.descriptor;
    promised.size = wrong.size;
    io::TextSource source(wrong.bytes);
    const Status status = target_->push(promised, source);
    ASSERT_FALSE(status.has_value()) << wrong.bytes << " " << wrong.size;
    EXPECT_EQ(status.error().code, Errc::verification_failed) << status.error().describe();
    EXPECT_FALSE(target_->exists(good.descriptor).value());
    EXPECT_FALSE(reopened()->exists(good.descriptor).value());
  }
}

TEST_P(TargetConformance, WrongManifestsAreRefusedToo) {
  const Blob good = push_image(*target_, {"one"});
  const Blob other = make_manifest({make_blob("one"), make_blob("one")});
  for (const std::string& bytes : {good.bytes, std::string("{"), other.bytes + " "}) {
    io::TextSource source(bytes);
    const Status status = target_->push(other.descriptor, source);
    ASSERT_FALSE(status.has_value()) << bytes;
    EXPECT_EQ(status.error().code, Errc::verification_failed) << status.error().describe();
    EXPECT_EQ(reopened()->resolve(other.descriptor.digest).error().code, Errc::not_found);
  }
}

TEST_P(TargetConformance, FetchingHoldsTheDescriptorToItsWord) {
  const Blob blob = make_blob("ten bytes.");
  ASSERT_TRUE(push(*target_, blob).has_value());
  for (const std::int64_t size : {blob.descriptor.size - 1, blob.descriptor.size + 1}) {
    oci::Descriptor wrong = blob.descriptor;
    wrong.size = size;
    EXPECT_FALSE(read(*target_, wrong).has_value()) << size;
  }
}

TEST_P(TargetConformance, ABlobIsNoManifest) {
  const Blob blob = make_blob("only a layer");
  ASSERT_TRUE(push(*target_, blob).has_value());
  // A registry answers for manifests alone; who has the bytes sees that they are not one.
  const auto found = target_->resolve(blob.descriptor.digest);
  ASSERT_FALSE(found);
  EXPECT_TRUE(found.error().code == Errc::not_found || found.error().code == Errc::malformed);
}

TEST_P(TargetConformance, WhatIsNotThereIsNotFound) {
  const Blob blob = make_blob("never pushed");
  EXPECT_EQ(read(*target_, blob.descriptor).error().code, Errc::not_found);
  EXPECT_EQ(target_->resolve(std::string("nope")).error().code, Errc::not_found);
  EXPECT_EQ(target_->resolve(blob.descriptor.digest).error().code, Errc::not_found);
  EXPECT_EQ(target_->fetch_document(std::string("nope")).error().code, Errc::not_found);
}

TEST_P(TargetConformance, ImagesResolveByTagAndByDigest) {
  const Blob manifest = push_image(*target_, {"one", "two"});
  ASSERT_TRUE(target_->tag(manifest.descriptor, "v1").has_value());
  for (const auto& target : {target_, reopened()}) {
    const auto by_tag = target->resolve(std::string("v1"));
    ASSERT_TRUE(by_tag.has_value()) << by_tag.error().describe();
    EXPECT_TRUE(by_tag->same_content(manifest.descriptor));
    EXPECT_EQ(by_tag->media_type, oci::kManifestType);
    EXPECT_TRUE(target->resolve(manifest.descriptor.digest)->same_content(manifest.descriptor));
    EXPECT_EQ(target->fetch_document(std::string("v1"))->bytes, manifest.bytes);
    EXPECT_EQ(read(*target, manifest.descriptor).value(), manifest.bytes);
  }
}

TEST_P(TargetConformance, TagsMoveAndTheOldImageStays) {
  const Blob first = push_image(*target_, {"one"});
  const Blob second = push_image(*target_, {"two"});
  ASSERT_TRUE(target_->tag(first.descriptor, "latest").has_value());
  ASSERT_TRUE(target_->tag(first.descriptor, "keep").has_value());
  ASSERT_TRUE(target_->tag(second.descriptor, "latest").has_value());
  ASSERT_TRUE(target_->tag(second.descriptor, "latest").has_value()) << "the same again is success";
  EXPECT_EQ(reopened()->resolve(std::string("latest"))->digest, second.descriptor.digest);
  EXPECT_EQ(reopened()->resolve(std::string("keep"))->digest, first.descriptor.digest);
  EXPECT_EQ(reopened()->resolve(first.descriptor.digest)->digest, first.descriptor.digest);
}

TEST_P(TargetConformance, OnlyWhatIsThereCanBeTagged) {
  const Blob manifest = make_manifest({make_blob("absent")});
  EXPECT_FALSE(target_->tag(manifest.descriptor, "v1").has_value());
  EXPECT_EQ(target_->resolve(std::string("v1")).error().code, Errc::not_found);
}

TEST_P(TargetConformance, BadTagsAreRefused) {
  const Blob manifest = push_image(*target_, {"one"});
  for (const char* tag : {"", "-x", "a b", "a/../b", "x\n"}) {
    EXPECT_FALSE(target_->tag(manifest.descriptor, tag).has_value()) << tag;
  }
}

TEST_P(TargetConformance, ManifestsNeedTheirChildren) {
  const Blob manifest = make_manifest({make_blob("a layer that is missing")});
  ASSERT_TRUE(push(*target_, make_blob("{}", std::string(oci::kEmptyType))).has_value());
  const Status status = push(*target_, manifest);
  ASSERT_FALSE(status.has_value());
  EXPECT_EQ(status.error().code, Errc::not_found) << status.error().describe();
  EXPECT_EQ(target_->resolve(manifest.descriptor.digest).error().code, Errc::not_found);
}

TEST_P(TargetConformance, IndexesAndNestedIndexesAreDocumentsToo) {
  const Blob one = push_image(*target_, {"one"});
  const Blob two = push_image(*target_, {"two"});
  const Blob inner = make_index({one, two});
  const Blob outer = make_index({inner, one});
  ASSERT_TRUE(push(*target_, inner).has_value());
  ASSERT_TRUE(target_->push_tagged(outer.descriptor, outer.bytes, "all").has_value());
  EXPECT_EQ(reopened()->fetch_document(std::string("all"))->bytes, outer.bytes);
  EXPECT_EQ(reopened()->resolve(inner.descriptor.digest)->media_type, oci::kIndexType);
}

TEST_P(TargetConformance, TagsAreListedSorted) {
  auto* lister = store::as<store::TagLister>(*target_);
  ASSERT_NE(lister, nullptr);
  const Blob manifest = push_image(*target_, {"one"});
  for (const char* tag : {"b", "a", "c.1"})
    ASSERT_TRUE(target_->tag(manifest.descriptor, tag).has_value());
  EXPECT_EQ(lister->list_tags().value(), (std::vector<std::string>{"a", "b", "c.1"}));
}

TEST_P(TargetConformance, ReferrersAreFoundThroughTheirSubject) {
  auto* lister = store::as<store::ReferrerLister>(*target_);
  ASSERT_NE(lister, nullptr);
  const Blob image = push_image(*target_, {"one"});
  EXPECT_TRUE(lister->referrers(image.descriptor.digest, "")->empty());
  const Blob layer = make_blob("signature");
  ASSERT_TRUE(push(*target_, layer).has_value());
  oci::Descriptor subject(image.descriptor.media_type, image.descriptor.digest, image.descriptor.size);
  const Blob first = make_manifest({layer}, subject);
  const Blob second = make_manifest({layer, layer}, subject);
  for (const Blob& referrer : {first, second, first}) {
    const Status pushed = push(*target_, referrer);
    ASSERT_TRUE(pushed.has_value()) << pushed.error().describe();
  }
  const auto again = reopened();
  auto* reader = store::as<store::ReferrerLister>(*again);
  const auto found = reader->referrers(image.descriptor.digest, "");
  ASSERT_TRUE(found.has_value()) << found.error().describe();
  ASSERT_EQ(found->size(), 2u);
  EXPECT_LT((*found)[0].digest, (*found)[1].digest);
  EXPECT_EQ((*found)[0].artifact_type, "application/vnd.example.test");
  EXPECT_EQ(reader->referrers(image.descriptor.digest, "application/vnd.other")->size(), 0u);
  EXPECT_EQ(reader->referrers(image.descriptor.digest, "application/vnd.example.test")->size(), 2u);
}

TEST_P(TargetConformance, ManyThreadsPushOneBlob) {
  const Blob blob = make_blob(std::string(100'000, 'x'));
  std::vector<Status> results(8);
  {
    std::vector<std::jthread> threads;
    for (Status& result : results)
      threads.emplace_back([&] { result = push(*target_, blob); });
  }
  for (const Status& result : results)
    EXPECT_TRUE(result.has_value());
  EXPECT_EQ(read(*target_, blob.descriptor).value(), blob.bytes);
}

TEST_P(TargetConformance, StreamsIntoBlobsWhereItCan) {
  auto* ingest = store::as<store::BlobIngest>(*target_);
  if (ingest == nullptr) {
    SUCCEED() << "this target has no such power, which is not an error";
    return;
  }
  const std::string bytes(200'000, 'y');
  const Blob expected = make_blob(bytes);
  {
    const auto abandoned = ingest->start_blob("application/octet-stream").value();
    ASSERT_TRUE(abandoned->write(io::as_bytes(bytes)).has_value());
  }
  EXPECT_FALSE(target_->exists(expected.descriptor).value()) << "an abandoned writer leaves nothing";
  const auto writer = ingest->start_blob("application/octet-stream").value();
  ASSERT_TRUE(writer->write(io::as_bytes(bytes)).has_value());
  EXPECT_FALSE(target_->exists(expected.descriptor).value()) << "nothing is visible before finish";
  ASSERT_TRUE(writer->finish().has_value());
  EXPECT_TRUE(writer->descriptor().same_content(expected.descriptor));
  EXPECT_EQ(read(*reopened(), expected.descriptor).value(), bytes);
}

}  // namespace slipway::test
