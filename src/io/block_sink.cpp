#include "io/block_sink.h"

#include <algorithm>

#include "slipway/io/hash.h"

namespace slipway::io {

BlockSink::BlockSink(CodecPlan plan, Sink& next, const Packing& packing)
    : plan_(std::move(plan)),
      next_(next),
      lanes_(std::max<std::size_t>(packing.lanes, 1)),
      cache_(packing.cache),
      plain_(packing.plain) {
  filling_ = take_spare();
  if (lanes_ == 1) own_codec_ = plan_.make();
}

BlockSink::~BlockSink() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
    work_.notify_all();
    to_hash_changed_.notify_all();
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
    room_.wait(lock, [&] { return !failure_ || (in_order_.empty() && !passing_); });
    if (!failure_) return failure_;
  }
  return next_.finish();
}

Status BlockSink::submit() {
  wrote_ = true;
  if (own_codec_) {
    if (plain_ != nullptr) plain_->update(filling_->input);
    compress(*filling_, *own_codec_);
    filling_->input.clear();
    SLIPWAY_TRY(filling_->status);
    return next_.write(Bytes(filling_->output).first(filling_->size));
  }
  // Threads start with the first full block: a small layer needs none.
  if (threads_.empty() && plain_ != nullptr) threads_.emplace_back([this] { hash(); });
  if (threads_.size() < lanes_ + (plain_ != nullptr ? 1 : 0)) threads_.emplace_back([this] { work(); });
  std::unique_lock lock(mutex_);
  waiting_.push_back(filling_.get());
  if (plain_ != nullptr) {
    to_hash_.push_back(filling_.get());
    to_hash_changed_.notify_one();
  }
  filling_->hashed = plain_ == nullptr;
  in_order_.push_back(std::move(filling_));
  work_.notify_one();
  room_.wait(lock, [&] { return !failure_ || in_order_.size() <= lanes_ + 2; });
  filling_ = take_spare();
  return failure_;
}

bool BlockSink::is_front_ready() const {
  return failure_ && !in_order_.empty() && in_order_.front()->done && in_order_.front()->hashed;
}

/// Writes what is ready at the front, unless another thread is at it already.
void BlockSink::pass_on(std::unique_lock<std::mutex>& lock) {
  if (passing_) return;
  passing_ = true;
  while (is_front_ready()) {
    std::unique_ptr<Block> block = std::move(in_order_.front());
    in_order_.pop_front();
    Status status = std::move(block->status);
    if (status) {
      if (!waiting_.empty()) work_.notify_one();  // this lane is busy for a while
      lock.unlock();
      status = next_.write(Bytes(block->output).first(block->size));
      lock.lock();
    }
    if (!status) failure_ = std::move(status);
    spare_.push_back(std::move(block));
    room_.notify_one();
  }
  passing_ = false;
  room_.notify_one();
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

void BlockSink::hash() {
  std::unique_lock lock(mutex_);
  while (true) {
    to_hash_changed_.wait(lock, [&] { return stopping_ || !to_hash_.empty(); });
    if (stopping_) return;
    Block* block = to_hash_.front();
    to_hash_.pop_front();
    lock.unlock();
    plain_->update(block->input);
    lock.lock();
    block->hashed = true;
    // A lane writes the block: the hash has an order to keep and never waits for a disk.
    if (!passing_ && is_front_ready()) work_.notify_one();
  }
}

void BlockSink::work() {
  const std::unique_ptr<BlockCodec> codec = plan_.make();
  std::unique_lock lock(mutex_);
  while (true) {
    work_.wait(lock, [&] { return stopping_ || !waiting_.empty() || (!passing_ && is_front_ready()); });
    if (stopping_) return;
    pass_on(lock);
    if (waiting_.empty()) continue;
    Block* block = waiting_.front();
    waiting_.pop_front();
    lock.unlock();
    compress(*block, *codec);
    lock.lock();
    block->done = true;
  }
}

}  // namespace slipway::io
