#include <cstdlib>

#include "elf/headers.h"
#include "slipway/elf/object.h"

// Reading ends for any bytes; what was read holds no more than the bytes could.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto headers = slipway::elf::read_headers(slipway::elf::bytes_of(bytes, "input"));
  if (headers && headers->end > size) std::abort();
  if (!headers && headers.error().code != slipway::Errc::malformed) std::abort();
  const auto object = slipway::elf::read_object(bytes, "input", slipway::elf::SymbolNames::all);
  if (!object) {
    if (object.error().code != slipway::Errc::malformed) std::abort();
    return 0;
  }
  if (!*object) return 0;
  if ((*object)->interpreter.size() > size || (*object)->soname.size() > size) std::abort();
  const auto& symbols = *(*object)->symbols;
  if (symbols.defined.size() + symbols.required.size() > size) std::abort();
  const auto platform = slipway::elf::elf_platform(bytes);
  const auto again = (*object)->abi.platform();
  if (platform.has_value() != again.has_value() || (platform && platform->str() != again->str())) std::abort();
  return 0;
}
