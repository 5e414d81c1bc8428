#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "slipway/base/fs.h"

namespace slipway::run {

/// Returns the names that a file of docker buildx bake, in HCL or JSON, gives to contexts: stages of other targets,
/// folders or images that take the place of an image of that name in a Dockerfile.
std::vector<std::string> bake_contexts(std::string_view text);

/// Returns a function that says whether a name in a Dockerfile is that of a context. It reads the files of bake and
/// compose in the Dockerfile's folder and in the folders above it, up to that of a repository, and keeps their names.
/// `fs` outlives it. One thread.
std::function<bool(const std::string& file, const std::string& name)> contexts_above(FileSystem& fs);

}  // namespace slipway::run
