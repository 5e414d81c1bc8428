#include "slipway/elf/section.h"

#include <limits>

#include "elf/headers.h"

namespace slipway::elf {
namespace {

std::optional<std::string> section_in(const FileBytes& file, std::string_view name, std::uint64_t max_bytes) {
  const auto headers = read_headers(file);
  if (!headers) return std::nullopt;
  for (const Section& section : headers->sections) {
    if (section.name != name || !section.has_bytes()) continue;
    if (section.size > max_bytes) return std::nullopt;
    auto bytes = file.piece(section.offset, section.size, "a section");
    return bytes ? std::optional(*std::move(bytes)) : std::nullopt;
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> section_of(std::string_view program, std::string_view name) {
  return section_in(bytes_of(program, "a program"), name, std::numeric_limits<std::uint64_t>::max());
}

std::optional<std::string> section_of(File& program, std::string_view name, std::uint64_t max_bytes) {
  const auto file = bytes_of(program, "a program");
  return file ? section_in(*file, name, max_bytes) : std::nullopt;
}

}  // namespace slipway::elf
