#pragma once

#include <optional>
#include <string>

#include "slipway/base/fs.h"
#include "slipway/oci/location.h"

namespace slipway::cli {

/// Sees a location in the name of a file: a word that starts with "/", "./" or "../", or ends in ".tar", ".tar.gz",
/// ".tgz" or ".tar.zst"; "-" is a docker-archive on standard input or output. A folder is an OCI layout if it holds
/// one; a tar with an "oci-layout" and no "manifest.json" is an oci-archive; every other file, also one that is not
/// there yet, is a docker-archive. Returns nullopt for words that are locations as they stand.
std::optional<oci::Location> location_on_disk(FileSystem& fs, const stdfs::path& directory, const std::string& word);

/// The error for a location of another tool's kind, such as "docker-daemon:app:v1", with the words to type instead;
/// nullopt for every other word.
std::optional<Error> foreign_location(const std::string& word);

}  // namespace slipway::cli
