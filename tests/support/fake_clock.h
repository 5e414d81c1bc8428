#pragma once

#include <atomic>
#include <vector>

#include "slipway/base/clock.h"
#include "slipway/base/rng.h"

namespace slipway::test {

/// A clock that stands still until told; sleeping moves it. Thread-safe.
class FakeClock final : public Clock {
 public:
  explicit FakeClock(std::int64_t now = 1'700'000'000) : seconds_(now) {}
  std::int64_t now() override { return seconds_; }
  std::chrono::milliseconds monotonic() override { return std::chrono::milliseconds(millis_.load()); }
  Status sleep(std::chrono::milliseconds duration, std::stop_token stop) override;
  void advance(std::chrono::seconds by);
  /// Milliseconds slept in all.
  std::int64_t slept() const { return slept_; }

 private:
  std::atomic<std::int64_t> seconds_;
  std::atomic<std::int64_t> millis_{1'000'000};
  std::atomic<std::int64_t> slept_{0};
};

/// Repeatable numbers (splitmix64). Thread-safe.
class SeededRng final : public Rng {
 public:
  explicit SeededRng(std::uint64_t seed = 1) : state_(seed) {}
  std::uint64_t next() override;

 private:
  std::atomic<std::uint64_t> state_;
};

}  // namespace slipway::test
