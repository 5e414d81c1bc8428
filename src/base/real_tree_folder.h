#pragma once

#include "slipway/base/tree_folder.h"

namespace slipway {

/// Opens a folder of the machine's disk as FileSystem::open_tree does.
Result<std::unique_ptr<TreeFolder>> open_real_tree(const stdfs::path& path);

}  // namespace slipway
