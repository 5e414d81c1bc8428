#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <map>

#include "io/block_sink.h"
#include "io/block_stage.h"
#include "io/cached_codec.h"
#include "io/compressed_blocks.h"
#include "io/hashed_blocks.h"
#include "slipway/io/filters.h"

namespace slipway::io {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Block block_of(std::string_view text) {
  const Bytes bytes = as_bytes(text);
  return std::make_shared<const std::vector<std::byte>>(bytes.begin(), bytes.end());
}

std::string text_of(Bytes bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

/// Keeps every block, and says what finish() shall return.
class Collected final : public BlockStage {
 public:
  explicit Collected(std::vector<std::string>& blocks) : blocks_(blocks) {}
  Status put(Block block) override {
    if (text_of(*block) == "refuse") return fail(Errc::failed, "refused");
    blocks_.push_back(text_of(*block));
    return {};
  }
  Status finish() override {
    blocks_.push_back("end");
    return {};
  }

 private:
  std::vector<std::string>& blocks_;
};

TEST(BlockSink, CutsWhereABlockIsFullAndWhereAsked) {
  std::vector<std::string> blocks;
  BlockSink sink(4, std::make_unique<Collected>(blocks));
  ASSERT_TRUE(sink.cut()) << "nothing to cut";
  ASSERT_TRUE(sink.write(as_bytes("abcdefghij")));
  EXPECT_EQ(sink.pending(), 2u);
  ASSERT_TRUE(sink.cut());
  EXPECT_EQ(sink.pending(), 0u);
  ASSERT_TRUE(sink.write(as_bytes("k")));
  ASSERT_TRUE(sink.finish());
  EXPECT_THAT(blocks, ElementsAre("abcd", "efgh", "ij", "k", "end"));
}

TEST(BlockSink, AnEmptyStreamIsOneEmptyBlockAndAFullOneHasNoneBehindIt) {
  std::vector<std::string> empty, full;
  BlockSink none(4, std::make_unique<Collected>(empty)), one(4, std::make_unique<Collected>(full));
  ASSERT_TRUE(none.finish());
  EXPECT_THAT(empty, ElementsAre("", "end"));
  ASSERT_TRUE(one.write(as_bytes("abcd")));
  ASSERT_TRUE(one.finish());
  EXPECT_THAT(full, ElementsAre("abcd", "end"));
}

TEST(BlockPool, BuffersComeBackWhenNobodyHasThem) {
  BlockPool pool(8);
  auto one = pool.take();
  one->resize(3);
  const auto* place = one.get();
  const Block shared = one;
  one.reset();
  EXPECT_NE(pool.take().get(), place) << "somebody reads it";
  std::shared_ptr<std::vector<std::byte>> late;
  {
    BlockPool gone(8);
    late = gone.take();
  }
  late.reset();  // a buffer may outlive its pool
  BlockPool other(8);
  const auto* first = other.take().get();
  const auto again = other.take();
  EXPECT_EQ(again.get(), first);
  EXPECT_TRUE(again->empty());
  EXPECT_GE(again->capacity(), 8u);
}

TEST(HashedBlocks, HashesInOrderAndPassesOn) {
  for (const std::size_t lanes : {1u, 2u, 5u}) {
    Hasher hasher;
    std::vector<std::string> blocks;
    std::string all;
    const auto stage = hashed_blocks(hasher, lanes, std::make_unique<Collected>(blocks));
    for (int i = 0; i < 50; ++i) {
      const std::string text = "block " + std::to_string(i);
      all += text;
      ASSERT_TRUE(stage->put(block_of(text)));
    }
    EXPECT_FALSE(stage->put(block_of("refuse"))) << "errors of the next stage come back";
    ASSERT_TRUE(stage->finish());
    EXPECT_EQ(hasher.finish(), digest_of(all + "refuse")) << lanes;
    EXPECT_EQ(blocks.size(), 51u);
    EXPECT_EQ(blocks.back(), "end");
  }
}

TEST(HashedBlocks, EndsWithoutFinish) {
  Hasher hasher;
  std::vector<std::string> blocks;
  const auto stage = hashed_blocks(hasher, 4, std::make_unique<Collected>(blocks));
  ASSERT_TRUE(stage->put(block_of("a")));
}

/// Makes "<text>"; the block "slow" waits for "fast".
struct Rendezvous {
  std::mutex mutex;
  std::condition_variable changed;
  bool fast_is_done = false;
};

class Bracket final : public BlockCodec {
 public:
  explicit Bracket(Rendezvous& meeting) : meeting_(meeting) {}
  Result<std::size_t> compress(Bytes block, std::vector<std::byte>& out) override {
    const std::string text = text_of(block);
    if (text == "bad") return fail(Errc::failed, "cannot compress");
    {
      std::unique_lock lock(meeting_.mutex);
      if (text == "slow") meeting_.changed.wait(lock, [&] { return meeting_.fast_is_done; });
      if (text == "fast") meeting_.fast_is_done = true;
      meeting_.changed.notify_all();
    }
    const std::string made = "<" + text + ">";
    const Bytes bytes = as_bytes(made);
    out.resize(std::max(out.size(), bytes.size()));
    std::copy(bytes.begin(), bytes.end(), out.begin());
    return bytes.size();
  }

 private:
  Rendezvous& meeting_;
};

CodecPlan brackets(Rendezvous& meeting, std::string id = "brackets") {
  CodecPlan plan;
  plan.id = std::move(id);
  plan.make = [&meeting] { return std::make_unique<Bracket>(meeting); };
  return plan;
}

TEST(CompressedBlocks, WritesInOrderWhateverIsDoneFirst) {
  Rendezvous meeting;
  StringSink out(1u << 20);
  const auto stage = compressed_blocks(brackets(meeting), 2, out);
  for (const char* text : {"slow", "fast", "longer than both", "x"})
    ASSERT_TRUE(stage->put(block_of(text)));
  ASSERT_TRUE(stage->finish());
  EXPECT_EQ(out.text(), "<slow><fast><longer than both><x>");
}

TEST(CompressedBlocks, OneLaneUsesTheCallersThread) {
  Rendezvous meeting;
  StringSink out(1u << 20);
  const auto stage = compressed_blocks(brackets(meeting), 1, out);
  ASSERT_TRUE(stage->put(block_of("a")));
  EXPECT_EQ(out.text(), "<a>") << "written before put() returns";
  EXPECT_EQ(stage->put(block_of("bad")).error().message, "cannot compress");
  ASSERT_TRUE(stage->finish());
}

TEST(CompressedBlocks, NothingIsWrittenAfterAFailure) {
  for (const std::size_t lanes : {1u, 3u}) {
    Rendezvous meeting;
    StringSink out(1u << 20);
    const auto stage = compressed_blocks(brackets(meeting), lanes, out);
    Status status = stage->put(block_of("a"));
    for (int i = 0; i < 20 && status; ++i)
      status = stage->put(block_of(i == 0 ? "bad" : "b"));
    if (status) status = stage->finish();
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().message, "cannot compress");
    EXPECT_EQ(out.text(), "<a>") << lanes;
  }
}

TEST(CompressedBlocks, EndsWithoutFinish) {
  Rendezvous meeting;
  NullSink nowhere;
  const auto stage = compressed_blocks(brackets(meeting), 3, nowhere);
  for (int i = 0; i < 4; ++i)
    ASSERT_TRUE(stage->put(block_of("a")));
}

class Shelf final : public BlockCache {
 public:
  bool find(const Digest& key, std::vector<std::byte>& out) override {
    const auto known = blocks.find(key);
    if (known == blocks.end()) return false;
    const Bytes bytes = as_bytes(known->second);
    out.assign(bytes.begin(), bytes.end());
    return true;
  }
  void remember(const Digest& key, Bytes block) override { blocks[key] = text_of(block); }
  std::map<Digest, std::string> blocks;
};

TEST(CachedCodec, ABlockIsCompressedOnceForEachId) {
  Rendezvous meeting;
  Shelf shelf;
  std::vector<std::byte> out(100);
  const auto made = [&](const std::string& id, std::string_view text) {
    const auto size = with_cache(brackets(meeting, id), shelf).make()->compress(as_bytes(text), out);
    EXPECT_TRUE(size);
    return text_of(Bytes(out).first(size.value_or(0)));
  };
  EXPECT_EQ(made("one", "a"), "<a>");
  ASSERT_EQ(shelf.blocks.size(), 1u);
  shelf.blocks.begin()->second = "[known]";
  EXPECT_EQ(made("one", "a"), "[known]");
  EXPECT_EQ(made("one", "b"), "<b>");
  EXPECT_EQ(made("two", "a"), "<a>");
  EXPECT_EQ(shelf.blocks.size(), 3u);
}

TEST(CachedCodec, AFailureIsNotRemembered) {
  Rendezvous meeting;
  Shelf shelf;
  std::vector<std::byte> out;
  EXPECT_FALSE(with_cache(brackets(meeting), shelf).make()->compress(as_bytes("bad"), out));
  EXPECT_THAT(shelf.blocks, IsEmpty());
}

}  // namespace
}  // namespace slipway::io
