#include <cstdint>

#include "registry/link_header.h"
#include "slipway/registry/challenge.h"

// A hostile WWW-Authenticate or Link header gives challenges, a reference or an error, within their caps.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto challenges = slipway::registry::parse_challenges(text);
  if (challenges && challenges->size() > 16) __builtin_trap();
  const auto next = slipway::registry::next_link({std::string(text)});
  if (next && *next && (*next)->size() > size) __builtin_trap();
  return 0;
}
