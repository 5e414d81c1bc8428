#include "slipway/builder/build_cache.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <thread>

#include "builder/place_book.h"
#include "slipway/base/file_attributes.h"
#include "slipway/base/forwarding_fs.h"
#include "slipway/base/text.h"
#include "slipway/builder/build.h"
#include "slipway/io/hash.h"
#include "support/fake_clock.h"
#include "support/fault_fs.h"
#include "support/temp_dir.h"

namespace slipway::builder {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::SizeIs;

std::string words(std::uint32_t seed, std::size_t size) {
  std::string text;
  while (text.size() < size)
    text += fmt::format("{} ", (seed = seed * 1664525u + 1013904223u) >> 14);
  text.resize(size);
  return text;
}

class BuildCacheTest : public ::testing::Test {
 protected:
  stdfs::path cache_folder() const { return dir.path() / "cache"; }
  BuildCache open(FileSystem& fs = real_fs()) { return BuildCache(fs, clock, cache_folder()); }
  std::vector<stdfs::path> files(const std::string& kind) const {
    std::vector<stdfs::path> found;
    if (!stdfs::exists(cache_folder() / kind)) return found;
    for (const auto& entry : stdfs::recursive_directory_iterator(cache_folder() / kind)) {
      if (entry.is_regular_file()) found.push_back(entry.path());
    }
    return found;
  }
  static void age(const stdfs::path& file, std::int64_t seconds) {
    const timespec times[2] = {{seconds, 0}, {seconds, 0}};
    ASSERT_EQ(::utimensat(AT_FDCWD, file.c_str(), times, 0), 0);
  }
  static io::Bytes bytes(std::string_view text) { return io::as_bytes(text); }
  static Digest key(std::string_view of) { return io::digest_of(of); }
  std::string found(BuildCache& cache, const Digest& at) {
    std::vector<std::byte> out(3);
    return cache.find(at, out) ? std::string(io::as_text(out)) : "(nothing)";
  }

  test::TempDir dir;
  test::FakeClock clock;
};

TEST_F(BuildCacheTest, GivesBlocksBack) {
  BuildCache cache = open();
  EXPECT_EQ(found(cache, key("a")), "(nothing)");
  EXPECT_FALSE(stdfs::exists(cache_folder())) << "looking makes nothing";
  const std::string large = words(1, 1u << 20);
  cache.remember(key("a"), bytes("block a"));
  cache.remember(key("b"), bytes(large));
  EXPECT_EQ(found(cache, key("a")), "block a");
  BuildCache other = open();
  EXPECT_EQ(found(other, key("b")), large);
  struct stat st {};
  ASSERT_EQ(::stat(files("blocks").front().c_str(), &st), 0);
  EXPECT_EQ(st.st_mode & 0777, 0600u) << "what is packed is nobody else's business";
}

TEST_F(BuildCacheTest, EveryDamageIsNoticedAndHeals) {
  BuildCache cache = open();
  cache.remember(key("a"), bytes("the block"));
  const stdfs::path file = files("blocks").front();
  const std::string good = read_file(real_fs(), file).value();
  std::vector<std::string> damaged{"", "slipway", good.substr(0, good.size() - 1), good + "x", good.substr(1)};
  for (std::size_t i = 0; i < good.size(); i += 7) {
    damaged.push_back(good);
    damaged.back()[i] = static_cast<char>(damaged.back()[i] ^ 1);
  }
  for (const std::string& bad : damaged) {
    std::ofstream(file, std::ios::binary | std::ios::trunc) << bad;
    EXPECT_EQ(found(cache, key("a")), "(nothing)") << printable(bad);
    EXPECT_FALSE(stdfs::exists(file)) << "damage is removed";
    cache.remember(key("a"), bytes("the block"));
    EXPECT_EQ(found(cache, key("a")), "the block");
  }
}

TEST_F(BuildCacheTest, ARecordThatSomebodyElseCouldHaveWrittenIsNotBelieved) {
  const layer::Fingerprint inputs{key("inputs"), 5'000'000'000};
  const layer::LayerDigests digests{key("tar"), key("blob"), 77};
  BuildCache first = open();
  first.remember(key("a"), bytes("the block"));
  first.remember_layer(inputs, digests, 1'000'000);
  for (const char* kind : {"blocks", "layers"})
    ::chmod(files(kind).front().c_str(), 0666);
  BuildCache cache = open();
  EXPECT_EQ(found(cache, key("a")), "(nothing)");
  EXPECT_EQ(cache.find_layer(inputs), std::nullopt);
  EXPECT_TRUE(cache.met_foreign_records());
  cache.remember(key("a"), bytes("the block"));
  EXPECT_EQ(found(cache, key("a")), "the block") << "made again";
}

TEST_F(BuildCacheTest, AFolderThatOthersCanWriteIsNotUsed) {
  BuildCache first = open();
  first.remember(key("a"), bytes("the block"));
  EXPECT_FALSE(first.met_foreign_records());
  ::chmod(cache_folder().c_str(), 0777);
  BuildCache cache = open();
  EXPECT_EQ(found(cache, key("a")), "(nothing)");
  cache.remember(key("b"), bytes("another"));
  EXPECT_EQ(found(cache, key("b")), "(nothing)");
  EXPECT_TRUE(cache.met_foreign_records());
  ::chmod(cache_folder().c_str(), 0700);
  BuildCache again = open();
  EXPECT_EQ(found(again, key("a")), "the block");
}

TEST_F(BuildCacheTest, AFullDiskOnlyMeansNoCache) {
  for (std::uint64_t step = 1; step <= 5; ++step) {
    test::FaultFs full;
    full.fail_at(step, Error(Errc::failed, "no space"));
    BuildCache cache(full, clock, dir.path() / fmt::format("cache{}", step));
    cache.remember(key("a"), bytes("block"));
    EXPECT_EQ(found(cache, key("a")), "(nothing)") << step;
    EXPECT_LE(full.steps(), 6u) << "nothing is written after the first failure but to tidy up";
  }
}

TEST_F(BuildCacheTest, LayersAreKnownByTheirInputs) {
  const layer::Fingerprint inputs{key("inputs"), 5'000'000'000};
  const layer::LayerDigests digests{key("tar"), key("blob"), 77};
  BuildCache cache = open();
  EXPECT_EQ(cache.find_layer(inputs), std::nullopt);
  cache.remember_layer(inputs, digests, 100);
  const auto known = cache.find_layer(inputs);
  ASSERT_TRUE(known);
  EXPECT_EQ(known->diff_id, digests.diff_id);
  EXPECT_EQ(known->digest, digests.digest);
  EXPECT_EQ(known->size, 77);
  EXPECT_EQ(cache.find_layer({key("others"), 5'000'000'000}), std::nullopt);
}

TEST_F(BuildCacheTest, InputsThatAreTooYoungAreNotTrusted) {
  BuildCache cache = open();
  const layer::LayerDigests digests{key("tar"), key("blob"), 77};
  for (const std::int64_t newest : {98, 99, 100, 105}) {
    const layer::Fingerprint inputs{key("inputs"), newest * 1'000'000'000};
    cache.remember_layer(inputs, digests, 100);
    EXPECT_EQ(cache.find_layer(inputs), std::nullopt) << newest;
  }
  cache.remember_layer({key("inputs"), 97'999'999'999}, digests, 100);
  EXPECT_TRUE(cache.find_layer({key("inputs"), 0}));
}

TEST_F(BuildCacheTest, ALayerRecordThatWasChangedIsNone) {
  BuildCache cache = open();
  const layer::Fingerprint inputs{key("inputs"), 0};
  const layer::LayerDigests digests{key("tar"), key("blob"), 77};
  cache.remember_layer(inputs, digests, 100);
  const stdfs::path file = files("layers").front();
  const std::string good = read_file(real_fs(), file).value();
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = bad[i] == '1' ? '2' : '1';
    std::ofstream(file, std::ios::binary | std::ios::trunc) << bad;
    EXPECT_EQ(cache.find_layer(inputs), std::nullopt) << bad;
  }
  std::ofstream(cache_folder() / "layers" / std::string(key("else").hex())) << good;
  EXPECT_EQ(cache.find_layer({key("else"), 0}), std::nullopt) << "a record under another name";
}

TEST_F(BuildCacheTest, VerdictsAreKnownByTheirInputsAndHealWhenDamaged) {
  clock.advance(std::chrono::seconds(1000));
  BuildCache cache = open();
  const layer::Fingerprint good{key("good"), 900'000'000'000}, bad{key("bad"), 900'000'000'000},
      young{key("young"), 999'000'000'000};
  cache.remember_verdict(good, "", 1000);
  cache.remember_verdict(bad, "[\"no loader\"]", 1000);
  cache.remember_verdict(young, "", 1000);
  cache.remember_verdict({key("long"), 0}, std::string(1u << 20, 'x'), 1000);
  EXPECT_EQ(cache.find_verdict(good), "");
  EXPECT_EQ(cache.find_verdict(bad), "[\"no loader\"]");
  EXPECT_EQ(cache.find_verdict(young), std::nullopt);
  EXPECT_THAT(files("proofs"), SizeIs(2));
  for (const stdfs::path& file : files("proofs")) {
    if (stdfs::file_size(file) > 0) stdfs::resize_file(file, stdfs::file_size(file) - 1);
  }
  EXPECT_EQ(cache.find_verdict(bad), std::nullopt);
  EXPECT_THAT(files("proofs"), SizeIs(1)) << "a damaged record goes";
  stdfs::copy_file(files("proofs").front(), cache_folder() / "proofs" / std::string(bad.digest.hex()));
  cache.remember_verdict(bad, "x", 1000);
  stdfs::copy_file(cache_folder() / "proofs" / std::string(bad.digest.hex()),
                   cache_folder() / "proofs" / std::string(young.digest.hex()));
  EXPECT_EQ(cache.find_verdict(bad), "x");
  EXPECT_EQ(cache.find_verdict(young), std::nullopt) << "a record under another name";
}

TEST_F(BuildCacheTest, PruningKeepsWhatWasUsedLast) {
  BuildCache cache = open();
  const std::string block(1000, 'b');
  for (int i = 0; i < 10; ++i)
    cache.remember(key(std::to_string(i)), bytes(block));
  for (const stdfs::path& file : files("blocks"))
    age(file, clock.now() - 1'000'000);
  EXPECT_EQ(found(cache, key("3")), block) << "use makes young";
  EXPECT_EQ(found(cache, key("8")), block);
  const auto stale = cache_folder() / "blocks" / ".tmp-999999999-1";
  const auto busy = cache_folder() / "blocks" / fmt::format(".tmp-{}-1", ::getpid());
  std::ofstream(stale) << "half";
  std::ofstream(busy) << "half";
  const auto before = cache_stats(real_fs(), cache_folder());
  ASSERT_TRUE(before);
  ASSERT_THAT(*before, SizeIs(1));
  EXPECT_EQ(before->front().name, "blocks");
  EXPECT_EQ(before->front().files, 12u);

  const auto removed = prune_cache(real_fs(), cache_folder(), 2500);
  ASSERT_TRUE(removed);
  EXPECT_EQ(removed->files, 9u);
  EXPECT_EQ(found(cache, key("3")), block);
  EXPECT_EQ(found(cache, key("8")), block);
  EXPECT_EQ(found(cache, key("5")), "(nothing)");
  EXPECT_FALSE(stdfs::exists(stale));
  EXPECT_TRUE(stdfs::exists(busy));
  EXPECT_TRUE(prune_cache(real_fs(), dir.path() / "not there", 0)) << "no cache is an empty one";
}

TEST_F(BuildCacheTest, SettlingPrunesOnlyAfterMuchWasAdded) {
  BuildCache cache = open();
  for (int i = 0; i < 10; ++i)
    cache.remember(key(std::to_string(i)), bytes(words(static_cast<std::uint32_t>(i), 1000)));
  cache.settle(1'000'000);
  EXPECT_THAT(files("blocks"), SizeIs(10));
  cache.settle(5'000);
  EXPECT_THAT(files("blocks"), SizeIs(4));
}

TEST_F(BuildCacheTest, ManyAtOnce) {
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      BuildCache cache = open();
      for (int i = 0; i < 200; ++i) {
        const std::string name = std::to_string(i % 20);
        cache.remember(key(name), bytes("block " + name));
        const std::string got = found(cache, key(name));
        EXPECT_TRUE(got == "block " + name || got == "(nothing)") << got;
        if (i % 50 == 49) {
          EXPECT_TRUE(prune_cache(real_fs(), cache_folder(), 500));
        }
      }
    });
  }
}

/// Whole builds with the cache.
class CachedBuild : public BuildCacheTest {
 protected:
  CachedBuild() {
    for (std::uint32_t i = 0; i < 12; ++i)
      put(fmt::format("f{}", i), words(i, 400'000 * (i % 3)));
    for (const auto& entry : stdfs::directory_iterator(dir.path() / "tree"))
      age(entry.path(), 1'000'000);
    clock.advance(std::chrono::seconds(1'000'000'000));  // well after the inodes changed
  }
  void put(const std::string& name, const std::string& text) {
    stdfs::create_directories(dir.path() / "tree");
    std::ofstream(dir.path() / "tree" / name, std::ios::binary | std::ios::trunc) << text;
  }
  struct Events final : BuildObserver {
    void layer_reused(const std::string&, const std::string&, const oci::Descriptor&) override { ++reused; }
    void layer_built(const std::string&, const std::string&, const oci::Descriptor&) override { ++built; }
    int reused = 0, built = 0;
  };
  std::vector<Error> warnings(BuildCache* cache, FileSystem& fs = real_fs()) {
    (void)build(cache, "out", fs);
    return warned;
  }
  Digest build(BuildCache* cache, const std::string& out = "out", FileSystem& fs = real_fs()) {
    AdHocRequest typed;
    typed.adds = {"tree:/srv"};
    typed.platforms = {"linux/amd64"};
    const auto recipe = recipe_from_flags(typed, dir.path());
    BuildRequest request;
    BuildServices services{fs, book};
    request.state_folder = dir.path() / ".slipway";
    request.destinations = {{oci::Location::layout((dir.path() / out).native()), {"v1"}}};
    services.cache = cache;
    services.observer = &events;
    auto built = build_image(*recipe, request, services);
    EXPECT_TRUE(built) << built.error().describe();
    warned = built->warnings;
    return built->root.digest;
  }
  PlaceBook book;
  std::vector<Error> warned;
  Events events;
};

TEST_F(CachedBuild, UnchangedFilesAreNotEvenRead) {
  BuildCache cache = open();
  const Digest first = build(&cache);
  EXPECT_EQ(events.built, 1);
  EXPECT_EQ(build(&cache), first);
  EXPECT_EQ(events.reused, 1);
  EXPECT_EQ(events.built, 1);
}

/// Counts what a build asks of files: the programs opened, the attributes read.
class CountingFs final : public ForwardingFileSystem {
 public:
  CountingFs() : ForwardingFileSystem(real_fs()) {}
  Result<std::unique_ptr<File>> open(const stdfs::path& path, bool follow) override {
    opened += path.native().find("/tree/") != std::string::npos ? 1 : 0;
    return inner().open(path, follow);
  }
  Result<FileAttributes> attributes(const stdfs::path&) override {
    ++asked;
    return FileAttributes();
  }
  int opened = 0, asked = 0;
};

TEST_F(CachedBuild, UnchangedFilesAreNotLookedAtAgainEvenIfSomethingIsWrong) {
  put("script", "#!/bin/nowhere\n");
  ::chmod((dir.path() / "tree/script").c_str(), 0755);
  stdfs::create_directories(dir.path() / "tree/folder");
  put("folder/file", "x");
  BuildCache cache = open();
  const std::vector<Error> first = warnings(&cache);
  ASSERT_THAT(first, SizeIs(1));
  EXPECT_THAT(first[0].message, HasSubstr("/bin/nowhere"));
  CountingFs fs;
  const std::vector<Error> second = warnings(&cache, fs);
  ASSERT_THAT(second, SizeIs(1));
  EXPECT_EQ(second[0].describe(), first[0].describe());
  EXPECT_EQ(fs.opened, 0);
  EXPECT_EQ(fs.asked, 0);
  put("folder/more", "x");
  EXPECT_THAT(warnings(&cache, fs), SizeIs(1));
  EXPECT_GT(fs.asked, 0) << "another folder";
}

TEST_F(CachedBuild, AChangeAMoveOrATouchIsSeen) {
  BuildCache cache = open();
  const Digest first = build(&cache);
  put("f1", words(99, 400'000));
  EXPECT_NE(build(&cache), first);
  put("f1", words(1, 400'000));
  EXPECT_EQ(build(&cache), first) << "the same bytes in another inode or at another time";
  EXPECT_EQ(events.built, 3);
  EXPECT_EQ(events.reused, 0);
}

TEST_F(CachedBuild, WithWithoutAndWithADamagedCacheTheDigestIsTheSame) {
  const Digest without = build(nullptr, "plain");
  BuildCache cache = open();
  EXPECT_EQ(build(&cache, "first"), without);
  EXPECT_GT(files("blocks").size(), 4u);
  EXPECT_THAT(files("layers"), SizeIs(1));
  EXPECT_EQ(build(&cache, "second"), without) << "the record is there, its blob is not: blocks are";
  std::uint32_t state = 1;
  for (int round = 0; round < 4; ++round) {
    std::vector<stdfs::path> all = files("blocks");
    for (const stdfs::path& file : files("layers"))
      all.push_back(file);
    for (const stdfs::path& file : all) {
      std::string text = read_file(real_fs(), file).value();
      state = state * 1664525u + 1013904223u;
      if (round == 0) {
        text[(state >> 8) % text.size()] ^= 4;
      } else if (round == 1) {
        text.resize((state >> 8) % text.size());
      } else if (round == 2) {
        text = read_file(real_fs(), all[(state >> 8) % all.size()]).value();
      } else {
        text += "more";
      }
      std::ofstream(file, std::ios::binary | std::ios::trunc) << text;
    }
    EXPECT_EQ(build(&cache, fmt::format("damaged{}", round)), without) << round;
  }
}

TEST_F(CachedBuild, ARecordWhoseBlobIsDamagedIsNotTrusted) {
  BuildCache cache = open();
  const Digest first = build(&cache);
  for (const auto& entry : stdfs::directory_iterator(dir.path() / "out/blobs/sha256")) {
    if (entry.file_size() > 100'000) stdfs::resize_file(entry.path(), 100);
  }
  EXPECT_EQ(build(&cache), first);
  EXPECT_EQ(events.built, 2);
}

}  // namespace
}  // namespace slipway::builder
