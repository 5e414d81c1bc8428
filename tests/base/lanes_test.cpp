#include "slipway/base/lanes.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <mutex>
#include <set>
#include <thread>

namespace slipway {
namespace {

TEST(Lanes, RunsEveryJobOnce) {
  for (const std::size_t lanes : {0u, 1u, 3u, 64u}) {
    std::mutex mutex;
    std::multiset<std::size_t> seen;
    const Status status = run_lanes(lanes, 20, {}, [&](std::size_t i, std::stop_token) -> Status {
      const std::scoped_lock lock(mutex);
      seen.insert(i);
      return {};
    });
    EXPECT_TRUE(status.has_value());
    EXPECT_EQ(seen.size(), 20u);
    EXPECT_EQ(std::set<std::size_t>(seen.begin(), seen.end()).size(), 20u);
  }
}

TEST(Lanes, NothingToDoIsSuccess) {
  EXPECT_TRUE(run_lanes(4, 0, {}, [](std::size_t, std::stop_token) -> Status {
                return fail(Errc::internal, "no");
              }).has_value());
}

TEST(Lanes, FirstFailureStopsTheRest) {
  std::atomic<int> started{0};
  const Status status = run_lanes(1, 100, {}, [&](std::size_t i, std::stop_token) -> Status {
    ++started;
    if (i == 3) return fail(Errc::network, "job {}", i);
    return {};
  });
  ASSERT_FALSE(status.has_value());
  EXPECT_EQ(status.error().message, "job 3");
  EXPECT_EQ(started, 4);
}

TEST(Lanes, TheCauseIsReportedNotThoseItCancelled) {
  const Status status = run_lanes(2, 2, {}, [&](std::size_t i, std::stop_token stop) -> Status {
    if (i == 1) return fail(Errc::network, "the cause");
    while (!stop.stop_requested())
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return fail(Errc::cancelled, "told to stop");
  });
  ASSERT_FALSE(status.has_value());
  EXPECT_EQ(status.error().message, "the cause");
}

TEST(Lanes, OuterStopCancels) {
  std::stop_source stop;
  const Status status = run_lanes(3, 1000, stop.get_token(), [&](std::size_t, std::stop_token) -> Status {
    stop.request_stop();
    return {};
  });
  ASSERT_FALSE(status.has_value());
  EXPECT_EQ(status.error().code, Errc::cancelled);
}

TEST(Lanes, ASingleLaneRunsEveryJobInTheCallersThreadInOrder) {
  const SingleLane single;
  std::vector<std::size_t> ran;
  const auto self = std::this_thread::get_id();
  const Status status = run_lanes(8, 20, {}, [&](std::size_t i, std::stop_token) -> Status {
    EXPECT_EQ(std::this_thread::get_id(), self);
    ran.push_back(i);
    return {};
  });
  EXPECT_TRUE(status.has_value());
  EXPECT_EQ(ran.size(), 20u);
  EXPECT_TRUE(std::is_sorted(ran.begin(), ran.end()));
}

}  // namespace
}  // namespace slipway
