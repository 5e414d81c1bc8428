#pragma once

#include <cstdint>
#include <string>

namespace slipway {

/// A source of random numbers; tests pass a seeded one. Thread-safe.
class Rng {
 public:
  virtual ~Rng() = default;
  /// Returns 64 random bits.
  virtual std::uint64_t next() = 0;
  /// Returns `length` characters of [a-z0-9], for temporary names.
  std::string name(std::size_t length);
};

/// Returns the kernel's random numbers (getrandom(2)), which live as long as the process.
Rng& system_rng();

}  // namespace slipway
