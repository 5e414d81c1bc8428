#include "slipway/layer/path_walk.h"

namespace slipway::layer {

Result<std::string> real_path(std::string_view path, bool follow_last, const EntryLookup& lookup,
                              std::string_view from) {
  const auto step = [&](const std::string& at) -> std::optional<PathStep> {
    auto there = lookup(at);
    if (!there) return std::nullopt;
    if (there->type == EntryType::symlink) return PathStep{false, std::move(there->link)};
    return PathStep{there->type == EntryType::directory};
  };
  return walk_symlinks(path, follow_last, step, from);
}

}  // namespace slipway::layer
