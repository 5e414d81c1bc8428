#pragma once

#include <string>
#include <utility>
#include <vector>

namespace slipway::test {

/// An ELF file to be made: enough of one to be read by the loader's rules, nothing that runs.
struct ElfBytes {
  unsigned bits = 64;
  bool little = true;
  unsigned machine = 62;
  unsigned flags = 0;
  bool fixed = false;
  std::string interpreter, soname, rpath, runpath;
  std::vector<std::string> needed;
  std::vector<std::pair<std::string, std::string>> version_needs;  ///< library, version
  bool weak_needs = false;                                         ///< of all version needs
  std::vector<std::string> versions, imports;
  unsigned flags_1 = 0;
  std::string notes;

  std::string str() const;
};

/// One note record, little-endian.
std::string elf_note(const std::string& name, unsigned type, const std::string& content);

}  // namespace slipway::test
