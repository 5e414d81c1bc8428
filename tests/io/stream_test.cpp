#include "slipway/io/stream.h"

#include <gtest/gtest.h>

#include <thread>

#include "slipway/io/filters.h"
#include "slipway/io/hash.h"
#include "slipway/io/pipe.h"
#include "support/temp_dir.h"

namespace slipway::io {
namespace {

/// Gives at most `step` bytes a read.
class Trickle final : public Source {
 public:
  Trickle(std::string text, std::size_t step) : text_(std::move(text)), step_(step) {}
  Result<std::size_t> read(std::span<std::byte> buffer) override {
    const std::size_t n = std::min({step_, buffer.size(), text_.size() - at_});
    std::copy_n(as_bytes(text_).begin() + static_cast<std::ptrdiff_t>(at_), n, buffer.begin());
    at_ += n;
    return n;
  }

 private:
  std::string text_;
  std::size_t step_;
  std::size_t at_ = 0;
};

class FailingSink final : public Sink {
 public:
  explicit FailingSink(std::size_t after) : left_(after) {}
  Status write(Bytes bytes) override {
    if (bytes.size() > left_) return fail(Errc::failed, "sink is full");
    left_ -= bytes.size();
    return {};
  }
  Status finish() override { return {}; }

 private:
  std::size_t left_;
};

const std::string kText = [] {
  std::string text;
  for (int i = 0; i < 200'000; ++i)
    text += static_cast<char>(i * 7 + i / 256);
  return text;
}();

TEST(Hash, KnownVectors) {
  EXPECT_EQ(digest_of("").str(), "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(digest_of("abc").str(), "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  Hasher hasher("sha512");
  hasher.update(as_bytes("abc"));
  EXPECT_EQ(hasher.finish().str(),
            "sha512:ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd"
            "454d4423643ce80e2a9ac94fa54ca49f");
}

TEST(Hash, SplitDoesNotMatter) {
  for (const std::size_t step : {1u, 7u, 4095u, 4096u, 65537u}) {
    Trickle source(kText, step);
    NullSink null;
    HashingSink sink(null);
    EXPECT_EQ(copy(source, sink).value(), kText.size());
    EXPECT_EQ(sink.count(), kText.size());
    EXPECT_EQ(sink.digest(), digest_of(kText));
  }
}

TEST(Verify, PassesWhatIsPromised) {
  VerifyingSource source(std::make_unique<Trickle>(kText, 1000), digest_of(kText),
                         static_cast<std::int64_t>(kText.size()), "blob");
  EXPECT_EQ(read_all(source, 1u << 20).value(), kText);
}

TEST(Verify, SizeIsCheckedBeforeTheDigest) {
  const auto size = static_cast<std::int64_t>(kText.size());
  VerifyingSource longer(std::make_unique<StringSource>(kText), digest_of(kText), size - 1, "blob");
  EXPECT_NE(read_all(longer, 1u << 20).error().message.find("longer than"), std::string::npos);
  VerifyingSource shorter(std::make_unique<StringSource>(kText), digest_of(kText), size + 1, "blob");
  EXPECT_NE(read_all(shorter, 1u << 20).error().message.find("promises"), std::string::npos);
  VerifyingSource wrong(std::make_unique<StringSource>(kText), digest_of("x"), size, "blob");
  const auto result = read_all(wrong, 1u << 20);
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code, Errc::verification_failed);
  EXPECT_NE(result.error().message.find(digest_of("x").str()), std::string::npos);
}

TEST(Stream, LimitsHold) {
  TextSource source("12345");
  EXPECT_EQ(read_all(source, 4).error().code, Errc::too_large);
  StringSink sink(4);
  EXPECT_FALSE(sink.write(as_bytes("12345")).has_value());
}

TEST(Stream, CopyPassesErrorsAndStops) {
  StringSource source(kText);
  FailingSink sink(1000);
  EXPECT_EQ(copy(source, sink).error().message, "sink is full");
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(copy(source, sink, stop.get_token()).error().code, Errc::cancelled);
}

TEST(Stream, SourcesRestart) {
  StringSource source("again");
  EXPECT_EQ(read_all(source, 10).value(), "again");
  ASSERT_TRUE(source.restart().has_value());
  EXPECT_EQ(read_all(source, 10).value(), "again");
}

TEST(Stream, FilesWriteAndRestart) {
  const test::TempDir dir;
  auto file = real_fs().create(dir.path() / "f").value();
  FileSink sink(*file);
  ASSERT_TRUE(sink.write(as_bytes(kText)).has_value());
  ASSERT_TRUE(sink.finish().has_value());
  FileSource source(std::move(file));
  ASSERT_TRUE(source.restart().has_value());
  EXPECT_EQ(read_all(source, 1u << 20).value(), kText);
}

TEST(Pipe, CarriesEverythingThroughASmallRing) {
  auto [source, sink] = make_pipe(100);
  std::jthread writer([&sink = sink] {
    EXPECT_TRUE(sink->write(as_bytes(kText)).has_value());
    EXPECT_TRUE(sink->finish().has_value());
  });
  EXPECT_EQ(read_all(*source, 1u << 20).value(), kText);
}

TEST(Pipe, AnEndThatDiesFailsTheOther) {
  auto [source, sink] = make_pipe(10);
  sink.reset();
  std::array<std::byte, 4> buffer;
  EXPECT_FALSE(source->read(buffer).has_value());
  auto [source2, sink2] = make_pipe(10);
  source2.reset();
  EXPECT_FALSE(sink2->write(as_bytes("more than ten bytes")).has_value());
}

}  // namespace
}  // namespace slipway::io
