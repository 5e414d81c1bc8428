#include <cstdlib>

#include "slipway/oci/image_config.h"

using slipway::oci::ImageConfig;

// A config that was read and written again reads the same and writes the same bytes.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto config = ImageConfig::parse(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!config) return 0;
  const std::string written = config->serialize();
  const auto again = ImageConfig::parse(written);
  if (!again) {
    if (again.error().code != slipway::Errc::too_large) std::abort();
    return 0;
  }
  if (!(*again == *config) || again->serialize() != written) std::abort();
  if (again->check().has_value() != config->check().has_value()) std::abort();
  return 0;
}
