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

/// The sources of secrets, and the release that they are for.
struct SecretPlaces {
  FileSystem& fs;
  EnvLookup env;
  stdfs::path folder;  ///< what the paths of file:// start from
  std::string app, environment;
};

/// The secrets that a config refers to, in the order of their names, fetched now and kept nowhere. A helper
/// `slipway-secret-NAME get` reads {"schema", "path", "key", "app", "environment"} on stdin and answers
/// {"value": "..."}; it has 60 seconds. Every secret that cannot be had is named at once; nothing that a helper,
/// variable or file says is ever quoted.
Result<std::vector<std::pair<std::string, Secret>>> resolve_secrets(
    const std::map<std::string, std::string>& references, const SecretPlaces& places, std::stop_token stop = {});

}  // namespace slipway::run
