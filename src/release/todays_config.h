#pragma once

#include <vector>

#include "slipway/base/fs.h"
#include "slipway/release/config_artifact.h"
#include "slipway/release/environment.h"

namespace slipway::release {

/// The environment's config as its files say now: laid over each other in their order, filled in and checked by its
/// schema, without anything that looks like a secret. Every problem of all files at once, each with its place.
Result<ConfigValues> read_todays_config(const Environment& environment, FileSystem& fs, std::vector<Error>& warnings);

}  // namespace slipway::release
