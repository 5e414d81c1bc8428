#pragma once

#include <set>
#include <string>
#include <vector>

#include "slipway/base/fs.h"
#include "slipway/layer/file_tree_builder.h"

namespace slipway::builder {

/// How often a file of an image changes from build to build, the rarest first.
enum class Churn { system, libraries, own_libraries, assets, programs };

/// Returns the suffix of the name of a layer of such files, e.g. "libraries".
const char* churn_suffix(Churn churn);

/// The part of a layer that has one kind of files.
struct ChurnPart {
  Churn churn = Churn::programs;
  layer::FileTree tree;
};

/// Distributes a finished layer: its parts, one over the other and the rarest changed first, are the same files.
/// `supplied`: the paths in the image of the files and folders that came from the system, not from the recipe. The
/// part of a file depends on nothing but itself and its place, never on an earlier image: so the same inputs stay the
/// same image, and no file moves because another one came or went. Folders are in every part that has something below
/// them.
Result<std::vector<ChurnPart>> split_by_churn(const layer::FileTree& whole, const std::set<std::string>& supplied,
                                              std::int64_t epoch, FileSystem& fs, const layer::SpillPlace& spill);

}  // namespace slipway::builder
