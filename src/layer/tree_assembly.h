#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "layer/base_overlay.h"
#include "layer/tree_contents.h"
#include "slipway/base/fs.h"
#include "slipway/layer/record_sorter.h"

namespace slipway::layer {

/// The entries that were added to a tree, in no order yet.
struct FoundEntries {
  RecordSorter entries;                           ///< sort key -> entry, sorted
  std::map<std::string, FileEntry> removed = {};  ///< whiteouts and opaque folders, by path
  std::map<std::string, FileEntry> folders = {};  ///< whose metadata is declared, by path
};

/// True for whiteouts and opaque markers.
bool is_marker(const FileEntry& entry);

/// Returns the key that orders entries by components: a folder, then its markers, then its members byte by byte.
std::string sort_key(const FileEntry& entry);

/// Refuses two entries of one path that differ: Errc::invalid_argument. Contents are compared byte by byte.
Status check_twin(FileSystem& fs, const FileEntry& first, const FileEntry& second);

/// Returns the whiteouts and opaque folders that the layer gets. A path that is removed and added in one layer must
/// look the same to every runtime: a folder becomes opaque, a file needs no whiteout as it replaces what was there, and
/// below either a whiteout would bring the folder back.
Result<std::map<std::string, FileEntry>> resolve_whiteouts(const FoundEntries& found);

/// Merges entries and markers into a tree, with missing parents made and hard links found. `overlay`: the base that
/// parents are taken from, nullptr for scratch.
Result<TreeContents> assemble_tree(FileSystem& fs, const FoundEntries& found, const BaseOverlay* overlay,
                                   std::int64_t epoch, const SpillPlace& spill);

}  // namespace slipway::layer
