#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "slipway/base/fs.h"
#include "slipway/builder/sbom.h"

namespace slipway::builder {

// Packages of languages, as their own files and programs name them; none for anything that cannot be read.

/// The modules of a Go program by the build information that the linker puts into it (Go 1.18 and newer), the standard
/// library among them. `program`: its whole bytes.
std::vector<SbomPackage> packages_of_go_program(std::string_view program);
/// The same of an open file, of which some MiB are in memory at a time. Errors are the disk's.
Result<std::vector<SbomPackage>> packages_of_go_program(File& program);

/// The crates of a Rust program by the list that cargo-auditable puts into it; those that only its build needed are
/// left out. `program`: its whole bytes.
std::vector<SbomPackage> packages_of_rust_program(std::string_view program);
/// The same of an open file; none where the list cannot be read.
std::vector<SbomPackage> packages_of_rust_program(File& program);

/// The crates of such a list, unpacked.
std::vector<SbomPackage> crates_of(const std::string& list);

/// The package that a node_modules folder has a package.json of.
std::optional<SbomPackage> package_of_package_json(const std::string& text);

/// The distribution that a METADATA or PKG-INFO file is of.
std::optional<SbomPackage> package_of_python_metadata(const std::string& text);

/// True for the paths, without a leading slash, of files that name a package: node_modules/X/package.json,
/// X.dist-info/METADATA, X.egg-info/PKG-INFO.
bool is_package_manifest(std::string_view path);

/// The package that such a file names.
std::optional<SbomPackage> package_of_manifest(std::string_view path, const std::string& text);

}  // namespace slipway::builder
