#include "slipway/copy/attached.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "copy/watched_target.h"
#include "slipway/io/hash.h"
#include "slipway/oci/media_type.h"
#include "slipway/store/memory.h"
#include "support/target_conformance.h"

namespace slipway::copy {
namespace {

using store::MemoryTarget;
using test::Blob;
using test::make_blob;
using test::make_index;
using test::make_manifest;
using test::push_image;
using test::WatchedTarget;
using testing::ElementsAre;
using testing::IsEmpty;

std::string sig_tag(const Blob& subject) { return fmt::format("sha256-{}.sig", subject.descriptor.digest.hex()); }

/// A manifest as cosign writes it: one layer for each signature, told apart by their annotations.
oci::Descriptor put_signatures(store::Target& target, const Blob& subject, const std::vector<std::string>& signatures,
                               const std::string& content = "payload") {
  oci::Manifest manifest{.raw = {},
                         .media_type = std::string(oci::kManifestType),
                         .artifact_type = {},
                         .config = make_blob("{\"rootfs\":{}}").descriptor,
                         .layers = {},
                         .subject = {},
                         .annotations = {}};
  manifest.config.media_type = "application/vnd.oci.image.config.v1+json";
  EXPECT_TRUE(test::push(target, make_blob("{\"rootfs\":{}}")).has_value());
  const Blob payload = make_blob(content, "application/vnd.dev.cosign.simplesigning.v1+json");
  EXPECT_TRUE(test::push(target, payload).has_value());
  for (const std::string& signature : signatures) {
    manifest.layers.push_back(payload.descriptor);
    manifest.layers.back().annotations["dev.cosignproject.cosign/signature"] = signature;
  }
  const std::string bytes = oci::write_manifest(manifest);
  const oci::Descriptor descriptor(manifest.media_type, io::digest_of(bytes), static_cast<std::int64_t>(bytes.size()));
  EXPECT_TRUE(target.push_tagged(descriptor, bytes, sig_tag(subject)).has_value());
  return descriptor;
}

std::vector<std::string> signatures_at(store::ReadTarget& target, const Blob& subject) {
  const auto found = target.resolve(sig_tag(subject));
  if (!found) return {found.error().message};
  const auto document = fetch_document(target, *found);
  std::vector<std::string> signatures;
  for (const oci::Descriptor& layer : std::get<oci::Manifest>(*document).layers)
    signatures.push_back(layer.annotations.at("dev.cosignproject.cosign/signature"));
  return signatures;
}

bool all(const Attached&) { return true; }

TEST(FindAttached, SeesTagsAndReferrersOfTheIndexAndOfItsManifests) {
  MemoryTarget from("from");
  const Blob image = push_image(from, {"one"});
  const Blob root = make_index({image});
  ASSERT_TRUE(test::push(from, root).has_value());
  const Blob layer = make_blob("bundle");
  ASSERT_TRUE(test::push(from, layer).has_value());
  const Blob bundle = make_manifest({layer}, image.descriptor);
  ASSERT_TRUE(test::push(from, bundle).has_value());
  const oci::Descriptor signature = put_signatures(from, root, {"a"});
  const auto found = find_attached(from, root.descriptor, all, {.lanes = 1});
  ASSERT_TRUE(found.has_value()) << found.error().describe();
  ASSERT_EQ(found->size(), 2u);
  EXPECT_EQ(found->at(0).subject, root.descriptor.digest);
  EXPECT_EQ(found->at(0).tag, sig_tag(root));
  EXPECT_EQ(found->at(0).manifest.digest, signature.digest);
  EXPECT_EQ(found->at(1).subject, image.descriptor.digest);
  EXPECT_EQ(found->at(1).tag, "");
  EXPECT_EQ(found->at(1).manifest.digest, bundle.descriptor.digest);
  EXPECT_EQ(found->at(1).manifest.artifact_type, "application/vnd.example.test");
}

TEST(FindAttached, AsksForNoTagThatIsNotWanted) {
  MemoryTarget from("from");
  const Blob image = push_image(from, {"one"});
  put_signatures(from, image, {"a"});
  const auto found =
      find_attached(from, image.descriptor, [](const Attached& attached) { return attached.tag.empty(); }, {});
  ASSERT_TRUE(found.has_value());
  EXPECT_TRUE(found->empty());
}

/// A bundle beside `subject`.
Blob put_bundle(store::Target& target, const Blob& subject, const std::string& content) {
  const Blob layer = make_blob(content);
  EXPECT_TRUE(test::push(target, make_blob("{}", "application/vnd.example.test")).has_value());
  EXPECT_TRUE(test::push(target, layer).has_value());
  const Blob bundle = make_manifest({layer}, subject.descriptor);
  EXPECT_TRUE(test::push(target, bundle).has_value());
  return bundle;
}

/// A target that lists what it holds, writes down what is asked, and fails at one tag and at one subject.
struct Listing : WatchedTarget, store::ReferrerLister {
  Result<oci::Descriptor> resolve(const store::TagOrDigest& reference) override {
    if (store::to_string(reference) == bad_tag) return fail(bad, "cannot be read");
    return content().resolve(reference);
  }
  Result<std::vector<oci::Descriptor>> referrers(const Digest& subject, const std::string& type) override {
    if (bad_subject == subject) return fail(bad, "cannot be listed");
    auto found = content().referrers(subject, type);
    if (!found || !repeats) return found;
    const auto once = *found;
    found->insert(found->end(), once.begin(), once.end());
    return found;
  }
  std::string bad_tag;
  std::optional<Digest> bad_subject;
  Errc bad = Errc::network;
  bool repeats = false;  ///< lists everything twice
};

std::vector<Digest> digests(const std::vector<Attached>& found) {
  std::vector<Digest> all;
  for (const Attached& attached : found)
    all.push_back(attached.manifest.digest);
  return all;
}

TEST(FindAttached, GoesDownToWhatIsAttachedToAttachments) {
  MemoryTarget from("from");
  const Blob image = push_image(from, {"one"});
  const Blob bundle = put_bundle(from, image, "bundle");
  const Blob of_bundle = put_bundle(from, bundle, "of the bundle");
  const Blob deepest = put_bundle(from, of_bundle, "deepest");
  const oci::Descriptor signature = put_signatures(from, of_bundle, {"a"});
  EXPECT_THAT(digests(find_attached(from, image.descriptor, all, {.lanes = 1}).value()),
              ElementsAre(bundle.descriptor.digest));
  const auto found = find_attached(from, image.descriptor, all, {.lanes = 1}, all);
  ASSERT_TRUE(found.has_value()) << found.error().describe();
  EXPECT_THAT(digests(*found), ElementsAre(bundle.descriptor.digest, of_bundle.descriptor.digest, signature.digest,
                                           deepest.descriptor.digest));
  EXPECT_EQ(found->at(1).subject, bundle.descriptor.digest);
  const auto only_bundle = [&](const Attached& attached) {
    return attached.manifest.digest == bundle.descriptor.digest;
  };
  EXPECT_THAT(digests(find_attached(from, image.descriptor, all, {.lanes = 1}, only_bundle).value()),
              ElementsAre(bundle.descriptor.digest, of_bundle.descriptor.digest));
  EXPECT_TRUE(find_attached(from, image.descriptor, all, {.lanes = 1, .max_depth = 3}, all).has_value());
  EXPECT_EQ(find_attached(from, image.descriptor, all, {.lanes = 1, .max_depth = 2}, all).error().code,
            Errc::too_large);
  EXPECT_EQ(find_attached(from, image.descriptor, all, {.lanes = 1, .max_nodes = 2}, all).error().code,
            Errc::too_large);
}

TEST(FindAttached, AsksForTheChildrenOfIndexesOnly) {
  WatchedTarget from;
  const Blob image = push_image(from, {"one"});
  ASSERT_TRUE(find_attached(from, image.descriptor, all, {.lanes = 1}).has_value());
  EXPECT_THAT(from.calls("fetch"), IsEmpty());
  const Blob inner = make_index({image}), root = make_index({inner});
  ASSERT_TRUE(test::push(from, inner).has_value());
  ASSERT_TRUE(test::push(from, root).has_value());
  ASSERT_TRUE(find_attached(from, root.descriptor, all, {.lanes = 1}).has_value());
  EXPECT_THAT(from.calls("fetch"), ElementsAre(root.descriptor.digest.str(), inner.descriptor.digest.str()));
  EXPECT_EQ(find_attached(from, root.descriptor, all, {.lanes = 1, .max_depth = 1}).error().code, Errc::too_large);
}

TEST(FindAttached, WhatCannotBeReadIsPassedOverWhereThatIsSaid) {
  Listing from;
  const Blob image = push_image(from, {"one"});
  const Blob root = make_index({image});
  ASSERT_TRUE(test::push(from, root).has_value());
  const Blob bundle = put_bundle(from, root, "bundle");
  from.bad_tag = sig_tag(root);
  from.bad_subject = image.descriptor.digest;
  EXPECT_EQ(find_attached(from, root.descriptor, all, {.lanes = 1}).error().code, Errc::network);
  std::vector<Error> unreadable;
  const Unreadable network{[](const Error& error) { return error.code == Errc::network; }, &unreadable};
  const auto found = find_attached(from, root.descriptor, all, {.lanes = 1}, {}, network);
  ASSERT_TRUE(found.has_value()) << found.error().describe();
  EXPECT_THAT(digests(*found), ElementsAre(bundle.descriptor.digest));
  ASSERT_EQ(unreadable.size(), 2u);
  EXPECT_EQ(unreadable[0].message, "cannot be read");
  EXPECT_EQ(unreadable[1].message, "cannot be listed");
  from.bad = Errc::forbidden;
  EXPECT_EQ(find_attached(from, root.descriptor, all, {.lanes = 1}, {}, network).error().code, Errc::forbidden);
}

/// An index of one image that is listed twice and of a text, with attachments at every level.
struct AttachedGraph : testing::Test {
  AttachedGraph() {
    image = push_image(from, {"one"});
    const Blob text = make_blob("read me", "text/plain");
    root = make_index({image, image, text});
    for (const Blob& blob : {text, root})
      EXPECT_TRUE(test::push(from, blob).has_value());
    for (const Blob& subject : {root, image})
      attached.push_back(put_bundle(from, subject, "beside " + subject.descriptor.digest.str()).descriptor.digest);
    attached.push_back(put_bundle(from, {{"application/vnd.oci.image.manifest.v1+json", attached[1], 1}, ""}, "nested")
                           .descriptor.digest);
    attached.push_back(put_signatures(from, image, {"a"}).digest);
    put_bundle(from, text, "of a text");
    EXPECT_TRUE(copy_graph({&from}, root.descriptor, to, {.lanes = 1}).has_value());
  }
  Result<std::size_t> copied(const CopyOptions& options) { return copy_attached(from, root.descriptor, to, options); }

  Listing from;
  MemoryTarget to{"to"};
  Blob image = make_blob(""), root = image;
  std::vector<Digest> attached;
};

TEST_F(AttachedGraph, IsCopiedOnceWithWhatIsAttachedToAttachments) {
  for (const bool repeats : {false, true}) {
    from.repeats = repeats;
    const auto count = copied({.lanes = 1});
    ASSERT_TRUE(count.has_value()) << count.error().describe();
    EXPECT_EQ(*count, 4u);
    for (const Digest& digest : attached)
      EXPECT_TRUE(to.resolve(digest).has_value());
    EXPECT_EQ(to.resolve(sig_tag(image))->digest, attached[3]);
    EXPECT_EQ(to.referrers(root.descriptor.digest, "")->size(), 1u);
  }
}

TEST_F(AttachedGraph, LimitsHold) {
  EXPECT_TRUE(copied({.lanes = 1, .max_nodes = 4}).has_value());
  EXPECT_EQ(copied({.lanes = 1, .max_nodes = 3}).error().code, Errc::too_large);
  EXPECT_TRUE(copied({.lanes = 1, .max_depth = 3}).has_value());
  EXPECT_EQ(copied({.lanes = 1, .max_depth = 2}).error().code, Errc::too_large) << "image, bundle, nested";
  EXPECT_EQ(copied({.lanes = 1, .max_depth = 0}).error().code, Errc::too_large) << "the image";
}

TEST_F(AttachedGraph, ATagThatCannotBeReadIsAnError) {
  from.bad_tag = sig_tag(image);
  EXPECT_EQ(copied({.lanes = 1}).error().code, Errc::network);
}

TEST(CopyAttached, ASourceThatListsNothingHasItsTags) {
  WatchedTarget from, to;
  const Blob image = push_image(from, {"one"});
  const oci::Descriptor signature = put_signatures(from, image, {"a"});
  EXPECT_EQ(copy_attached(from, image.descriptor, to, {.lanes = 1}).value(), 1u);
  EXPECT_EQ(to.resolve(sig_tag(image))->digest, signature.digest);
}

TEST(CopyAttachment, BringsThePayloadsOfTheSource) {
  MemoryTarget from("from"), to("to");
  const Blob image = push_image(from, {"one"});
  push_image(to, {"one"});
  const oci::Descriptor ours = put_signatures(from, image, {"a"}, "our payload");
  put_signatures(to, image, {"b"}, "their payload");
  const Status copied = copy_attachment(from, {image.descriptor.digest, sig_tag(image), ours}, to, {.lanes = 1});
  ASSERT_TRUE(copied.has_value()) << copied.error().describe();
  EXPECT_THAT(signatures_at(to, image), ElementsAre("b", "a"));
  for (const char* payload : {"our payload", "their payload"})
    EXPECT_TRUE(to.exists(make_blob(payload).descriptor).value()) << payload;
}

TEST(CopyAttachment, AReferrerIsPushedOnceWhereItIsListed) {
  MemoryTarget from("from");
  Listing to;
  WatchedTarget without_lists;
  const Blob image = push_image(from, {"one"});
  const Blob bundle = put_bundle(from, image, "bundle");
  const Attached attached{image.descriptor.digest, "", bundle.descriptor};
  ASSERT_TRUE(copy_attachment(from, attached, to, {.lanes = 1}).has_value());
  EXPECT_THAT(to.calls("push"), testing::Contains(bundle.descriptor.digest.str()).Times(1));
  ASSERT_TRUE(copy_attachment(from, attached, without_lists, {.lanes = 1}).has_value()) << "it cannot be asked";
  EXPECT_THAT(without_lists.calls("push"), testing::Contains(bundle.descriptor.digest.str()).Times(1));
}

TEST(CopyAttachment, AddsTheSignaturesOfTheSourceToThoseThatAreThere) {
  MemoryTarget from("from");
  MemoryTarget to("to");
  const Blob image = push_image(from, {"one"});
  push_image(to, {"one"});
  const oci::Descriptor ours = put_signatures(from, image, {"a", "b"});
  put_signatures(to, image, {"b", "c"});
  const Attached attached{image.descriptor.digest, sig_tag(image), ours};
  const Status copied = copy_attachment(from, attached, to, {.lanes = 1});
  ASSERT_TRUE(copied.has_value()) << copied.error().describe();
  EXPECT_THAT(signatures_at(to, image), ElementsAre("b", "c", "a"));
  // The config fits the layers, and everything that the manifest names is there.
  const auto manifest = std::get<oci::Manifest>(*fetch_document(to, *to.resolve(sig_tag(image))));
  EXPECT_TRUE(to.exists(manifest.config).value());
  EXPECT_NE(test::read(to, manifest.config)->find(make_blob("payload").descriptor.digest.str()), std::string::npos);
  // Once more changes nothing.
  const auto before = to.resolve(sig_tag(image))->digest;
  ASSERT_TRUE(copy_attachment(from, attached, to, {.lanes = 1}).has_value());
  EXPECT_EQ(to.resolve(sig_tag(image))->digest, before);
}

TEST(CopyAttachment, TakesTheTagAsItIsWhereThereIsNone) {
  MemoryTarget from("from");
  MemoryTarget to("to");
  const Blob image = push_image(from, {"one"});
  const oci::Descriptor ours = put_signatures(from, image, {"a"});
  ASSERT_TRUE(copy_attachment(from, {image.descriptor.digest, sig_tag(image), ours}, to, {.lanes = 1}).has_value());
  EXPECT_EQ(to.resolve(sig_tag(image))->digest, ours.digest);
}

/// Takes manifests and lists none of them: a registry that ignores subjects.
struct Forgetful final : WatchedTarget, store::ReferrerLister {
  Result<std::vector<oci::Descriptor>> referrers(const Digest&, const std::string&) override {
    return std::vector<oci::Descriptor>();
  }
};

TEST(CopyAttachment, LooksWhetherTheReferrerIsListed) {
  MemoryTarget from("from");
  Forgetful to;
  const Blob image = push_image(from, {"one"});
  const Blob layer = make_blob("bundle");
  ASSERT_TRUE(test::push(from, layer).has_value());
  const Blob bundle = make_manifest({layer}, image.descriptor);
  ASSERT_TRUE(test::push(from, bundle).has_value());
  const Status copied = copy_attachment(from, {image.descriptor.digest, "", bundle.descriptor}, to, {.lanes = 1});
  ASSERT_FALSE(copied.has_value());
  EXPECT_EQ(copied.error().code, Errc::verification_failed);
}

}  // namespace
}  // namespace slipway::copy
