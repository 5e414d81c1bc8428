#include "slipway/elf/go_program.h"

#include <algorithm>

#include "elf/headers.h"

namespace slipway::elf {

bool is_go_program(File& program, std::string_view name) {
  const auto file = bytes_of(program, name);
  if (!file) return false;
  const auto headers = read_headers(*file);
  return headers && std::any_of(headers->sections.begin(), headers->sections.end(),
                                [](const Section& section) { return section.name == ".go.buildinfo"; });
}

}  // namespace slipway::elf
