#include "support/fake_clock.h"

namespace slipway::test {

Status FakeClock::sleep(std::chrono::milliseconds duration, std::stop_token stop) {
  if (stop.stop_requested()) return fail(Errc::cancelled, "interrupted while waiting");
  millis_ += duration.count();
  slept_ += duration.count();
  seconds_ += duration.count() / 1000;
  return {};
}

void FakeClock::advance(std::chrono::seconds by) {
  seconds_ += by.count();
  millis_ += by.count() * 1000;
}

std::uint64_t SeededRng::next() {
  std::uint64_t z = state_.fetch_add(0x9E3779B97F4A7C15u) + 0x9E3779B97F4A7C15u;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

}  // namespace slipway::test
