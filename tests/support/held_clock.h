#pragma once

#include <condition_variable>
#include <mutex>

#include "slipway/base/clock.h"

namespace slipway::test {

/// A clock that stands still: who sleeps on it stays asleep until the test moves it far enough. For tests with several
/// threads that must see each other wait. Thread-safe.
class HeldClock final : public Clock {
 public:
  std::int64_t now() override { return 1'700'000'000 + monotonic().count() / 1000; }
  std::chrono::milliseconds monotonic() override {
    const std::scoped_lock lock(mutex_);
    return time_;
  }
  Status sleep(std::chrono::milliseconds duration, std::stop_token stop) override {
    std::unique_lock lock(mutex_);
    const auto until = time_ + duration;
    ++asleep_;
    changed_.notify_all();
    const bool over = changed_.wait(lock, stop, [&] { return time_ >= until; });
    --asleep_;
    if (!over) return fail(Errc::cancelled, "interrupted while waiting");
    return {};
  }
  void advance(std::chrono::milliseconds by) {
    const std::scoped_lock lock(mutex_);
    time_ += by;
    changed_.notify_all();
  }
  /// Waits until so many threads sleep, ten seconds of real time at most; returns true if they do.
  bool wait_for_sleepers(int count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(10), [&] { return asleep_ == count; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::chrono::milliseconds time_{1'000'000};
  int asleep_ = 0;
};

}  // namespace slipway::test
