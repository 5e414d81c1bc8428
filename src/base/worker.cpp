#include "slipway/base/worker.h"

#include <algorithm>
#include <atomic>
#include <memory>
#include <thread>
#include <utility>

namespace slipway {
namespace {

class SystemThreads final : public ThreadStarter {
 public:
  std::function<void()> start(std::function<void()> work) override {
    auto thread = std::make_shared<std::thread>(std::move(work));
    return [thread] { thread->join(); };
  }
};

std::atomic<ThreadStarter*>& starter_in_place() {
  static SystemThreads system;
  static std::atomic<ThreadStarter*> starter{&system};
  return starter;
}

}  // namespace

ThreadsFrom::ThreadsFrom(ThreadStarter& starter) : before_(starter_in_place().exchange(&starter)) {}
ThreadsFrom::~ThreadsFrom() { starter_in_place() = before_; }

Worker::Worker(std::function<void(std::stop_token)> work)
    : stop_(),
      join_(starter_in_place().load()->start([work = std::move(work), stop = stop_.get_token()] { work(stop); })) {}

Worker::Worker(Worker&& other) noexcept : stop_(std::move(other.stop_)), join_(std::exchange(other.join_, nullptr)) {}

Worker& Worker::operator=(Worker&& other) noexcept {
  if (this == &other) return *this;
  end();
  stop_ = std::move(other.stop_);
  join_ = std::exchange(other.join_, nullptr);
  return *this;
}

void Worker::end() {
  if (!join_) return;
  stop_.request_stop();
  std::exchange(join_, nullptr)();
}

std::size_t processor_count() { return std::max(1u, std::thread::hardware_concurrency()); }

}  // namespace slipway
