#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "slipway/layer/file_tree.h"

namespace slipway::layer {

Result<bool> is_empty_folder(FileSystem& fs, const std::filesystem::path& path);

/// Takes one entry found on disk; `is_root`: it is what was given itself.
using EntryTaker = std::function<Status(FileEntry, bool is_root)>;

/// Walks what FileTree::add was given and hands every entry to `take`; parents of `to` are not among them.
Status walk_source(FileSystem& fs, const std::filesystem::path& from, const std::string& to, const TreeOptions& options,
                   Diagnostics& diagnostics, const EntryTaker& take);

}  // namespace slipway::layer
