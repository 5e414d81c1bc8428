#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "slipway/builder/sbom.h"

namespace slipway::builder {

/// A package that something in an image or beside it names.
struct NamedPackage {
  SbomPackage package;          ///< without files
  std::set<std::string> files;  ///< absolute paths that it installed, as its database spells them
};

/// The packages of apk's database (Alpine, Wolfi): lib/apk/db/installed.
std::vector<NamedPackage> parse_apk_database(const std::string& text, const std::string& distribution);

/// The package that a .note.package names (https://systemd.io/ELF_PACKAGE_METADATA); nothing for other texts.
std::optional<SbomPackage> package_of_note(const std::string& json);

/// The packages of an SPDX or CycloneDX document in JSON; of vcpkg's only the port itself. None for what is neither.
std::vector<SbomPackage> packages_of_document(const std::string& text);

/// True for the names that SBOMs have in image and build trees: vcpkg.spdx.json, *.spdx.json, *.cdx.json.
bool is_sbom_name(std::string_view path);

/// "pkg:TYPE/NAME@VERSION" with what purl wants escaped; `qualifiers` as they are.
std::string make_purl(std::string_view type, const std::vector<std::string>& names, std::string_view version,
                      const std::string& qualifiers = {});

}  // namespace slipway::builder
