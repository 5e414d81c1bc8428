#include <cstdlib>

#include "slipway/elf/debug.h"

// Reading ends for any bytes; what a core's modules are called is in it.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto debug = slipway::elf::has_debug_info(bytes, "input");
  if (!debug && debug.error().code != slipway::Errc::malformed) std::abort();
  const auto modules = slipway::elf::read_core(bytes, "input");
  if (!modules) {
    const auto code = modules.error().code;
    if (code != slipway::Errc::malformed && code != slipway::Errc::invalid_argument) std::abort();
    return 0;
  }
  for (const slipway::elf::CoreModule& module : *modules) {
    if (module.build_id.empty() || module.build_id.size() > 2 * size || module.path.size() > size) std::abort();
  }
  return 0;
}
