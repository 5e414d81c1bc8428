#include <cstdlib>

#include "slipway/oci/location.h"

using slipway::oci::Location;

// A location that is accepted prints to something that parses to an equal location and holds only what its grammar
// allows; whatever is accepted for writing is accepted for reading.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto reading = Location::parse_for_reading(text);
  if (Location::parse(text) && !reading) std::abort();
  if (!reading) {
    if (reading.error().message.empty()) std::abort();
    return 0;
  }
  const auto again = Location::parse(reading->str());
  if (!again || !(*again == *reading) || again->str() != reading->str()) std::abort();
  if (reading->is_registry()) {
    if (!slipway::oci::is_valid_host(reading->host()) || !slipway::oci::is_valid_repository(reading->repository()))
      std::abort();
    if (reading->tag() && !slipway::oci::is_valid_tag(*reading->tag())) std::abort();
    if (!reading->path().empty()) std::abort();
  } else if (reading->path().empty()) {
    std::abort();
  }
  return 0;
}
