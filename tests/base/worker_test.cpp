#include "slipway/base/worker.h"

#include <gtest/gtest.h>

#include <atomic>
#include <optional>
#include <thread>
#include <vector>

#include "slipway/base/lanes.h"
#include "support/header_example.h"

namespace slipway {
namespace {

TEST(Worker, RunsBesideItsOwnerAndIsStoppedByItsEnd) {
  std::atomic<bool> ran = false, stopped = false;
  const auto here = std::this_thread::get_id();
  std::optional<std::thread::id> there;
  {
    const Worker worker([&](const std::stop_token& stop) {
      there = std::this_thread::get_id();
      ran = true;
      while (!stop.stop_requested())
        std::this_thread::yield();
      stopped = true;
    });
    while (!ran)
      std::this_thread::yield();
    EXPECT_FALSE(stopped);
  }
  EXPECT_TRUE(stopped);
  EXPECT_NE(there, here);
}

TEST(Worker, TheHeadersExampleWorks) {
  test::expect_example_is_compiled("include/slipway/base/worker.h", "tests/base/worker_test.cpp");
  std::atomic<int> ready = 0;
  Worker worker([&](std::stop_token stop) {
    while (!stop.stop_requested() && ready == 0)
      std::this_thread::yield();
  });
  ready = 1;  // the destructor asks the work to stop, then waits for its end
}

TEST(Worker, MovesWithItsWork) {
  std::atomic<int> ended = 0;
  const auto work = [&](const std::stop_token& stop) {
    while (!stop.stop_requested())
      std::this_thread::yield();
    ++ended;
  };
  Worker one(work);
  Worker other(std::move(one));
  EXPECT_EQ(ended, 0);
  other = Worker(work);
  EXPECT_EQ(ended, 1) << "the work before was ended";
  other.end();
  EXPECT_EQ(ended, 2);
  other.end();
  one.end();
  EXPECT_EQ(ended, 2);
}

/// Runs the work when its end is waited for, in the caller's thread.
class LateStarter final : public ThreadStarter {
 public:
  std::function<void()> start(std::function<void()> work) override {
    ++started;
    return work;
  }
  int started = 0;
};

TEST(Worker, AnotherStarterTakesThePlaceOfThreads) {
  LateStarter late;
  std::vector<std::thread::id> seen;
  {
    const ThreadsFrom in_place(late);
    const Worker worker([&](const std::stop_token&) { seen.push_back(std::this_thread::get_id()); });
    EXPECT_TRUE(seen.empty());
    const Status status = run_lanes(3, 5, {}, [&](std::size_t, std::stop_token) -> Status {
      seen.push_back(std::this_thread::get_id());
      return {};
    });
    EXPECT_TRUE(status);
  }
  EXPECT_EQ(late.started, 3) << "a worker and two lanes beside the caller's";
  EXPECT_EQ(seen, std::vector<std::thread::id>(6, std::this_thread::get_id()));
  Worker real([&](const std::stop_token&) { seen.clear(); });
  real.end();
  EXPECT_EQ(late.started, 3);
  EXPECT_TRUE(seen.empty());
}

TEST(Worker, ASingleLaneIsTheOnlyOneAllowed) {
  EXPECT_EQ(allowed_lanes(0), 1u);
  EXPECT_EQ(allowed_lanes(7), 7u);
  const SingleLane single;
  EXPECT_EQ(allowed_lanes(7), 1u);
}

}  // namespace
}  // namespace slipway
