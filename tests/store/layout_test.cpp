#include "slipway/store/layout.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <future>

#include "slipway/base/forwarding_fs.h"
#include "slipway/base/lanes.h"
#include "slipway/io/filters.h"
#include "slipway/io/hash.h"
#include "slipway/oci/media_type.h"
#include "slipway/store/opener.h"
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

bool has_temporaries(const stdfs::path& folder) {
  const std::vector<std::string> names = real_fs().list(folder).value();
  return std::any_of(names.begin(), names.end(), [](const std::string& name) { return name.starts_with(".tmp-"); });
}

void overwrite(const stdfs::path& path, const std::string& text) {
  ASSERT_TRUE(write_file_atomically(real_fs(), path, text).has_value());
}

TEST(Layout, HasTheFilesOfTheSpecification) {
  const TempDir dir;
  const auto layout = make(dir.path() / "l");
  const Blob image = push_image(*layout, {"one"});
  ASSERT_TRUE(layout->tag(image.descriptor, "v1").has_value());
  EXPECT_EQ(read_file(real_fs(), dir.path() / "l/oci-layout").value(), R"({"imageLayoutVersion":"1.0.0"})");
  EXPECT_EQ(read_file(real_fs(), dir.path() / "l/index.json").value(),
            R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[{"mediaType":)"
            R"("application/vnd.oci.image.manifest.v1+json","digest":")" +
                image.descriptor.digest.str() + R"(","size":)" + std::to_string(image.descriptor.size) +
                R"(,"annotations":{"org.opencontainers.image.ref.name":"v1"}}]})");
  EXPECT_EQ(read_file(real_fs(), blob_path(dir.path() / "l", image.descriptor)).value(), image.bytes);
}

TEST(Layout, OpeningSaysWhatIsWrong) {
  const TempDir dir;
  EXPECT_EQ(LayoutTarget::open(dir.path() / "no").error().code, Errc::not_found);
  ASSERT_TRUE(real_fs().make_directories(dir.path() / "other").has_value());
  overwrite(dir.path() / "other/file", "x");
  EXPECT_EQ(LayoutTarget::open(dir.path() / "other").error().code, Errc::not_found);
  EXPECT_EQ(LayoutTarget::open_or_create(dir.path() / "other").error().code, Errc::invalid_argument);

  make(dir.path() / "l");
  overwrite(dir.path() / "l/oci-layout", R"({"imageLayoutVersion":"2.0.0"})");
  EXPECT_EQ(LayoutTarget::open(dir.path() / "l").error().code, Errc::verification_failed);
  overwrite(dir.path() / "l/oci-layout", R"({"imageLayoutVersion":"1.1.0"})");
  EXPECT_TRUE(LayoutTarget::open(dir.path() / "l").has_value());
  overwrite(dir.path() / "l/index.json", "{");
  EXPECT_EQ(LayoutTarget::open(dir.path() / "l").error().code, Errc::malformed);
  stdfs::remove(dir.path() / "l/index.json");
  EXPECT_EQ(LayoutTarget::open(dir.path() / "l").error().code, Errc::verification_failed);
}

/// A file system on which another process acts just before one call answers.
class InterruptedFs final : public ForwardingFileSystem {
 public:
  explicit InterruptedFs(std::string call, std::function<void()> act)
      : ForwardingFileSystem(real_fs()), call_(std::move(call)), act_(std::move(act)) {}

  Result<std::vector<std::string>> list(const stdfs::path& path) override {
    interrupt("list " + path.filename().string());
    return inner().list(path);
  }
  Result<FileStat> stat(const stdfs::path& path, bool follow) override {
    auto found = inner().stat(path, follow);
    interrupt("stat " + path.filename().string());
    return found;
  }
  Status sync_directory(const stdfs::path& path) override {
    interrupt("sync " + path.filename().string());
    return inner().sync_directory(path);
  }
  int interruptions() const { return interruptions_; }

 private:
  void interrupt(const std::string& call) {
    if (call != call_ || interruptions_++ > 0) return;
    act_();
  }

  std::string call_;
  std::function<void()> act_;
  std::atomic<int> interruptions_{0};
};

TEST(Layout, OneThatAnotherProcessIsCreatingIsNotDamaged) {
  const TempDir dir;
  const auto folder = dir.path() / "l";
  ASSERT_TRUE(real_fs().make_directories(folder / "blobs/sha256").has_value());
  const auto create = [&] { ASSERT_TRUE(test::push(*make(folder), make_blob("first")).has_value()); };
  for (const char* call : {"list sha256", "stat l"}) {
    stdfs::remove_all(folder);
    ASSERT_TRUE(real_fs().make_directories(folder / "blobs/sha256").has_value());
    InterruptedFs fs(call, create);
    const auto opened = LayoutTarget::open(folder, {.fs = &fs});
    EXPECT_TRUE(opened.has_value()) << call << ": " << opened.error().describe();
    EXPECT_GE(fs.interruptions(), 1) << call;
  }
  stdfs::remove(folder / "oci-layout");
  EXPECT_EQ(LayoutTarget::open(folder).error().code, Errc::verification_failed) << "blobs without oci-layout";
}

TEST(Layout, TwoProcessesThatCreateItLoseNoTag) {
  const TempDir dir;
  const auto folder = dir.path() / "l";
  std::future<void> other;
  const auto create_and_tag = [&] {
    other = std::async(std::launch::async, [&] {
      const auto layout = make(folder);
      const Blob image = push_image(*layout, {"one"});
      ASSERT_TRUE(layout->tag(image.descriptor, "v1").has_value());
    });
    other.wait_for(std::chrono::milliseconds(300));  // without the lock the other one is done by then
  };
  InterruptedFs fs("stat index.json", create_and_tag);  // the look under the lock
  const auto layout = make(folder, {.fs = &fs});
  ASSERT_GE(fs.interruptions(), 1);
  other.get();
  EXPECT_TRUE(layout->resolve(std::string("v1")).has_value());
}

TEST(Layout, MembersThatDifferByCaseFromTheIndexsAreRefused) {
  const TempDir dir;
  make(dir.path());
  overwrite(dir.path() / "index.json", R"({"schemaVersion":2,"manifests":[],"Manifests":[]})");
  EXPECT_EQ(LayoutTarget::open(dir.path()).error().code, Errc::malformed);
}

TEST(Layout, Row106_TwoEntriesWithOneNameAreAnError) {
  const TempDir dir;
  const auto layout = make(dir.path());
  const Blob one = push_image(*layout, {"one"});
  ASSERT_TRUE(layout->tag(one.descriptor, "v1").has_value());
  std::string index = read_file(real_fs(), dir.path() / "index.json").value();
  const std::string entry = index.substr(index.find("[") + 1, index.rfind("]") - index.find("[") - 1);
  overwrite(dir.path() / "index.json", index.insert(index.rfind("]"), "," + entry));
  const auto resolved = layout->resolve(std::string("v1"));
  ASSERT_FALSE(resolved.has_value());
  EXPECT_EQ(resolved.error().code, Errc::verification_failed);
  EXPECT_NE(resolved.error().message.find("\"v1\""), std::string::npos);
}

TEST(Layout, UnknownMembersOfTheIndexSurviveATag) {
  const TempDir dir;
  const auto layout = make(dir.path());
  const Blob one = push_image(*layout, {"one"});
  overwrite(
      dir.path() / "index.json",
      R"({"schemaVersion":2,"x-future":[1],"manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":")" +
          one.descriptor.digest.str() + R"(","size":)" + std::to_string(one.descriptor.size) +
          R"(,"x-mine":true,"annotations":{"org.opencontainers.image.ref.name":"old"}}]})");
  ASSERT_TRUE(layout->tag(one.descriptor, "new").has_value());
  const std::string index = read_file(real_fs(), dir.path() / "index.json").value();
  EXPECT_NE(index.find(R"("x-future":[1])"), std::string::npos);
  EXPECT_NE(index.find(R"("x-mine":true)"), std::string::npos);
}

TEST(Layout, Row105_ABlobIsNeverTrustedByItsNameAlone) {
  const TempDir dir;
  const auto record = dir.path() / "record";
  const Blob blob = make_blob("good bytes");
  const auto folder = dir.path() / "l";
  ASSERT_TRUE(test::push(*make(folder, {.fs = &real_fs(), .verified_record = record}), blob).has_value());
  EXPECT_TRUE(make(folder, {.fs = &real_fs(), .verified_record = record})->exists(blob.descriptor).value());
  overwrite(blob_path(folder, blob.descriptor), "evil bytes");
  const auto layout = make(folder, {.fs = &real_fs(), .verified_record = record});
  EXPECT_FALSE(layout->exists(blob.descriptor).value());
  const auto damaged = test::read(*layout, blob.descriptor);
  ASSERT_FALSE(damaged.has_value());
  EXPECT_EQ(damaged.error().code, Errc::verification_failed);
  EXPECT_NE(damaged.error().message.find(blob.descriptor.digest.str()), std::string::npos);
  EXPECT_NE(damaged.error().hint.find("again"), std::string::npos);
  ASSERT_TRUE(test::push(*layout, blob).has_value()) << "pushing mends it";
  EXPECT_EQ(test::read(*layout, blob.descriptor).value(), blob.bytes);
}

TEST(Layout, ADocumentIsThereOnlyWithEverythingItReaches) {
  const TempDir dir;
  const auto layout = make(dir.path());
  const Blob image = push_image(*layout, {"one", "two"});
  const Blob index = test::make_index({image, image});
  ASSERT_TRUE(test::push(*layout, index).has_value());
  const Blob layer = make_blob("two");
  const auto path = blob_path(dir.path(), layer.descriptor);
  for (const char* damage : {"twx", "longer", "", "gone"}) {
    ASSERT_TRUE(layout->exists(index.descriptor).value()) << damage;
    if (std::string(damage) == "gone") {
      stdfs::remove(path);
    } else {
      overwrite(path, damage);
    }
    EXPECT_FALSE(layout->exists(index.descriptor).value()) << damage;
    EXPECT_FALSE(layout->exists(image.descriptor).value()) << damage;
    EXPECT_EQ(test::push(*layout, index).error().code, Errc::not_found) << damage;
    ASSERT_TRUE(test::push(*layout, layer).has_value());
  }
}

TEST(Layout, LayersThatLiveElsewhereMayBeAbsent) {
  const TempDir dir;
  const auto layout = make(dir.path());
  Blob foreign = make_blob("windows base");
  foreign.descriptor.urls = {"https://example.com/base"};
  const Blob image = test::make_manifest({foreign});
  ASSERT_TRUE(test::push(*layout, make_blob("{}", std::string(oci::kEmptyType))).has_value());
  ASSERT_TRUE(test::push(*layout, image).has_value());
  ASSERT_TRUE(layout->tag(image.descriptor, "v1").has_value());
  EXPECT_TRUE(layout->exists(image.descriptor).value());
  EXPECT_FALSE(layout->exists(foreign.descriptor).value());
  EXPECT_TRUE(layout->validate()->empty());
}

TEST(Layout, HoldsSha512ToItsWordAsWell) {
  const TempDir dir;
  const auto layout = make(dir.path());
  const std::string bytes = "hashed with sha512";
  io::Hasher hasher("sha512");
  hasher.update(io::as_bytes(bytes));
  const oci::Descriptor descriptor("application/x-y", hasher.finish(), static_cast<std::int64_t>(bytes.size()));
  EXPECT_EQ(test::push(*layout, {descriptor, "hashed with sha-12"}).error().code, Errc::verification_failed);
  ASSERT_TRUE(test::push(*layout, {descriptor, bytes}).has_value());
  EXPECT_EQ(read_file(real_fs(), dir.path() / "blobs/sha512" / std::string(descriptor.digest.hex())).value(), bytes);
  EXPECT_TRUE(make(dir.path())->exists(descriptor).value());
}

TEST(Layout, ReferrersAreFoundBesideEntriesWhoseBlobIsGone) {
  const TempDir dir;
  const auto layout = make(dir.path());
  const Blob image = push_image(*layout, {"one"});
  const Blob other = push_image(*layout, {"two"});
  ASSERT_TRUE(layout->tag(other.descriptor, "v2").has_value());
  const Blob referrer = test::make_manifest({}, image.descriptor);
  ASSERT_TRUE(test::push(*layout, referrer).has_value());
  stdfs::remove(blob_path(dir.path(), other.descriptor));
  const auto found = layout->referrers(image.descriptor.digest, "");
  ASSERT_TRUE(found.has_value()) << found.error().describe();
  ASSERT_EQ(found->size(), 1u);
  EXPECT_EQ(found->front().digest, referrer.descriptor.digest);
}

TEST(Layout, AFileThatChangesAfterItWasPlacedIsNotVouchedFor) {
  const TempDir dir;
  const auto record = dir.path() / "record";
  const Blob blob = make_blob("0123456789");
  const auto folder = dir.path() / "l";
  ASSERT_TRUE(test::push(*make(folder, {.fs = &real_fs(), .verified_record = record}), blob).has_value());
  // In place: same inode, same size, and mtime put back as cp -p would.
  const auto path = blob_path(folder, blob.descriptor);
  const auto before = stdfs::last_write_time(path);
  const int fd = ::open(path.c_str(), O_WRONLY);
  ASSERT_EQ(::pwrite(fd, "X", 1, 3), 1);
  ::close(fd);
  stdfs::last_write_time(path, before);
  EXPECT_FALSE(make(folder, {.fs = &real_fs(), .verified_record = record})->exists(blob.descriptor).value());
}

TEST(Layout, AFileThatTakesABlobsPlaceIsNotVouchedFor) {
  const TempDir dir;
  const Blob blob = make_blob("good bytes");
  const auto folder = dir.path() / "l";
  const auto path = blob_path(folder, blob.descriptor);
  make(folder);
  // Another writer's file, between the rename and the look at what has the name.
  InterruptedFs fs("sync sha256", [&] { overwrite(path, "evil bytes"); });
  const auto layout = make(folder, {.fs = &fs});
  ASSERT_TRUE(test::push(*layout, blob).has_value());
  ASSERT_GE(fs.interruptions(), 1);
  EXPECT_FALSE(layout->exists(blob.descriptor).value());
}

/// More bytes than anybody wants.
class EndlessSource final : public io::RestartableSource {
 public:
  Result<std::size_t> read(std::span<std::byte> buffer) override {
    constexpr std::uint64_t kEnough = 64u << 20;
    if (given >= kEnough) return 0;
    std::fill(buffer.begin(), buffer.end(), std::byte{'x'});
    given += buffer.size();
    return buffer.size();
  }
  Status restart() override { return {}; }
  std::uint64_t given = 0;
};

TEST(Layout, ASourceThatNeverEndsIsStoppedBehindThePromisedSize) {
  const TempDir dir;
  const auto layout = make(dir.path());
  EndlessSource bytes;
  const Status pushed = layout->push(make_blob("ten bytes.").descriptor, bytes);
  ASSERT_FALSE(pushed);
  EXPECT_EQ(pushed.error().code, Errc::verification_failed);
  EXPECT_LE(bytes.given, 2 * io::kBlock);
  EXPECT_FALSE(has_temporaries(dir.path()));
}

TEST(Layout, ASymlinkToTheRightBytesIsNotABlobEither) {
  const TempDir dir;
  const auto layout = make(dir.path() / "l");
  const Blob blob = make_blob("the right bytes");
  overwrite(dir.path() / "outside", blob.bytes);
  stdfs::create_symlink(dir.path() / "outside", blob_path(dir.path() / "l", blob.descriptor));
  EXPECT_FALSE(layout->exists(blob.descriptor).value());
  EXPECT_FALSE(layout->fetch(blob.descriptor).has_value());
}

TEST(Layout, Row102_RefusesBlobsThatAreNoRegularFiles) {
  const TempDir dir;
  const auto layout = make(dir.path());
  const Blob blob = make_blob("x");
  ASSERT_TRUE(real_fs().make_directories(dir.path() / "blobs/sha256").has_value());
  stdfs::create_symlink("/etc/hostname", blob_path(dir.path(), blob.descriptor));
  EXPECT_FALSE(layout->exists(blob.descriptor).value());
  EXPECT_FALSE(test::read(*layout, blob.descriptor).has_value());
  stdfs::remove(blob_path(dir.path(), blob.descriptor));
  ASSERT_EQ(::mkfifo(blob_path(dir.path(), blob.descriptor).c_str(), 0600), 0);
  EXPECT_FALSE(layout->exists(blob.descriptor).value());
  EXPECT_FALSE(test::read(*layout, blob.descriptor).has_value());
}

TEST(Layout, Row103_RefusesABlobFolderThatLeadsElsewhere) {
  const TempDir dir;
  make(dir.path() / "l");
  stdfs::remove_all(dir.path() / "l/blobs");
  stdfs::create_directory(dir.path() / "elsewhere");
  stdfs::create_symlink(dir.path() / "elsewhere", dir.path() / "l/blobs");
  EXPECT_EQ(LayoutTarget::open(dir.path() / "l").error().code, Errc::verification_failed);
}

TEST(Layout, ValidateNamesEveryDamagedBlob) {
  const TempDir dir;
  const auto layout = make(dir.path());
  const Blob one = push_image(*layout, {"one", "two"});
  ASSERT_TRUE(layout->tag(one.descriptor, "v1").has_value());
  EXPECT_TRUE(layout->validate()->empty());
  const Blob layer = make_blob("one");
  overwrite(blob_path(dir.path(), layer.descriptor), "0ne");
  stdfs::remove(blob_path(dir.path(), make_blob("two").descriptor));
  const auto problems = layout->validate();
  ASSERT_TRUE(problems.has_value());
  EXPECT_EQ(problems->size(), 2u);
}

TEST(Layout, StaleTemporariesGoAndLivingOnesStay) {
  const TempDir dir;
  make(dir.path());
  const pid_t child = ::fork();
  if (child == 0) ::_exit(0);
  ::waitpid(child, nullptr, 0);
  const std::string stale = ".tmp-" + std::to_string(child) + "-abc";
  const std::string living = temporary_name("").string();
  overwrite(dir.path() / stale, "x");
  overwrite(dir.path() / living, "x");
  // A writer in another PID namespace.
  const stdfs::path foreign = dir.path() / (".tmp-" + std::to_string(child) + "-def");
  auto writing = real_fs().create(foreign).value();
  make(dir.path());
  EXPECT_FALSE(real_fs().stat(dir.path() / stale).has_value());
  EXPECT_TRUE(real_fs().stat(dir.path() / living).has_value());
  EXPECT_TRUE(real_fs().stat(foreign).has_value());
  writing.reset();
  make(dir.path());
  EXPECT_FALSE(real_fs().stat(foreign).has_value());
}

TEST(Layout, ABlobThatIsNotAManifestIsNamed) {
  const TempDir dir;
  const auto layout = make(dir.path());
  for (const std::string text : {"<html>", "{}", R"({"schemaVersion":2,"config":7})", R"({"schemaVersion":2,"lay)"}) {
    const oci::Descriptor blob("application/octet-stream", io::digest_of(text), static_cast<std::int64_t>(text.size()));
    io::TextSource source(text);
    ASSERT_TRUE(layout->push(blob, source));
    const auto found = layout->resolve(blob.digest);
    ASSERT_TRUE(!found && found.error().code == Errc::malformed) << text;
    EXPECT_EQ(found.error().message.rfind(blob.digest.str() + " of oci:", 0), 0u) << found.error().message;
  }
  EXPECT_EQ(layout->resolve(io::digest_of("nothing")).error().code, Errc::not_found);
}

TEST(Layout, ReadsWithoutWriting) {
  const TempDir dir;
  const auto layout = make(dir.path());
  const Blob image = push_image(*layout, {"one"});
  ASSERT_TRUE(layout->tag(image.descriptor, "v1").has_value());
  const auto before = real_fs().list(dir.path()).value();
  test::FaultFs counting;
  const auto reader = LayoutTarget::open(dir.path(), {.fs = &counting, .verified_record = {}}).value();
  EXPECT_TRUE(reader->resolve(std::string("v1")).has_value());
  EXPECT_TRUE(test::read(*reader, image.descriptor).has_value());
  EXPECT_EQ(counting.steps(), 0u);
  EXPECT_EQ(real_fs().list(dir.path()).value(), before);
}

TEST(Layout, WhatWasHashedWhileItWasWrittenIsNotHashedAgain) {
  const TempDir dir;
  test::BlobReads fs;
  const stdfs::path record = dir.path() / "record";
  const auto older = make(dir.path() / "l", {.fs = &fs, .verified_record = record});
  ASSERT_TRUE(test::push(*older, make_blob("older")).has_value());
  const auto layout = make(dir.path() / "l", {.fs = &fs, .verified_record = record});
  const Blob blob = make_blob("content");
  ASSERT_TRUE(test::push(*layout, blob).has_value());
  EXPECT_TRUE(layout->exists(blob.descriptor).value());
  EXPECT_EQ(fs.count, 0);
}

TEST(Layout, DeletedTagsAreGone) {
  const TempDir dir;
  const auto layout = make(dir.path());
  const Blob image = push_image(*layout, {"one"});
  ASSERT_TRUE(layout->tag(image.descriptor, "v1").has_value());
  ASSERT_TRUE(layout->delete_tag("v1").has_value());
  EXPECT_EQ(layout->resolve(std::string("v1")).error().code, Errc::not_found);
  EXPECT_EQ(layout->delete_tag("v1").error().code, Errc::not_found);
}

TEST(Layout, KeptImagesAreListedWithoutAName) {
  const TempDir dir;
  const auto layout = make(dir.path());
  const Blob image = push_image(*layout, {"one"});
  EXPECT_TRUE(layout->roots()->empty());
  ASSERT_TRUE(layout->keep_untagged(image.descriptor).has_value());
  ASSERT_TRUE(layout->keep_untagged(image.descriptor).has_value());
  EXPECT_EQ(layout->roots()->size(), 1u);
  EXPECT_TRUE(layout->list_tags()->empty());
}

TEST(Layout, KilledAtAnyStepItHasTheOldTagOrTheNewOneAndARerunCompletes) {
  const TempDir dir;
  const auto folder = dir.path() / "l";
  const auto before = make(folder);
  const Blob old_image = push_image(*before, {"old"});
  ASSERT_TRUE(before->tag(old_image.descriptor, "v").has_value());
  const Blob new_image = test::make_manifest({make_blob("new")});
  const auto work = [&](FileSystem& fs) {
    const auto layout = LayoutTarget::open_or_create(folder, {.fs = &fs, .verified_record = dir.path() / "record"});
    return layout && test::push(**layout, make_blob("new")) &&
           test::push(**layout, make_blob("{}", std::string(oci::kEmptyType))) && test::push(**layout, new_image) &&
           (*layout)->tag(new_image.descriptor, "v");
  };
  const int deaths = test::kill_at_every_step(work, [&](int step) {
    const auto layout = LayoutTarget::open(folder);
    ASSERT_TRUE(layout.has_value()) << step << ": " << layout.error().describe();
    EXPECT_TRUE((*layout)->validate()->empty()) << step;
    const auto tagged = (*layout)->resolve(std::string("v"));
    ASSERT_TRUE(tagged.has_value()) << step;
    EXPECT_TRUE(tagged->digest == old_image.descriptor.digest || tagged->digest == new_image.descriptor.digest) << step;
  });
  EXPECT_GT(deaths, 15);
  EXPECT_EQ(make(folder)->resolve(std::string("v"))->digest, new_image.descriptor.digest);
  EXPECT_FALSE(has_temporaries(folder));
}

TEST(Layout, KilledWhileItIsMadeItCanBeMadeAgain) {
  const TempDir dir;
  const auto folder = dir.path() / "l";
  const auto work = [&](FileSystem& fs) {
    return LayoutTarget::open_or_create(folder, {.fs = &fs, .verified_record = {}}).has_value();
  };
  test::kill_at_every_step(work, [&](int) {
    EXPECT_TRUE(LayoutTarget::open_or_create(folder).has_value());
    stdfs::remove_all(folder);
  });
}

TEST(Layout, AFullDiskLeavesNothingVisible) {
  const TempDir dir;
  const Blob blob = make_blob(std::string(500'000, 'z'));
  make(dir.path() / "l");
  for (std::uint64_t step = 1; step < 40; ++step) {
    test::FaultFs fs;
    const auto layout = LayoutTarget::open(dir.path() / "l", {.fs = &fs, .verified_record = {}}).value();
    fs.fail_at(step, Error(Errc::failed, "No space left on device"));
    const Status status = test::push(*layout, blob);
    if (status) return;  // the fault lay behind the last step
    EXPECT_EQ(status.error().code, Errc::failed);
    EXPECT_NE(status.error().message.find("No space left"), std::string::npos);
    EXPECT_FALSE(has_temporaries(dir.path() / "l")) << step;
    const auto again = LayoutTarget::open(dir.path() / "l").value();
    const bool visible = again->exists(blob.descriptor).value();
    if (visible) {
      EXPECT_EQ(test::read(*again, blob.descriptor).value(), blob.bytes) << "only whole blobs are visible";
      stdfs::remove(blob_path(dir.path() / "l", blob.descriptor));
    }
  }
  FAIL() << "no undisturbed run";
}

TEST(Layout, AFullDiskLeavesTheTagWhereItWas) {
  const TempDir dir;
  const auto before = make(dir.path());
  const Blob old_image = push_image(*before, {"old"});
  const Blob new_image = push_image(*before, {"new"});
  for (std::uint64_t step = 1; step < 20; ++step) {
    ASSERT_TRUE(before->tag(old_image.descriptor, "v").has_value());
    test::FaultFs fs;
    const auto layout = LayoutTarget::open(dir.path(), {.fs = &fs, .verified_record = {}}).value();
    fs.fail_at(step, Error(Errc::failed, "No space left on device"));
    const Status status = layout->tag(new_image.descriptor, "v");
    if (status) {
      EXPECT_GT(step, 5u);
      return;
    }
    const auto found = LayoutTarget::open(dir.path()).value()->resolve(std::string("v"));
    ASSERT_TRUE(found.has_value()) << step;
    // Lock, create, write, sync, rename: only what makes the rename durable comes after the new tag is seen.
    EXPECT_EQ(found->digest == old_image.descriptor.digest, step <= 5) << step;
  }
  FAIL() << "no undisturbed run";
}

TEST(Layout, ThreadsThatTagAtOnceLoseNothing) {
  const TempDir dir;
  const auto layout = make(dir.path());
  const Blob image = push_image(*layout, {"one"});
  std::vector<Status> results(24);
  ASSERT_TRUE(run_lanes(6, results.size(), {}, [&](std::size_t i, std::stop_token) {
                return results[i] = layout->tag(image.descriptor, fmt::format("t{}", i));
              }).has_value());
  EXPECT_EQ(layout->list_tags()->size(), results.size());
}

TEST(Layout, ProcessesThatTagAtOnceLoseNothing) {
  const TempDir dir;
  const auto layout = make(dir.path());
  const Blob image = push_image(*layout, {"one"});
  constexpr int kProcesses = 6;
  constexpr int kTags = 10;
  std::vector<pid_t> children;
  for (int p = 0; p < kProcesses; ++p) {
    const pid_t child = ::fork();
    if (child == 0) {
      const auto mine = LayoutTarget::open_or_create(dir.path());
      bool ok = mine.has_value();
      for (int t = 0; ok && t < kTags; ++t)
        ok = (*mine)->tag(image.descriptor, fmt::format("p{}-t{}", p, t)).has_value();
      ::_exit(ok ? 0 : 1);
    }
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
  }
  EXPECT_EQ(layout->list_tags()->size(), static_cast<std::size_t>(kProcesses * kTags));
}

TEST(ReferenceOf, DigestThenTagThenTheOnlyImage) {
  const TempDir dir;
  const auto layout = make(dir.path());
  const oci::Location place = oci::Location::layout(dir.path().string());
  EXPECT_EQ(reference_of(place, *layout).error().code, Errc::not_found);
  const Blob one = push_image(*layout, {"one"});
  ASSERT_TRUE(layout->tag(one.descriptor, "v1").has_value());
  EXPECT_EQ(to_string(reference_of(place, *layout).value()), "v1");
  EXPECT_EQ(to_string(reference_of(place.with_tag("x"), *layout).value()), "x");
  const oci::Location both = place.with_tag("x").with_digest(one.descriptor.digest);
  EXPECT_EQ(to_string(reference_of(both, *layout).value()), one.descriptor.digest.str());
  const Blob two = push_image(*layout, {"two"});
  ASSERT_TRUE(layout->tag(two.descriptor, "v2").has_value());
  const auto ambiguous = reference_of(place, *layout);
  ASSERT_FALSE(ambiguous.has_value());
  EXPECT_EQ(ambiguous.error().code, Errc::invalid_argument);
  EXPECT_EQ(ambiguous.error().hint, fmt::format("add a tag: {}:TAG with one of v1, v2", place.place()));
}

}  // namespace
}  // namespace slipway::store
