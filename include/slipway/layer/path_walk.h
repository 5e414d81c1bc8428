#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "slipway/layer/entry.h"

namespace slipway::layer {

/// The type of what lies at a path, and a symlink's text.
struct Step {
  EntryType type;
  std::string link;
};

/// Returns what lies at a path whose folders are not symlinks; nullopt where nothing does.
using StepLookup = std::function<std::optional<Step>(const std::string& path)>;

/// Returns the path that `path` leads to once symlinks are followed with the image as the root: "/" and ".." lead no
/// further up. The last component is followed only if `follow_last`. A path that `lookup` does not know counts as a
/// folder. The path starts in `from`, a folder that must not lie behind a symlink. Errc::malformed for more than 40
/// symlinks, not_found for a path below something that is not a folder.
Result<std::string> real_path(std::string_view path, bool follow_last, const StepLookup& lookup,
                              std::string_view from = {});

}  // namespace slipway::layer
