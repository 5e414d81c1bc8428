#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "slipway/base/symlink_walk.h"
#include "slipway/layer/entry.h"

namespace slipway::layer {

/// The type of an entry, and a symlink's text.
struct Step {
  EntryType type;
  std::string link;
};

/// Returns the entry at a path whose folders are not symlinks; nullopt where there is none.
using EntryLookup = std::function<std::optional<Step>(const std::string& path)>;

/// walk_symlinks() among the entries of a layer or an image.
Result<std::string> real_path(std::string_view path, bool follow_last, const EntryLookup& lookup,
                              std::string_view from = {});

}  // namespace slipway::layer
