#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "slipway/base/result.h"

namespace slipway {

/// One component of a path as a lookup finds it.
struct PathStep {
  bool is_folder = false;
  std::optional<std::string> link = std::nullopt;  ///< a symlink's text
};

/// Returns the step at a path whose folders are not symlinks; nullopt for a path that does not exist.
using StepLookup = std::function<std::optional<PathStep>(const std::string& path)>;

/// Returns the path that `path` leads to once symlinks are followed inside one root: "/" and ".." lead no further up.
/// Paths have no slash at either end; "" is the root. The last component is followed only if `follow_last`. A missing
/// path counts as a folder. The path starts in `from`, a folder that is known not to lie behind a symlink.
/// Errc::malformed for more than 40 symlinks, not_found below anything but a folder.
Result<std::string> walk_symlinks(std::string_view path, bool follow_last, const StepLookup& lookup,
                                  std::string_view from = {});

}  // namespace slipway
