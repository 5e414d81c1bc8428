#include "slipway/base/rng.h"

#include <sys/random.h>

#include <array>
#include <random>

namespace slipway {
namespace {

class SystemRng final : public Rng {
 public:
  std::uint64_t next() override {
    thread_local Pool pool;
    if (pool.left == 0 &&
        getrandom(pool.values.data(), sizeof pool.values, 0) == static_cast<ssize_t>(sizeof pool.values))
      pool.left = pool.values.size();
    if (pool.left > 0) return pool.values[--pool.left];
    std::random_device device;
    return static_cast<std::uint64_t>(device()) << 32 | device();
  }

 private:
  /// Numbers of one call to the kernel: up to 256 bytes are never cut short by a signal.
  struct Pool {
    std::array<std::uint64_t, 32> values{};
    std::size_t left = 0;
  };
};

}  // namespace

std::string Rng::name(std::size_t length) {
  static constexpr char kAlphabet[] = "abcdefghijklmnopqrstuvwxyz0123456789";
  std::string text;
  for (std::size_t i = 0; i < length; ++i)
    text += kAlphabet[next() % 36];
  return text;
}

Rng& system_rng() {
  static SystemRng rng;
  return rng;
}

}  // namespace slipway
