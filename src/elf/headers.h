#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "elf/file_bytes.h"

namespace slipway::elf {

/// One program header.
struct Segment {
  std::uint64_t type = 0, flags = 0, offset = 0, address = 0, file_size = 0, memory_size = 0;
  bool operator==(const Segment&) const = default;
};

/// One section header with its name.
struct Section {
  std::string name;
  std::uint64_t type = 0, flags = 0, offset = 0, size = 0;
  bool has_bytes() const { return type != 8 && type != 0; }  ///< neither SHT_NOBITS nor SHT_NULL
};

/// Both header tables of an ELF file.
struct Headers {
  std::uint64_t size = 0;  ///< of the ELF header, bytes
  std::vector<Segment> segments;
  std::vector<Section> sections;
  /// The end of the last byte that the headers speak of.
  std::uint64_t end = 0;
};

/// Errc::malformed for tables that do not fit into the file or are unreasonably large.
Result<Headers> read_headers(const FileBytes& file);

}  // namespace slipway::elf
