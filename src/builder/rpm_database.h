#pragma once

#include <string>
#include <vector>

#include "builder/sbom_sources.h"

namespace slipway::builder {

/// True for the path of rpm's database in its SQLite form (rpm 4.16 and newer; Fedora, RHEL 9, Amazon Linux 2023).
bool is_rpm_database(const std::string& path);

/// The packages of such a database, given as its bytes. SQLite reads it, loaded when first needed: Errc::failed naming
/// Debian's package when that is missing, Errc::malformed for what SQLite or the headers in it do not bear out.
Result<std::vector<NamedPackage>> parse_rpm_database(std::string bytes, const std::string& distribution);

/// One package header as rpm stores it (rpm's "header blob": counts, an index, a data store); nothing for the keys that
/// rpm keeps as packages. Every offset is checked: Errc::malformed.
Result<std::optional<NamedPackage>> parse_rpm_header(std::string_view blob, const std::string& distribution);

}  // namespace slipway::builder
