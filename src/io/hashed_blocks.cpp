#include "io/hashed_blocks.h"

#include <condition_variable>
#include <deque>
#include <optional>

#include "slipway/base/worker.h"

namespace slipway::io {
namespace {

/// Hashes in the caller's thread.
class HashedInTurn final : public BlockStage {
 public:
  HashedInTurn(Hasher& hasher, std::unique_ptr<BlockStage> next) : hasher_(hasher), next_(std::move(next)) {}

  Status put(Block block) override {
    hasher_.update(*block);
    return next_->put(std::move(block));
  }
  Status finish() override { return next_->finish(); }

 private:
  Hasher& hasher_;
  std::unique_ptr<BlockStage> next_;
};

/// Hashes in a thread of its own.
class HashedBeside final : public BlockStage {
 public:
  HashedBeside(Hasher& hasher, std::size_t most, std::unique_ptr<BlockStage> next)
      : hasher_(hasher), most_(most), next_(std::move(next)) {}

  ~HashedBeside() override {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
  }

  Status put(Block block) override {
    if (!worker_) worker_.emplace([this](const std::stop_token&) { work(); });
    {
      std::unique_lock lock(mutex_);
      room_.wait(lock, [&] { return waiting_.size() < most_; });
      waiting_.push_back(block);
      changed_.notify_one();
    }
    return next_->put(std::move(block));
  }

  Status finish() override {
    {
      std::unique_lock lock(mutex_);
      room_.wait(lock, [&] { return waiting_.empty(); });
    }
    return next_->finish();
  }

 private:
  void work() {
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [&] { return stopping_ || !waiting_.empty(); });
      if (stopping_) return;
      const Block block = waiting_.front();
      lock.unlock();
      hasher_.update(*block);
      lock.lock();
      waiting_.pop_front();
      room_.notify_one();
    }
  }

  Hasher& hasher_;
  std::size_t most_;
  std::unique_ptr<BlockStage> next_;

  std::mutex mutex_;
  std::condition_variable changed_;  // for the thread: a block to hash
  std::condition_variable room_;     // for the caller: a block was hashed
  std::deque<Block> waiting_;        // the front is being hashed
  bool stopping_ = false;
  std::optional<Worker> worker_;  // last: ended before the rest dies
};

}  // namespace

std::unique_ptr<BlockStage> hashed_blocks(Hasher& hasher, std::size_t lanes, std::unique_ptr<BlockStage> next) {
  if (lanes <= 1) return std::make_unique<HashedInTurn>(hasher, std::move(next));
  return std::make_unique<HashedBeside>(hasher, lanes, std::move(next));
}

}  // namespace slipway::io
