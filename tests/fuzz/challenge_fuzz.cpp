#include <cstdint>

#include "slipway/registry/challenge.h"

// A hostile WWW-Authenticate header gives challenges or an error, within its caps.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto challenges = slipway::registry::parse_challenges({reinterpret_cast<const char*>(data), size});
  if (challenges && challenges->size() > 16) __builtin_trap();
  return 0;
}
