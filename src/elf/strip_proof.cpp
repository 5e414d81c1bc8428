#include "slipway/elf/strip_proof.h"

#include <algorithm>
#include <array>
#include <map>

#include "elf/headers.h"

namespace slipway::elf {
namespace {

constexpr std::uint64_t kAllocated = 2;     // SHF_ALLOC
constexpr std::uint64_t kLoadSegment = 1;   // PT_LOAD
constexpr std::uint64_t kPiece = 1u << 20;  // bytes compared at a time

/// Sections that are meant to go: DWARF, stabs, the symbol table and their indexes.
bool is_debug_section(std::string_view name) {
  constexpr std::array<std::string_view, 4> kBeginnings = {".debug", ".zdebug", ".stab", ".gnu.debuglto_"};
  constexpr std::array<std::string_view, 7> kNames = {".symtab",           ".strtab", ".symtab_shndx", ".gdb_index",
                                                      ".gnu_debugaltlink", ".line",   ".shstrtab"};
  return std::any_of(kBeginnings.begin(), kBeginnings.end(),
                     [name](std::string_view start) { return name.starts_with(start); }) ||
         std::find(kNames.begin(), kNames.end(), name) != kNames.end();
}

/// Relocations of sections that go, go too.
bool may_go(const Section& section) {
  if ((section.flags & kAllocated) != 0) return false;
  std::string_view name = section.name;
  if (name.starts_with(".rela.")) name.remove_prefix(5);
  if (name.starts_with(".rel.")) name.remove_prefix(4);
  return section.type == 0 || is_debug_section(name);
}

Result<bool> same_bytes(const FileBytes& a, std::uint64_t at_a, const FileBytes& b, std::uint64_t at_b,
                        std::uint64_t size) {
  while (size > 0) {
    const std::uint64_t n = std::min(size, kPiece);
    SLIPWAY_ASSIGN(const std::string one, a.piece(at_a, n, "content"));
    SLIPWAY_ASSIGN(const std::string other, b.piece(at_b, n, "content"));
    if (one != other) return false;
    at_a += n;
    at_b += n;
    size -= n;
  }
  return true;
}

Result<std::optional<std::string>> segment_difference(const FileBytes& whole, const Headers& before,
                                                      const FileBytes& stripped, const Headers& after) {
  if (before.segments != after.segments) return std::optional<std::string>("its segments changed");
  for (const Segment& segment : before.segments) {
    if (segment.type != kLoadSegment || segment.file_size == 0) continue;
    const std::uint64_t skipped = segment.offset < before.size ? before.size - segment.offset : 0;
    if (skipped >= segment.file_size) continue;
    const std::uint64_t at = segment.offset + skipped;
    SLIPWAY_ASSIGN(const bool same, same_bytes(whole, at, stripped, at, segment.file_size - skipped));
    if (!same) return std::optional<std::string>("the bytes of a segment changed");
  }
  return std::optional<std::string>();
}

Result<std::optional<std::string>> section_difference(const FileBytes& whole, const Headers& before,
                                                      const FileBytes& stripped, const Headers& after) {
  std::multimap<std::string, const Section*> left;
  for (const Section& section : after.sections)
    left.emplace(section.name, &section);
  for (const Section& section : before.sections) {
    if (may_go(section)) continue;
    const auto found = left.find(section.name);
    if (found == left.end()) return std::optional("its section " + section.name + " is gone");
    const Section& now = *found->second;
    left.erase(found);
    const bool alike = now.type == section.type && now.size == section.size;
    if (!alike) return std::optional("its section " + section.name + " changed");
    if (!section.has_bytes() || (section.flags & kAllocated) != 0) continue;  // compared with its segment
    SLIPWAY_ASSIGN(const bool same, same_bytes(whole, section.offset, stripped, now.offset, section.size));
    if (!same) return std::optional("its section " + section.name + " changed");
  }
  return std::optional<std::string>();
}

}  // namespace

std::optional<std::string> objection_to_stripping(File& program, std::string_view name) {
  const auto file = bytes_of(program, name);
  if (!file) return file.error().message;
  const auto headers = read_headers(*file);
  if (!headers) return headers.error().message;
  // Linkers may pad a file's end to a word.
  constexpr std::uint64_t kPadding = 8;
  if (file->size() >= headers->end + kPadding) return "data is appended to it";
  return std::nullopt;
}

Result<std::optional<std::string>> difference_beyond_debug(File& whole, File& stripped, std::string_view name) {
  SLIPWAY_ASSIGN(const FileBytes before, bytes_of(whole, name));
  SLIPWAY_ASSIGN(const FileBytes after, bytes_of(stripped, name));
  SLIPWAY_ASSIGN(const Headers headers_before, read_headers(before));
  SLIPWAY_ASSIGN(const Headers headers_after, read_headers(after));
  SLIPWAY_ASSIGN(auto difference, segment_difference(before, headers_before, after, headers_after));
  if (difference) return difference;
  return section_difference(before, headers_before, after, headers_after);
}

}  // namespace slipway::elf
