#include <cstdlib>

#include "builder/ecosystems.h"
#include "builder/rpm_database.h"

// The words of apk, rpm, a program's note, Go's build information, a manifest of npm or Python, or another tool's SBOM
// become packages with a name and a purl, or nothing.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using slipway::builder::SbomPackage;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto check = [](const SbomPackage& package) {
    const bool plain = package.purl.find_first_of(" \n\"<>") == std::string::npos || package.purl.starts_with("pkg:");
    if (package.name.empty() || !plain) std::abort();
  };
  for (const auto& found : slipway::builder::parse_apk_database(text, "alpine")) {
    check(found.package);
    for (const std::string& path : found.files) {
      if (!path.starts_with('/')) std::abort();
    }
  }
  if (const auto found = slipway::builder::parse_rpm_header(text, "fedora"); found && *found) check((*found)->package);
  if (const auto package = slipway::builder::package_of_note(text)) check(*package);
  for (const SbomPackage& package : slipway::builder::packages_of_go_program(text))
    check(package);
  if (const auto package = slipway::builder::package_of_package_json(text)) check(*package);
  if (const auto package = slipway::builder::package_of_python_metadata(text)) check(*package);
  for (const SbomPackage& package : slipway::builder::packages_of_document(text))
    check(package);
  return 0;
}
