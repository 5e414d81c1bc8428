#pragma once

#include <string>
#include <string_view>

#include "slipway/base/result.h"

namespace slipway::builder {

/// The types and annotations of the artifact that holds the debug information of an image's programs (`debug: split`):
/// its subject is the image, and it has one blob for each program (docs/FORMATS.md "Debug files").
inline constexpr std::string_view kDebugArtifactType = "application/vnd.slipway.debug.v1";
inline constexpr std::string_view kDebugFileType = "application/vnd.slipway.debug.file.v1";
inline constexpr std::string_view kBuildIdAnnotation = "io.slipway.build-id";
inline constexpr std::string_view kDebugPathAnnotation = "io.slipway.path";  ///< of the program, in the image

/// Returns the path below a folder of debug files at which gdb, elfutils and debuginfod look for a build-id:
/// ".build-id/ab/cdef.debug".
std::string debug_path(const std::string& build_id);

/// Returns true for the lower-case hex of 3 to 64 bytes.
bool is_build_id(std::string_view text);

}  // namespace slipway::builder
