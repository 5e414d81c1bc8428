#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "io/block_codec.h"

namespace slipway::io {

/// The Compressor of more than no compression (see compress.h for its contract).
///
/// A block passes through these states: filling (caller's thread), waiting and to hash (both queues at once),
/// compressed (`done`) and hashed, at the front of `in_order_`, written to `next_`, spare. A lane takes the oldest
/// waiting block, compresses it without the lock, and marks it done. Any lane that finds the front of `in_order_` done
/// and hashed becomes the writer (`passing_`) and writes all that is ready, while the other lanes go on compressing.
/// One more thread hashes blocks in order, because a hash cannot be cut; it never writes. submit() waits while `lanes_
/// + 2` blocks are in order: that bounds memory. The first failure stays in `failure_`; after it nothing is written.
/// With one lane there are no threads and no queues.
class BlockSink final : public Compressor {
 public:
  BlockSink(CodecPlan plan, Sink& next, const Packing& packing);
  ~BlockSink() override;

  Status write(Bytes bytes) override;
  Status cut() override;
  std::size_t pending() const override { return filling_->input.size(); }
  std::size_t block_size() const override { return plan_.block_size; }
  Status finish() override;

 private:
  struct Block {
    std::vector<std::byte> input;
    std::vector<std::byte> output;
    std::size_t size = 0;  // of the compressed form, at the front of `output`
    Status status;
    bool done = false;
    bool hashed = false;
  };

  void work();
  void hash();
  void compress(Block& block, BlockCodec& codec) const;
  Status submit();
  bool is_front_ready() const;
  void pass_on(std::unique_lock<std::mutex>& lock);
  std::unique_ptr<Block> take_spare();

  CodecPlan plan_;
  Sink& next_;
  std::size_t lanes_;
  BlockCache* cache_;
  Hasher* plain_;
  std::unique_ptr<BlockCodec> own_codec_;  // of the caller's thread when there is one lane
  std::unique_ptr<Block> filling_;
  bool wrote_ = false;

  std::mutex mutex_;
  std::condition_variable room_;                 // for the caller: a block was written, or failed
  std::condition_variable work_;                 // for lanes: a block to compress or to pass on
  std::condition_variable to_hash_changed_;      // for the thread that hashes
  std::deque<std::unique_ptr<Block>> in_order_;  // submitted and not yet passed on
  std::deque<Block*> waiting_;                   // not yet taken by a lane
  std::deque<Block*> to_hash_;
  std::vector<std::unique_ptr<Block>> spare_;
  Status failure_;        // the first; nothing is passed on after it
  bool passing_ = false;  // a thread is writing to next_
  bool stopping_ = false;
  std::vector<std::jthread> threads_;  // last: joined before the rest dies
};

}  // namespace slipway::io
