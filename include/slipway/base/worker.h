#pragma once

#include <cstddef>
#include <functional>
#include <stop_token>

/// The seam to threads, as Clock is the seam to time. Outside base nothing starts a thread but through Worker and
/// run_lanes(), and both ask the ThreadStarter that is in place. The real one starts threads of the system; a simulator
/// or a test puts in its own to see, delay or order what runs beside its caller:
///
///     std::atomic<int> ready = 0;
///     Worker worker([&](std::stop_token stop) {
///       while (!stop.stop_requested() && ready == 0)
///         std::this_thread::yield();
///     });
///     ready = 1;  // the destructor asks the work to stop, then waits for its end
///
/// A worker that sleeps does so on a Clock, with the stop token that it is given.
namespace slipway {

/// Starts threads. Thread-safe.
class ThreadStarter {
 public:
  virtual ~ThreadStarter() = default;
  /// Starts `work`, and returns a function that waits for its end; the caller calls that exactly once.
  virtual std::function<void()> start(std::function<void()> work) = 0;
};

/// Puts a starter, kept alive by the caller, in place for the whole process; the destructor brings back the one before.
/// Made and destroyed while no other thread starts any.
class ThreadsFrom {
 public:
  explicit ThreadsFrom(ThreadStarter& starter);
  ThreadsFrom(const ThreadsFrom&) = delete;
  ThreadsFrom& operator=(const ThreadsFrom&) = delete;
  ~ThreadsFrom();

 private:
  ThreadStarter* before_;
};

/// Work that runs beside its owner. Movable; a moved-from or default one has no work. One thread at a time.
class Worker {
 public:
  Worker() = default;
  /// Starts at once. `work` does not throw, and ends soon after a stop is requested.
  explicit Worker(std::function<void(std::stop_token)> work);
  Worker(Worker&& other) noexcept;
  Worker& operator=(Worker&& other) noexcept;
  ~Worker() { end(); }

  /// Asks the work to stop and waits for its end. Does nothing without work.
  void end();

 private:
  std::stop_source stop_{std::nostopstate};
  std::function<void()> join_;
};

/// Returns the number of processors, at least 1.
std::size_t processor_count();

}  // namespace slipway
