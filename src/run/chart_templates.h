#pragma once

#include <functional>
#include <optional>
#include <string>

#include "slipway/base/fs.h"
#include "slipway/run/reference_finder.h"

namespace slipway::run {

/// Returns a function that reads the templates of the chart beside a file of values (Chart.yaml in the same folder), of
/// one of its dependencies in charts/, and keeps them. `fs` outlives it. Any thread.
std::function<std::optional<std::string>(const std::string& file, const std::string& subchart)> templates_beside(
    FileSystem& fs);

/// How templates print one key of a mapping in the values.
struct KeyUse {
  bool read = false;
  bool bare = false;     ///< with "sha256:" in front of it, so that the value is the hex digits alone
  bool version = false;  ///< compared as a semantic version, or printed as one, where a digest does not fit
};

/// Returns how `templates` use `key` of the mapping at `path` ("image", "server.image"). A template may name the key in
/// full (.Values.server.image.tag), or hand the mapping to a helper that reads it (.imageRoot.tag); for the latter
/// every mention of the key in the chart counts.
KeyUse use_of_key(const std::string& templates, const std::string& path, const std::string& key);

}  // namespace slipway::run
