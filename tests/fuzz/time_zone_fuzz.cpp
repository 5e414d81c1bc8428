#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "release/time_zone.h"

using namespace slipway;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto zone = release::TimeZone::parse({reinterpret_cast<const char*>(data), size});
  if (!zone) return 0;
  // From 1900 to the end of 9999: before the table, in it, and behind it in both seasons.
  for (const std::int64_t at : {-2208988800ll, 0ll, 1767225600ll, 1782864000ll, 4102444800ll, 253402300799ll}) {
    const std::int64_t offset = zone->offset_at(at);
    if (zone->offset_at(at) != offset) std::abort();
  }
  return 0;
}
