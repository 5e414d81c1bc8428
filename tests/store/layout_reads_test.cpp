#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "slipway/base/forwarding_fs.h"
#include "slipway/io/filters.h"
#include "slipway/io/hash.h"
#include "slipway/store/blob_finder.h"
#include "slipway/store/layout.h"
#include "support/blob_reads.h"
#include "support/fault_fs.h"
#include "support/target_conformance.h"
#include "support/temp_dir.h"

namespace slipway::store {
namespace {

using test::Blob;
using test::make_blob;
using test::push_image;
using test::TempDir;

std::shared_ptr<LayoutTarget> make(const stdfs::path& folder, LayoutOptions options = {}) {
  auto layout = LayoutTarget::open_or_create(folder, std::move(options));
  EXPECT_TRUE(layout.has_value()) << layout.error().describe();
  return *layout;
}

stdfs::path blob_path(const stdfs::path& folder, const oci::Descriptor& d) {
  return folder / "blobs" / "sha256" / std::string(d.digest.hex());
}

void overwrite(const stdfs::path& path, const std::string& text) {
  ASSERT_TRUE(write_file_atomically(real_fs(), path, text).has_value());
}

/// A file system on which one file of each folder cannot be read, and that counts how often files are opened.
class WatchedFs final : public ForwardingFileSystem {
 public:
  explicit WatchedFs(std::string broken = "") : ForwardingFileSystem(real_fs()), broken_(std::move(broken)) {}
  Result<std::unique_ptr<File>> open(const stdfs::path& path, bool follow) override {
    const std::string name = path.filename().string();
    ++opened[name];
    if (name == broken_) return fail(Errc::failed, "Input/output error");
    return inner().open(path, follow);
  }
  std::map<std::string, int> opened;

 private:
  std::string broken_;
};

TEST(Layout, AnIndexThatCannotBeReadIsNotMissing) {
  const TempDir dir;
  make(dir.path());
  WatchedFs fs("index.json");
  const auto opened = LayoutTarget::open(dir.path(), {.fs = &fs});
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().code, Errc::failed) << opened.error().describe();
}

TEST(Layout, ARootThatCannotBeReadIsAnErrorOfItsReferrers) {
  const TempDir dir;
  const auto layout = make(dir.path());
  const Blob image = push_image(*layout, {"one"});
  ASSERT_TRUE(layout->tag(image.descriptor, "v1").has_value());
  WatchedFs fs(std::string(image.descriptor.digest.hex()));
  const auto found = LayoutTarget::open(dir.path(), {.fs = &fs}).value()->referrers(image.descriptor.digest, "");
  ASSERT_FALSE(found.has_value());
  EXPECT_EQ(found.error().code, Errc::failed);
}

TEST(Layout, AReferrerIsListedOnceHoweverManyNamesItHas) {
  const TempDir dir;
  const auto layout = make(dir.path());
  const Blob image = push_image(*layout, {"one"});
  const Blob referrer = test::make_manifest({}, image.descriptor);
  ASSERT_TRUE(test::push(*layout, referrer).has_value());
  for (const char* tag : {"a", "b"})
    ASSERT_TRUE(layout->tag(referrer.descriptor, tag).has_value());
  EXPECT_EQ(layout->referrers(image.descriptor.digest, "")->size(), 1u);
}

TEST(Layout, EntriesOfOtherTypesAreNotReadForReferrers) {
  const TempDir dir;
  const auto layout = make(dir.path());
  const Blob note = make_blob("no manifest", "text/plain");
  ASSERT_TRUE(test::push(*layout, note).has_value());
  ASSERT_TRUE(layout->keep_untagged(note.descriptor).has_value());
  WatchedFs fs;
  EXPECT_TRUE(LayoutTarget::open(dir.path(), {.fs = &fs}).value()->referrers(note.descriptor.digest, "")->empty());
  EXPECT_EQ(fs.opened.count(std::string(note.descriptor.digest.hex())), 0u);
}

TEST(Layout, BlobsHaveTheirSizes) {
  const TempDir dir;
  const auto layout = make(dir.path());
  ASSERT_TRUE(test::push(*layout, make_blob("four")).has_value());
  auto* finder = as<BlobFinder>(*layout);
  ASSERT_NE(finder, nullptr);
  EXPECT_EQ(finder->blob_size(make_blob("four").descriptor.digest).value(), 4);
  EXPECT_EQ(finder->blob_size(make_blob("five").descriptor.digest).error().code, Errc::not_found);
  const Blob link = make_blob("link");
  stdfs::create_symlink("/etc/hostname", blob_path(dir.path(), link.descriptor));
  EXPECT_EQ(finder->blob_size(link.descriptor.digest).error().code, Errc::verification_failed);
}

TEST(Layout, ForgettingTakesTheNamelessEntriesOfTheDigestsAlone) {
  const TempDir dir;
  const auto layout = make(dir.path());
  const Blob one = push_image(*layout, {"one"}), two = push_image(*layout, {"two"}),
             three = push_image(*layout, {"three"});
  for (const Blob& image : {one, two})
    ASSERT_TRUE(layout->keep_untagged(image.descriptor).has_value());
  ASSERT_TRUE(layout->tag(three.descriptor, "v3").has_value());
  ASSERT_TRUE(forget_untagged(real_fs(), dir.path(), {one.descriptor.digest, three.descriptor.digest}));
  const auto roots = layout->roots().value();
  ASSERT_EQ(roots.size(), 2u);
  EXPECT_EQ(roots[0].digest, two.descriptor.digest);
  EXPECT_EQ(roots[1].digest, three.descriptor.digest) << "it has a name";
}

TEST(Layout, WhatWasHashedOnceIsRemembered) {
  const TempDir dir;
  const stdfs::path record = dir.path() / "record";
  const Blob blob = make_blob("content"), other = make_blob("other");
  ASSERT_TRUE(test::push(*make(dir.path() / "l"), blob).has_value());
  ASSERT_TRUE(test::push(*make(dir.path() / "l"), other).has_value());
  {
    test::BlobReads fs;
    const auto layout = make(dir.path() / "l", {.fs = &fs, .verified_record = record});
    for (int i = 0; i < 3; ++i)
      EXPECT_TRUE(layout->exists(blob.descriptor).value());
    EXPECT_EQ(fs.count, 1) << "by the same target";
  }
  WatchedFs fs;
  const auto layout = make(dir.path() / "l", {.fs = &fs, .verified_record = record});
  for (int i = 0; i < 3; ++i)
    EXPECT_TRUE(layout->exists(blob.descriptor).value());
  EXPECT_EQ(fs.opened[std::string(blob.descriptor.digest.hex())], 0) << "and by the next one";
  EXPECT_EQ(fs.opened["record"], 1) << "which reads the record once";
}

TEST(Layout, LinesOfTheRecordThatAreNoneAreNotKept) {
  const TempDir dir;
  const stdfs::path record = dir.path() / "record";
  const std::string digest = io::digest_of("kept").str();
  overwrite(record, "slipway/v1/verified\nrubbish\nsha256:no digest\n" + digest + " 1 2 3 4 5\n");
  const Blob blob = make_blob("content");
  ASSERT_TRUE(test::push(*make(dir.path() / "l", {.fs = &real_fs(), .verified_record = record}), blob).has_value());
  const std::string text = read_file(real_fs(), record).value();
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 3) << text;
  EXPECT_NE(text.find(digest + " 1 2 3 4 5\n"), std::string::npos) << "what others hashed stays";
  EXPECT_NE(text.find(blob.descriptor.digest.str() + " "), std::string::npos);
}

TEST(Layout, WhatIsThereAlreadyIsNotWrittenAgain) {
  const TempDir dir;
  test::FaultFs fs;
  const auto layout = make(dir.path(), {.fs = &fs, .verified_record = {}});
  const auto steps_of = [&](const auto& work) {
    const std::uint64_t before = fs.steps();
    work();
    return fs.steps() - before;
  };
  const auto put = [&](std::string_view bytes) {
    io::Hasher hasher("sha512");
    hasher.update(io::as_bytes(bytes));
    const oci::Descriptor blob("application/x-y", hasher.finish(), static_cast<std::int64_t>(bytes.size()));
    ASSERT_TRUE(test::push(*layout, {blob, std::string(bytes)}).has_value());
  };
  const auto first = steps_of([&] { put("one"); });
  const auto second = steps_of([&] { put("two"); });
  EXPECT_EQ(first - second, 2u) << "the folder of blobs is made and synced once";
  const Blob image = push_image(*layout, {"one"});
  ASSERT_TRUE(layout->tag(image.descriptor, "v1").has_value());
  const auto again = steps_of([&] { ASSERT_TRUE(layout->tag(image.descriptor, "v1").has_value()); });
  EXPECT_EQ(again, 1u) << "the lock; an index that says it already stays";
}

TEST(Layout, ADamagedRecordOnlyCostsTime) {
  const TempDir dir;
  const auto record = dir.path() / "cache/record";
  const Blob blob = make_blob("bytes");
  ASSERT_TRUE(test::push(*make(dir.path() / "l", {.fs = &real_fs(), .verified_record = record}), blob).has_value());
  ASSERT_TRUE(read_file(real_fs(), record).has_value()) << "the record outlives the target";
  overwrite(record, "rubbish");
  EXPECT_TRUE(make(dir.path() / "l", {.fs = &real_fs(), .verified_record = record})->exists(blob.descriptor).value());
}

}  // namespace
}  // namespace slipway::store
