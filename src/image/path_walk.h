#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "slipway/layer/file_tree.h"

namespace slipway::image {

/// What lies at a path, as far as a walk needs to know.
struct Step {
  layer::EntryType type;
  std::string link;  ///< of a symlink
};
using StepLookup = std::function<std::optional<Step>(const std::string& path)>;

/// The path that `path` really is once symlinks are followed with the image as the root ("/" and ".." lead no
/// further up); its last part too when `follow_last`. What is not there counts as a folder.
/// Errc::malformed for a loop, not_found below what is no folder.
Result<std::string> real_path(std::string_view path, bool follow_last, const StepLookup& lookup);

std::string_view parent_of(std::string_view path);  ///< "" for what lies in the root
std::string joined(std::string_view folder, std::string_view name);

}  // namespace slipway::image
