#pragma once

#include "io/block_stage.h"
#include "slipway/io/compress.h"

namespace slipway::io {

/// Cuts a stream into blocks and hands them to a stage: a block ends when it is full, at cut(), and at the end. An
/// empty stream is one empty block, which makes it a member of its format.
class BlockSink final : public Compressor {
 public:
  BlockSink(std::size_t block_size, std::unique_ptr<BlockStage> stage);

  Status write(Bytes bytes) override;
  Status cut() override;
  std::size_t pending() const override { return filling_->size(); }
  std::size_t block_size() const override { return block_size_; }
  Status finish() override;

 private:
  Status put();

  std::size_t block_size_;
  std::unique_ptr<BlockStage> stage_;
  BlockPool pool_;
  std::shared_ptr<std::vector<std::byte>> filling_;
  bool put_any_ = false;
};

}  // namespace slipway::io
