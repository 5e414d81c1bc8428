#include "io/block_sink.h"

#include <algorithm>

#include "slipway/io/hash.h"

namespace slipway::io {

BlockSink::BlockSink(CodecPlan plan, Sink& next, std::size_t lanes, BlockCache* cache)
    : plan_(std::move(plan)), next_(next), lanes_(std::max<std::size_t>(lanes, 1)), cache_(cache) {
  filling_ = take_spare();
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
    std::vector<std::byte>& input = filling_->input;
    const std::size_t n = std::min(bytes.size(), plan_.block_size - input.size());
    input.insert(input.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(n));
    bytes = bytes.subspan(n);
    if (input.size() == plan_.block_size) SLIPWAY_TRY(submit());
  }
  return {};
}

Status BlockSink::cut() { return filling_->input.empty() ? Status() : submit(); }

Status BlockSink::finish() {
  // An empty stream still needs one member to be of the format.
  if (!filling_->input.empty() || !wrote_) SLIPWAY_TRY(submit());
  {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return !failure_ || (in_order_.empty() && !passing_); });
    if (!failure_) return failure_;
  }
  return next_.finish();
}

Status BlockSink::submit() {
  wrote_ = true;
  if (own_codec_) {
    compress(*filling_, *own_codec_);
    filling_->input.clear();
    SLIPWAY_TRY(filling_->status);
    return next_.write(Bytes(filling_->output).first(filling_->size));
  }
  // Threads start with the first full block: a small layer needs none.
  if (threads_.size() < lanes_) threads_.emplace_back([this] { work(); });
  std::unique_lock lock(mutex_);
  waiting_.push_back(filling_.get());
  in_order_.push_back(std::move(filling_));
  changed_.notify_all();
  changed_.wait(lock, [&] { return !failure_ || in_order_.size() <= lanes_ + 1; });
  filling_ = take_spare();
  return failure_;
}

/// Writes what is ready at the front, unless another thread is at it already.
void BlockSink::pass_on(std::unique_lock<std::mutex>& lock) {
  if (passing_) return;
  passing_ = true;
  while (failure_ && !in_order_.empty() && in_order_.front()->done) {
    std::unique_ptr<Block> block = std::move(in_order_.front());
    in_order_.pop_front();
    Status status = std::move(block->status);
    if (status) {
      lock.unlock();
      status = next_.write(Bytes(block->output).first(block->size));
      lock.lock();
    }
    if (!status) failure_ = std::move(status);
    spare_.push_back(std::move(block));
    changed_.notify_all();
  }
  passing_ = false;
  changed_.notify_all();
}

std::unique_ptr<BlockSink::Block> BlockSink::take_spare() {
  std::unique_ptr<Block> block;
  if (spare_.empty()) {
    block = std::make_unique<Block>();
    block->input.reserve(plan_.block_size);
  } else {
    block = std::move(spare_.back());
    spare_.pop_back();
    block->input.clear();
    block->status = {};
    block->done = false;
  }
  return block;
}

void BlockSink::compress(Block& block, BlockCodec& codec) const {
  std::optional<Digest> key;
  if (cache_ != nullptr) {
    Hasher hasher;
    hasher.update(as_bytes(plan_.id));
    hasher.update(as_bytes(std::string_view("\0", 1)));
    hasher.update(block.input);
    key = hasher.finish();
    if (cache_->find(*key, block.output)) {
      block.size = block.output.size();
      return;
    }
  }
  const auto size = codec.compress(block.input, block.output);
  if (!size) {
    block.status = fail(size.error());
    return;
  }
  block.size = *size;
  if (key) cache_->remember(*key, Bytes(block.output).first(block.size));
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
    compress(*block, *codec);
    lock.lock();
    block->done = true;
    pass_on(lock);
  }
}

}  // namespace slipway::io
