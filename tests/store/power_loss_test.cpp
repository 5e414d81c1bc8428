#include <gtest/gtest.h>

#include "slipway/base/forwarding_fs.h"
#include "slipway/io/hash.h"
#include "slipway/oci/media_type.h"
#include "slipway/store/archive.h"
#include "slipway/store/layout.h"
#include "support/power_loss_fs.h"
#include "support/target_conformance.h"
#include "support/temp_dir.h"

namespace slipway::store {
namespace {

using test::Blob;
using test::PowerLossFs;
using test::push_image;
using test::TempDir;

void expect_sound(const stdfs::path& folder, FileSystem& fs, const std::string& tag, const Digest& digest) {
  const auto layout = LayoutTarget::open(folder, {.fs = &fs, .verified_record = {}});
  ASSERT_TRUE(layout.has_value()) << layout.error().describe();
  const auto found = (*layout)->resolve(tag);
  ASSERT_TRUE(found.has_value()) << found.error().describe();
  EXPECT_EQ(found->digest, digest);
  const auto problems = (*layout)->validate();
  ASSERT_TRUE(problems.has_value());
  EXPECT_TRUE(problems->empty()) << problems->front().message;
}

TEST(PowerLoss, ATaggedImageInALayoutIsThereToTheLastBlob) {
  const TempDir dir;
  const auto folder = dir.path() / "l";
  PowerLossFs fs(dir.path());
  for (const std::string tag : {"v1", "v2", "v1"}) {
    std::optional<Digest> digest;
    {
      const auto layout = LayoutTarget::open_or_create(folder, {.fs = &fs, .verified_record = {}}).value();
      const Blob image = push_image(*layout, {"layer of " + tag, std::string(300'000, 'x')});
      ASSERT_TRUE(layout->tag(image.descriptor, tag).has_value());
      digest = image.descriptor.digest;
    }
    fs.lose_power();
    expect_sound(folder, fs, tag, *digest);
  }
}

TEST(PowerLoss, ABlobWithAnotherAlgorithmIsThereToo) {
  const TempDir dir;
  const auto folder = dir.path() / "l";
  ASSERT_TRUE(LayoutTarget::open_or_create(folder).has_value());
  PowerLossFs fs(dir.path());
  const std::string bytes = "text";
  io::Hasher hasher("sha512");
  hasher.update(io::as_bytes(bytes));
  const Blob blob{oci::Descriptor("text/plain", hasher.finish(), 4), bytes};
  {
    const auto layout = LayoutTarget::open(folder, {.fs = &fs, .verified_record = {}}).value();
    ASSERT_TRUE(test::push(*layout, blob).has_value());
  }
  fs.lose_power();
  const auto layout = LayoutTarget::open(folder, {.fs = &fs, .verified_record = {}}).value();
  EXPECT_TRUE(layout->exists(blob.descriptor).value());
}

TEST(PowerLoss, AStreamedBlobIsThereWhenItsWriterHasFinished) {
  const TempDir dir;
  const auto folder = dir.path() / "l";
  PowerLossFs fs(dir.path());
  std::optional<oci::Descriptor> written;
  {
    const auto layout = LayoutTarget::open_or_create(folder, {.fs = &fs, .verified_record = {}}).value();
    const auto writer = layout->start_blob("text/plain").value();
    ASSERT_TRUE(writer->write(io::as_bytes("streamed")).has_value());
    ASSERT_TRUE(writer->finish().has_value());
    written = writer->descriptor();
  }
  fs.lose_power();
  const auto layout = LayoutTarget::open(folder, {.fs = &fs, .verified_record = {}}).value();
  EXPECT_TRUE(layout->exists(*written).value());
}

TEST(PowerLoss, AnEmptyLayoutIsALayoutOnceItWasCreated) {
  const TempDir dir;
  const auto folder = dir.path() / "l";
  PowerLossFs fs(dir.path());
  ASSERT_TRUE(LayoutTarget::open_or_create(folder, {.fs = &fs, .verified_record = {}}).has_value());
  fs.lose_power();
  for (const char* name : {"oci-layout", "index.json", "blobs/sha256"})
    EXPECT_TRUE(fs.stat(folder / name, false).has_value()) << name;
  EXPECT_TRUE(LayoutTarget::open(folder, {.fs = &fs, .verified_record = {}}).has_value());
}

TEST(PowerLoss, AnArchiveIsTheOldOneOrTheNewOne) {
  const TempDir dir;
  const auto file = dir.path() / "a.tar";
  PowerLossFs fs(dir.path());
  const ArchiveOptions options{.fs = &fs, .spool_folder = dir.path()};
  for (const std::string tag : {"v1", "v2"}) {
    std::optional<Digest> digest;
    {
      const auto archive = ArchiveTarget::open_or_create(file, options).value();
      const Blob image = push_image(*archive, {"layer of " + tag});
      ASSERT_TRUE(archive->tag(image.descriptor, tag).has_value());
      digest = image.descriptor.digest;
    }
    fs.lose_power();
    const auto archive = ArchiveTarget::open(file, options);
    ASSERT_TRUE(archive.has_value()) << archive.error().describe();
    EXPECT_EQ((*archive)->resolve(tag)->digest, *digest);
  }
}

}  // namespace
}  // namespace slipway::store
