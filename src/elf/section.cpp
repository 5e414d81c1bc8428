#include "slipway/elf/section.h"

#include "elf/headers.h"

namespace slipway::elf {

std::optional<std::string> section_of(std::string_view program, std::string_view name) {
  const FileBytes file = bytes_of(program, "a program");
  const auto headers = read_headers(file);
  if (!headers) return std::nullopt;
  for (const Section& section : headers->sections) {
    if (section.name != name || !section.has_bytes()) continue;
    auto bytes = file.piece(section.offset, section.size, "a section");
    return bytes ? std::optional(*std::move(bytes)) : std::nullopt;
  }
  return std::nullopt;
}

}  // namespace slipway::elf
