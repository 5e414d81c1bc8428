#include "io/compressed_blocks.h"

#include <condition_variable>
#include <deque>

#include "slipway/base/worker.h"

namespace slipway::io {
namespace {

/// Compresses and writes in the caller's thread.
class CompressedInTurn final : public BlockStage {
 public:
  CompressedInTurn(const CodecPlan& plan, Sink& next) : codec_(plan.make()), next_(next) {}

  Status put(Block block) override {
    SLIPWAY_ASSIGN(const std::size_t size, codec_->compress(*block, output_));
    return next_.write(Bytes(output_).first(size));
  }
  Status finish() override { return next_.finish(); }

 private:
  std::unique_ptr<BlockCodec> codec_;
  Sink& next_;
  std::vector<std::byte> output_;
};

/// Compresses on lanes; the lane that completes the oldest block writes.
class CompressedOnLanes final : public BlockStage {
 public:
  CompressedOnLanes(const CodecPlan& plan, std::size_t lanes, Sink& next)
      : make_codec_(plan.make), lanes_(lanes), next_(next) {}

  ~CompressedOnLanes() override {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
    work_.notify_all();
  }

  Status put(Block block) override {
    // Threads start with the blocks: a small layer needs few.
    if (workers_.size() < lanes_) workers_.emplace_back([this](const std::stop_token&) { work(); });
    std::unique_lock lock(mutex_);
    std::unique_ptr<Job> job = new_job();
    job->input = std::move(block);
    waiting_.push_back(job.get());
    in_order_.push_back(std::move(job));
    work_.notify_one();
    room_.wait(lock, [&] { return !failure_ || in_order_.size() <= lanes_ + 2; });
    return failure_;
  }

  Status finish() override {
    {
      std::unique_lock lock(mutex_);
      room_.wait(lock, [&] { return !failure_ || (in_order_.empty() && !writing_); });
      if (!failure_) return failure_;
    }
    return next_.finish();
  }

 private:
  struct Job {
    Block input;
    std::vector<std::byte> output;
    std::size_t size = 0;  // of the compressed form, at the front of `output`
    Status status;
    bool done = false;
  };

  std::unique_ptr<Job> new_job() {
    if (spare_.empty()) return std::make_unique<Job>();
    std::unique_ptr<Job> job = std::move(spare_.back());
    spare_.pop_back();
    job->status = {};
    job->done = false;
    return job;
  }

  void work() {
    const std::unique_ptr<BlockCodec> codec = make_codec_();
    std::unique_lock lock(mutex_);
    while (true) {
      work_.wait(lock, [&] { return stopping_ || !waiting_.empty() || (!writing_ && is_front_ready()); });
      if (stopping_) return;
      write_ready(lock);
      if (waiting_.empty()) continue;
      Job* job = waiting_.front();
      waiting_.pop_front();
      lock.unlock();
      compress(*job, *codec);
      lock.lock();
      job->done = true;
    }
  }

  static void compress(Job& job, BlockCodec& codec) {
    const auto size = codec.compress(*job.input, job.output);
    job.input.reset();
    if (!size) {
      job.status = fail(size.error());
    } else {
      job.size = *size;
    }
  }

  bool is_front_ready() const { return failure_ && !in_order_.empty() && in_order_.front()->done; }

  /// Writes what is ready at the front, unless another thread is at it already.
  void write_ready(std::unique_lock<std::mutex>& lock) {
    if (writing_) return;
    writing_ = true;
    while (is_front_ready()) {
      std::unique_ptr<Job> job = std::move(in_order_.front());
      in_order_.pop_front();
      Status status = std::move(job->status);
      if (status) {
        if (!waiting_.empty()) work_.notify_one();  // this lane is busy for a while
        lock.unlock();
        status = next_.write(Bytes(job->output).first(job->size));
        lock.lock();
      }
      if (!status) failure_ = std::move(status);
      spare_.push_back(std::move(job));
      room_.notify_one();
    }
    writing_ = false;
    room_.notify_one();
  }

  std::function<std::unique_ptr<BlockCodec>()> make_codec_;
  std::size_t lanes_;
  Sink& next_;

  std::mutex mutex_;
  std::condition_variable room_;               // for the caller: a block was written, or failed
  std::condition_variable work_;               // for lanes: a block to compress or to write
  std::deque<std::unique_ptr<Job>> in_order_;  // put and not yet written
  std::deque<Job*> waiting_;                   // not yet taken by a lane
  std::vector<std::unique_ptr<Job>> spare_;    // their outputs are used again
  Status failure_;                             // the first; nothing is written after it
  bool writing_ = false;                       // a thread is writing to next_
  bool stopping_ = false;
  std::vector<Worker> workers_;  // last: ended before the rest dies
};

}  // namespace

std::unique_ptr<BlockStage> compressed_blocks(const CodecPlan& plan, std::size_t lanes, Sink& next) {
  if (lanes <= 1) return std::make_unique<CompressedInTurn>(plan, next);
  return std::make_unique<CompressedOnLanes>(plan, lanes, next);
}

}  // namespace slipway::io
