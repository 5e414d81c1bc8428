#include "slipway/io/compress.h"

#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "io/block_codec.h"
#include "slipway/io/filters.h"
#include "slipway/io/hash.h"

namespace slipway::io {
namespace {

/// Deterministic bytes that compress about as well as code does.
std::string sample(std::size_t size) {
  std::string text;
  std::uint32_t state = 1;
  while (text.size() < size) {
    state = state * 1664525u + 1013904223u;
    text += "word" + std::to_string(state >> 20) + (state % 7 == 0 ? "\n" : " ");
  }
  text.resize(size);
  return text;
}

std::string pressed(std::string_view text, Compression format, Level level, std::size_t step = 4096,
                    std::size_t lanes = 1) {
  StringSink out(64u << 20);
  const auto sink =
      compressor({.format = format, .level = level, .lanes = lanes, .codec = installed_codec(format, level).value()},
                 out)
          .value();
  for (std::size_t at = 0; at < text.size(); at += step) {
    EXPECT_TRUE(sink->write(as_bytes(text.substr(at, step))).has_value());
  }
  EXPECT_TRUE(sink->finish().has_value());
  return out.take();
}

Result<std::string> unpressed(std::string bytes) {
  const auto source = decompressor(std::make_unique<StringSource>(std::move(bytes)));
  return read_all(*source, 64u << 20);
}

using Case = std::tuple<Compression, Level>;
class RoundTrip : public testing::TestWithParam<Case> {};

TEST_P(RoundTrip, AnySizeAndSplit) {
  const auto [format, level] = GetParam();
  for (const std::size_t size : {0u, 1u, 1000u, 1u << 20, (1u << 20) + 1, 2u << 20}) {
    const std::string text = sample(size);
    const std::string bytes = pressed(text, format, level, 65'537);
    EXPECT_EQ(bytes, pressed(text, format, level, 1u << 22)) << "split changes the bytes at " << size;
    EXPECT_EQ(unpressed(bytes).value(), text) << size;
  }
}

INSTANTIATE_TEST_SUITE_P(All, RoundTrip,
                         testing::Combine(testing::Values(Compression::gzip, Compression::zstd, Compression::none),
                                          testing::Values(Level::fast, Level::normal, Level::best)));

TEST(Compress, LanesDoNotChangeTheBytes) {
  const std::string text = sample(7'500'000);
  for (const Compression format : {Compression::gzip, Compression::zstd}) {
    const std::string one = pressed(text, format, Level::fast, 100'000, 1);
    for (const std::size_t lanes : {2u, 3u, 64u}) {
      EXPECT_EQ(digest_of(pressed(text, format, Level::fast, 70'001, lanes)), digest_of(one)) << lanes;
    }
  }
}

TEST(Compress, WhatCameInIsHashedBesides) {
  const std::string text = sample(5'300'000);
  for (const Compression format : {Compression::none, Compression::gzip, Compression::zstd}) {
    for (const std::size_t lanes : {1u, 2u, 5u}) {
      Hasher plain;
      NullSink nowhere;
      const auto sink =
          compressor({format, Level::fast, lanes, nullptr, &plain, installed_codec(format, Level::fast).value()},
                     nowhere)
              .value();
      for (std::string_view rest = text; !rest.empty(); rest.remove_prefix(std::min<std::size_t>(rest.size(), 70'001)))
        ASSERT_TRUE(sink->write(as_bytes(rest.substr(0, 70'001))));
      ASSERT_TRUE(sink->finish());
      EXPECT_EQ(plain.finish(), digest_of(text)) << lanes;
    }
  }
}

/// Takes `limit` bytes, then fails.
class FullSink final : public Sink {
 public:
  explicit FullSink(std::size_t limit) : left_(limit) {}
  Status write(Bytes bytes) override {
    if (bytes.size() > left_) return fail(Errc::failed, "no space");
    left_ -= bytes.size();
    return {};
  }
  Status finish() override { return {}; }

 private:
  std::size_t left_;
};

TEST(Compress, AFullSinkFailsTheWriterWhileLanesRun) {
  FullSink full(1'000'000);
  const auto sink = compressor({Compression::gzip, Level::fast, 4}, full).value();
  const std::string text = sample(1'000'000);
  Status status;
  for (int i = 0; i < 50 && status; ++i)
    status = sink->write(as_bytes(text));
  ASSERT_FALSE(status.has_value());
  EXPECT_EQ(status.error().message, "no space");
}

TEST(Compress, GzipHasNoTimeAndNoName) {
  const std::string bytes = pressed("hello", Compression::gzip, Level::normal);
  EXPECT_EQ(bytes.substr(0, 4), std::string("\x1f\x8b\x08\x00", 4));
  EXPECT_EQ(bytes.substr(4, 4), std::string(4, '\0'));
}

// A change here changes users' layer digests: that needs a new compatibility level, or a codec of its own.
TEST(Compress, GoldenBytesOfEveryCodec) {
  struct Golden {
    Compression format;
    Level level;
    std::string_view codec;  // as CodecIdentity::name
    std::string_view digest;
  };
  constexpr Golden kGolden[] = {
      {Compression::gzip, Level::fast, "libdeflate-1.14", "efcb6b53de35"},
      {Compression::gzip, Level::normal, "libdeflate-1.14", "9cce594278a7"},
      {Compression::gzip, Level::best, "libdeflate-1.14", "f2a34a6a0e5d"},
      {Compression::gzip, Level::best, "libdeflate-1.23", "f2a34a6a0e5d"},
      {Compression::zstd, Level::fast, "zstd-1.5.4", "6974e4313a69"},
      {Compression::zstd, Level::normal, "zstd-1.5.4", "ed38ef6dd566"},
      {Compression::zstd, Level::best, "zstd-1.5.4", "c34d96debe45"},
      {Compression::zstd, Level::fast, "zstd-1.5.7", "6974e4313a69"},
      {Compression::zstd, Level::normal, "zstd-1.5.7", "92c3c0060116"},
      {Compression::zstd, Level::best, "zstd-1.5.7", "0263850daa67"},
  };
  const std::string text = sample(2'500'000);
  int compared = 0;
  for (const Golden& golden : kGolden) {
    if (identify(codec_for(golden.format, golden.level))->name != golden.codec) continue;
    EXPECT_EQ(digest_of(pressed(text, golden.format, golden.level)).short_hex(), golden.digest) << golden.codec;
    ++compared;
  }
  EXPECT_EQ(compared, 6) << "each format and level has one installed library";
}

TEST(Codec, TheInstalledLibraryIsOneThatIsKnown) {
  for (const Compression format : {Compression::gzip, Compression::zstd}) {
    for (const Level level : {Level::fast, Level::normal, Level::best}) {
      CodecPlan plan = codec_for(format, level);
      const auto identity = identify(plan);
      ASSERT_TRUE(identity) << identity.error().describe();
      const auto codec = parse_codec(format, level, identity->name);
      ASSERT_TRUE(codec);
      EXPECT_EQ(codec->empty(), identity->name == plan.identities.front().name);
      EXPECT_TRUE(check_codec({.format = format, .level = level, .codec = *codec}));
    }
  }
}

TEST(Codec, IsNamedWhereVersionsDiffer) {
  EXPECT_EQ(differing_codec(Compression::none, Level::normal).value(), "");
  EXPECT_EQ(differing_codec(Compression::gzip, Level::fast).value(), "");
  EXPECT_EQ(differing_codec(Compression::gzip, Level::normal).value(), "");
  for (const auto& [format, level] : {std::pair(Compression::gzip, Level::best),
                                      {Compression::zstd, Level::fast},
                                      {Compression::zstd, Level::normal},
                                      {Compression::zstd, Level::best}}) {
    const std::string name = differing_codec(format, level).value();
    ASSERT_FALSE(name.empty());
    EXPECT_EQ(parse_codec(format, level, name).value(), installed_codec(format, level).value());
  }
}

TEST(Codec, AnotherLibraryIsRefusedBeforeItIsUsed) {
  for (const Compression format : {Compression::gzip, Compression::zstd}) {
    for (const Level level : {Level::fast, Level::normal, Level::best}) {
      CodecPlan plan = codec_for(format, level);
      // A stand-in for a version that nobody knows: the same library at a level of its own.
      plan.make = [format, level] {
        return codec_for(format, level == Level::fast ? Level::normal : Level::fast).make();
      };
      const auto other = identify(plan);
      ASSERT_FALSE(other) << plan.id;
      EXPECT_EQ(other.error().code, Errc::unsupported);
      EXPECT_NE(other.error().message.find(plan.identities.front().name), std::string::npos) << other.error().message;
    }
  }
}

TEST(Codec, EveryIdentityHasAProofAndANameOfItsOwn) {
  for (const Compression format : {Compression::gzip, Compression::zstd}) {
    for (const Level level : {Level::fast, Level::normal, Level::best}) {
      std::set<std::string> seen;
      for (const CodecIdentity& identity : codec_for(format, level).identities) {
        EXPECT_TRUE(seen.emplace(identity.name).second) << identity.name;
        EXPECT_TRUE(seen.emplace(identity.proof).second) << identity.name;
        EXPECT_EQ(identity.proof.size(), 64u);
      }
    }
  }
}

TEST(Codec, OfTwoIdentitiesTheInstalledOneAloneIsMade) {
  const CodecPlan plan = codec_for(Compression::zstd, Level::best);
  const auto installed = identify(plan);
  ASSERT_TRUE(installed);
  for (const CodecIdentity& identity : plan.identities) {
    const auto codec = parse_codec(Compression::zstd, Level::best, identity.name);
    ASSERT_TRUE(codec);
    StringSink out(1u << 20);
    const auto made = compressor({.format = Compression::zstd, .level = Level::best, .codec = *codec}, out);
    EXPECT_EQ(made.has_value(), identity.name == installed->name);
    if (made) continue;
    EXPECT_EQ(made.error().code, Errc::unsupported);
    EXPECT_NE(made.error().message.find(identity.name), std::string::npos) << made.error().message;
    EXPECT_NE(made.error().message.find(installed->name), std::string::npos) << made.error().message;
    EXPECT_NE(made.error().hint.find("--codec"), std::string::npos) << made.error().hint;
  }
}

TEST(Codec, NamesThatALevelDoesNotHaveAreRefused) {
  EXPECT_EQ(parse_codec(Compression::gzip, Level::normal, "libdeflate-1.14").value(), "");
  EXPECT_EQ(parse_codec(Compression::gzip, Level::best, "libdeflate-1.23").value(), "libdeflate-1.23");
  EXPECT_EQ(parse_codec(Compression::zstd, Level::fast, "zstd-1.5.7").value(), "zstd-1.5.7");
  EXPECT_FALSE(parse_codec(Compression::gzip, Level::normal, "libdeflate-1.23"));
  EXPECT_FALSE(parse_codec(Compression::zstd, Level::fast, "libdeflate-1.14"));
  EXPECT_FALSE(parse_codec(Compression::none, Level::fast, "zstd-1.5.7"));
  EXPECT_FALSE(parse_codec(Compression::zstd, Level::fast, ""));
}

TEST(Compress, ACutMakesWhatFollowsIndependent) {
  const std::string tail = sample(300'000);
  for (const Compression format : {Compression::gzip, Compression::zstd}) {
    std::string ends[2];
    for (int i = 0; i < 2; ++i) {
      StringSink out(64u << 20);
      const auto sink = compressor({.format = format,
                                    .level = Level::fast,
                                    .lanes = 2,
                                    .codec = installed_codec(format, Level::fast).value()},
                                   out)
                            .value();
      const std::string head = sample(i == 0 ? 10'000 : 1'234'567);
      ASSERT_TRUE(sink->write(as_bytes(head)));
      ASSERT_TRUE(sink->cut());
      ASSERT_TRUE(sink->cut()) << "an empty block is none";
      EXPECT_EQ(sink->pending(), 0u);
      ASSERT_TRUE(sink->write(as_bytes(tail)));
      EXPECT_EQ(sink->pending(), tail.size());
      ASSERT_TRUE(sink->finish());
      const std::string bytes = out.take();
      EXPECT_EQ(unpressed(bytes).value(), head + tail);
      ends[i] = bytes.substr(bytes.size() - pressed(tail, format, Level::fast).size());
    }
    EXPECT_EQ(ends[0], ends[1]);
  }
}

TEST(Decompress, RefusesDamage) {
  for (const Compression format : {Compression::gzip, Compression::zstd}) {
    const std::string good = pressed(sample(100'000), format, Level::normal);
    std::string flipped = good;
    flipped[flipped.size() / 2] = static_cast<char>(flipped[flipped.size() / 2] ^ 0x40);
    EXPECT_FALSE(unpressed(flipped).has_value());
    EXPECT_EQ(unpressed(good.substr(0, good.size() - 3)).error().code, Errc::malformed);
    EXPECT_EQ(unpressed(good + "junk").error().code, Errc::malformed);
    EXPECT_EQ(unpressed(good + good).value().size(), 200'000u) << "members and frames join";
  }
}

TEST(Decompress, PlainBytesPassThrough) {
  EXPECT_EQ(unpressed("ab").value(), "ab");
  EXPECT_EQ(unpressed("").value(), "");
  EXPECT_EQ(unpressed(sample(300'000)).value(), sample(300'000));
}

TEST(Compress, NamesParse) {
  EXPECT_EQ(parse_compression("zstd").value(), Compression::zstd);
  EXPECT_EQ(parse_level("best").value(), Level::best);
  EXPECT_EQ(parse_compression("xz").error().code, Errc::invalid_argument);
  EXPECT_EQ(parse_level("9").error().code, Errc::invalid_argument);
}

TEST(CompressionOf, TheFirstBytesTell) {
  const auto sniff = [](std::string_view head) { return compression_of(std::as_bytes(std::span(head))); };
  EXPECT_EQ(sniff("\x1f\x8b\x08"), Compression::gzip);
  EXPECT_EQ(sniff("\x28\xb5\x2f\xfd"), Compression::zstd);
  EXPECT_EQ(sniff("\x5f\x2a\x4d\x18"), Compression::zstd) << "a skippable frame";
  for (const std::string_view plain : {"", "\x1f", "\x28\xb5\x2f", "tar", "\x4f\x2a\x4d\x18"})
    EXPECT_EQ(sniff(plain), Compression::none) << plain.size();
}

/// A frame of one byte that asks for a window of 2^log bytes (RFC 8878, sections 3.1.1.1.2 and 3.1.1.2).
std::string frame_with_window(unsigned log) {
  const char window = static_cast<char>((log - 10) << 3);
  return std::string("\x28\xb5\x2f\xfd\0", 5) + window + std::string("\x09\0\0x", 4);
}

TEST(Decompress, ZstdWindowsOver128MiBAreRefused) {
  EXPECT_EQ(unpressed(frame_with_window(20)).value(), "x");
  EXPECT_EQ(unpressed(frame_with_window(27)).value(), "x");
  for (const unsigned log : {28u, 31u})
    EXPECT_EQ(unpressed(frame_with_window(log)).error().code, Errc::malformed) << log;
}

class MapCache final : public BlockCache {
 public:
  bool find(const Digest& key, std::vector<std::byte>& out) override {
    const std::scoped_lock lock(mutex_);
    const auto at = blocks_.find(key);
    if (at != blocks_.end()) out = at->second;
    return at != blocks_.end();
  }
  void remember(const Digest& key, Bytes block) override {
    const std::scoped_lock lock(mutex_);
    blocks_.emplace(key, std::vector<std::byte>(block.begin(), block.end()));
  }

 private:
  std::mutex mutex_;
  std::map<Digest, std::vector<std::byte>> blocks_;
};

TEST(Compress, OneCacheServesAllFormatsAndLevels) {
  const std::string text = sample(1'500'000);
  MapCache cache;
  for (int round = 0; round < 2; ++round) {
    for (const Compression format : {Compression::gzip, Compression::zstd}) {
      for (const Level level : {Level::fast, Level::normal, Level::best}) {
        StringSink out(64u << 20);
        const auto sink = compressor({format, level, 1, &cache}, out).value();
        ASSERT_TRUE(sink->write(as_bytes(text)));
        ASSERT_TRUE(sink->finish());
        EXPECT_EQ(digest_of(out.take()), digest_of(pressed(text, format, level)))
            << static_cast<int>(format) << " " << static_cast<int>(level) << " round " << round;
      }
    }
  }
}

/// Takes nothing until it is opened.
class GatedSink final : public Sink {
 public:
  Status write(Bytes) override {
    open_.wait(false);
    return {};
  }
  Status finish() override { return {}; }
  void open() {
    open_ = true;
    open_.notify_all();
  }

 private:
  std::atomic<bool> open_{false};
};

TEST(Compress, ASlowSinkHoldsTheWriterBackSoThatMemoryIsBounded) {
  constexpr std::size_t kLanes = 2, kBlocks = 64;
  GatedSink gate;
  const auto sink = compressor({Compression::zstd, Level::fast, kLanes}, gate).value();
  const std::string block = sample(sink->block_size());
  std::atomic<std::size_t> taken{0};
  std::jthread writer([&] {
    for (std::size_t i = 0; i < kBlocks; ++i) {
      EXPECT_TRUE(sink->write(as_bytes(block)));
      ++taken;
    }
  });
  for (std::size_t before = kBlocks; before != taken;) {
    before = taken;
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
  }
  EXPECT_LE(taken, kLanes + 4) << "blocks wait in memory without bound";
  EXPECT_GT(taken, 0u);
  gate.open();
  writer.join();
  EXPECT_TRUE(sink->finish());
}

TEST(Compress, TheExampleOfTheHeader) {
  const std::string tar = sample(200'000);
  StringSink blob(1u << 20);
  Hasher plain;
  const auto sink = compressor({.format = Compression::gzip, .lanes = 4, .plain = &plain}, blob).value();
  ASSERT_TRUE(sink->write(as_bytes(tar)));
  ASSERT_TRUE(sink->finish());
  EXPECT_EQ(plain.finish(), digest_of(tar));
  EXPECT_EQ(unpressed(blob.take()).value(), tar);
}

}  // namespace
}  // namespace slipway::io
