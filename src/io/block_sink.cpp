#include "io/block_sink.h"

#include <algorithm>

namespace slipway::io {

BlockSink::BlockSink(CodecPlan plan, Sink& next, std::size_t lanes)
    : plan_(std::move(plan)), next_(next), lanes_(std::max<std::size_t>(lanes, 1)) {
  filling_.input.reserve(plan_.block_size);
  if (lanes_ == 1) own_codec_ = plan_.make();
}

BlockSink::~BlockSink() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
  }
  threads_.clear();
}

Status BlockSink::write(Bytes bytes) {
  while (!bytes.empty()) {
    const std::size_t n = std::min(bytes.size(), plan_.block_size - filling_.input.size());
    filling_.input.insert(filling_.input.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(n));
    bytes = bytes.subspan(n);
    if (filling_.input.size() == plan_.block_size) SLIPWAY_TRY(submit());
  }
  return {};
}

Status BlockSink::finish() {
  // An empty stream still needs one member to be of the format.
  if (!filling_.input.empty() || !wrote_) SLIPWAY_TRY(submit());
  while (!in_order_.empty())
    SLIPWAY_TRY(pass_on_oldest());
  return next_.finish();
}

Status BlockSink::submit() {
  wrote_ = true;
  if (own_codec_) {
    SLIPWAY_TRY(own_codec_->compress(filling_.input, filling_.output));
    filling_.input.clear();
    return next_.write(filling_.output);
  }
  // Threads start with the first full block: a small layer needs none.
  if (threads_.size() < lanes_) threads_.emplace_back([this] { work(); });
  auto block = std::make_unique<Block>(std::move(filling_));
  filling_ = take_spare();
  {
    const std::scoped_lock lock(mutex_);
    waiting_.push_back(block.get());
    in_order_.push_back(std::move(block));
    changed_.notify_all();
  }
  while (in_order_.size() > lanes_ + 1)
    SLIPWAY_TRY(pass_on_oldest());
  return {};
}

Status BlockSink::pass_on_oldest() {
  std::unique_ptr<Block> block;
  {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return in_order_.front()->done; });
    block = std::move(in_order_.front());
    in_order_.pop_front();
  }
  SLIPWAY_TRY(std::move(block->status));
  SLIPWAY_TRY(next_.write(block->output));
  spare_.push_back(std::move(*block));
  return {};
}

BlockSink::Block BlockSink::take_spare() {
  Block block;
  if (!spare_.empty()) {
    block = std::move(spare_.back());
    spare_.pop_back();
  }
  block.input.clear();
  block.input.reserve(plan_.block_size);
  block.done = false;
  return block;
}

void BlockSink::work() {
  const std::unique_ptr<BlockCodec> codec = plan_.make();
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [&] { return stopping_ || !waiting_.empty(); });
    if (stopping_) return;
    Block* block = waiting_.front();
    waiting_.pop_front();
    lock.unlock();
    Status status = codec->compress(block->input, block->output);
    lock.lock();
    block->status = std::move(status);
    block->done = true;
    changed_.notify_all();
  }
}

}  // namespace slipway::io
