#include <cstdlib>

#include "builder/dpkg_database.h"
#include "slipway/elf/closure.h"

// A package's name becomes a file's name in an image, its stanza that file; what was written reads as the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  for (const slipway::builder::DpkgPackage& package : slipway::builder::parse_dpkg_status(text)) {
    if (package.name.empty() || package.name.find('/') != std::string::npos || package.name[0] == '.') std::abort();
    const auto again = slipway::builder::parse_dpkg_status(package.stanza);
    if (again.size() != 1 || again[0].stanza != package.stanza || again[0].name != package.name) std::abort();
  }
  for (const std::string& name : slipway::elf::script_interpreters(text)) {
    if (name.empty() || name.size() > size) std::abort();
  }
  return 0;
}
