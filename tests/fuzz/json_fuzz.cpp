#include <cstdlib>

#include "slipway/base/json.h"

// A text that parses must print back to something that parses to the same value.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto json = slipway::Json::parse(text, "fuzz", {.max_bytes = 1u << 20, .max_depth = 64});
  if (!json) return 0;
  const auto again = slipway::Json::parse(json->compact(), "again");
  if (!again || !(*again == *json)) std::abort();
  const auto canonical = json->canonical();
  if (canonical && slipway::Json::parse(*canonical, "canonical")->canonical().value() != *canonical) std::abort();
  return 0;
}
