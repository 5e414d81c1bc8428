#include "slipway/base/rng.h"

#include <sys/random.h>

#include <random>

namespace slipway {
namespace {

class SystemRng final : public Rng {
 public:
  std::uint64_t next() override {
    std::uint64_t value = 0;
    if (getrandom(&value, sizeof value, 0) == static_cast<ssize_t>(sizeof value)) return value;
    std::random_device device;
    return static_cast<std::uint64_t>(device()) << 32 | device();
  }
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
