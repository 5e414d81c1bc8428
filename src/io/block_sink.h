#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "io/block_codec.h"

namespace slipway::io {

/// Cuts a stream into blocks, compresses them on several threads and passes the
/// results on in order, from the caller's thread. Buffers are recycled: memory
/// is bounded by about two blocks a lane.
class BlockSink final : public Sink {
 public:
  BlockSink(CodecPlan plan, Sink& next, std::size_t lanes);
  ~BlockSink() override;

  Status write(Bytes bytes) override;
  Status finish() override;

 private:
  struct Block {
    std::vector<std::byte> input;
    std::vector<std::byte> output;
    Status status;
    bool done = false;
  };

  void work();
  Status submit();
  Status pass_on_oldest();
  Block take_spare();

  CodecPlan plan_;
  Sink& next_;
  std::size_t lanes_;
  std::unique_ptr<BlockCodec> own_codec_;  // of the caller's thread when there is one lane
  Block filling_;
  bool wrote_ = false;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::unique_ptr<Block>> in_order_;  // submitted and not yet passed on
  std::deque<Block*> waiting_;                   // not yet taken by a lane
  std::vector<Block> spare_;
  bool stopping_ = false;
  std::vector<std::jthread> threads_;  // last: joined before the rest dies
};

}  // namespace slipway::io
