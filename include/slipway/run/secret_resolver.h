#pragma once

#include <filesystem>
#include <map>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "slipway/base/actor.h"
#include "slipway/base/fs.h"
#include "slipway/base/secret.h"

namespace slipway::run {

/// The sources of secrets, and the release that gets them.
struct SecretPlaces {
  FileSystem& fs;
  EnvLookup env;
  stdfs::path folder;  ///< relative paths of file:// start here
  std::string app, environment;
};

/// Returns the values of secrets, `references` being NAME -> reference, in the order of the names. They are fetched now
/// and stored nowhere. A helper `slipway-secret-NAME get` reads {"schema", "path", "key", "app", "environment"} on
/// standard input and answers {"value": "..."} within 60 seconds (docs/FORMATS.md). All secrets that fail are reported
/// in one error; the output of helpers, values of variables and contents of files are never quoted.
Result<std::vector<std::pair<std::string, Secret>>> resolve_secrets(
    const std::map<std::string, std::string>& references, const SecretPlaces& places, std::stop_token stop = {});

}  // namespace slipway::run
