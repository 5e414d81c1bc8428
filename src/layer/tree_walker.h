#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "slipway/layer/file_tree_builder.h"

namespace slipway::layer {

/// The metadata that an input declares for the folder that it becomes itself: it wins over whatever the base or other
/// inputs have there. A mode is an empty folder's only; a folder with members gives its mode to the files in it.
struct DeclaredMetadata {
  std::optional<std::uint32_t> mode = std::nullopt;
  std::optional<std::uint64_t> uid = std::nullopt, gid = std::nullopt;

  bool any() const { return mode || uid || gid; }
};

/// An entry with the part of its metadata that is declared.
struct DeclaredEntry {
  FileEntry entry;
  DeclaredMetadata declared;
};

/// Receives one entry found on disk.
using EntryTaker = std::function<Status(FileEntry, const DeclaredMetadata& declared)>;

/// Walks the input of FileTreeBuilder::add and hands every entry to `take`, a folder before its members; parents of
/// `to` are not among them. Lists every folder once.
Status walk_source(FileSystem& fs, const std::filesystem::path& from, const std::string& to, const TreeOptions& options,
                   Diagnostics& diagnostics, const EntryTaker& take);

/// Returns the entry of an empty folder that is nowhere on disk.
Result<DeclaredEntry> made_folder(const std::string& to, const TreeOptions& options);

}  // namespace slipway::layer
