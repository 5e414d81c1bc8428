#pragma once

#include <cstdint>
#include <string>

namespace slipway {

/// Source of random numbers; tests put a seeded one in. Thread-safe.
class Rng {
 public:
  virtual ~Rng() = default;
  virtual std::uint64_t next() = 0;
  /// `length` characters of [a-z0-9], for temporary names.
  std::string name(std::size_t length);
};

/// The kernel's random numbers (getrandom).
Rng& system_rng();

}  // namespace slipway
