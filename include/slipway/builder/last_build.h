#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "slipway/base/digest.h"
#include "slipway/base/fs.h"
#include "slipway/oci/location.h"

namespace slipway::builder {

/// The name of the record in the state folder, and the schema in it.
inline constexpr std::string_view kLastBuildFile = "last-build.json";
inline constexpr std::string_view kLastBuildSchema = "slipway/v1/last-build";

/// The last build of one app, which `slipway release` releases when no image is given (docs/FORMATS.md "Last build").
struct LastBuild {
  std::string app;                       ///< empty for builds without a file
  std::vector<oci::Location> locations;  ///< with digest; layouts with absolute paths
  Digest digest;
  std::string media_type;
  std::int64_t time = 0;  ///< when it was built, unix seconds
};

/// Records `build` in `state_folder` ("<project>/.slipway", created when missing) in place of its app's last one. A
/// record that cannot be read is replaced.
Status write_last_build(FileSystem& fs, const std::filesystem::path& state_folder, const LastBuild& build);

/// Returns the last build of an app. Errc::not_found when none is recorded, invalid_argument for a record of another
/// version, malformed for a damaged one.
Result<LastBuild> read_last_build(FileSystem& fs, const std::filesystem::path& state_folder, const std::string& app);

}  // namespace slipway::builder
