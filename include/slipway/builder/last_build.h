#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "slipway/base/digest.h"
#include "slipway/base/fs.h"
#include "slipway/oci/location.h"

namespace slipway::builder {

inline constexpr std::string_view kLastBuildFile = "last-build.json";
inline constexpr std::string_view kLastBuildSchema = "slipway/v1/last-build";

/// The last build of one app, so that `release` finds it without being told (docs/FORMATS.md "Last build").
struct LastBuild {
  std::string app;                       ///< empty for builds without a file
  std::vector<oci::Location> locations;  ///< with digest; layouts with absolute paths
  Digest digest;
  std::string media_type;
  std::int64_t time = 0;  ///< when it was built, unix seconds
};

/// Remembers `build` in `state_folder` ("<project>/.slipway", made when missing), replacing what is there for its app.
Status write_last_build(FileSystem& fs, const std::filesystem::path& state_folder, const LastBuild& build);

/// Errc::not_found when nothing is recorded for `app`, invalid_argument for a record of another major version.
Result<LastBuild> read_last_build(FileSystem& fs, const std::filesystem::path& state_folder, const std::string& app);

}  // namespace slipway::builder
