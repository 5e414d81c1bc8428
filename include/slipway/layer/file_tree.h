#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "slipway/base/diagnostics.h"
#include "slipway/base/fs.h"

namespace slipway::layer {

enum class EntryType { directory, regular, symlink, hardlink, fifo, whiteout, opaque };

/// One path of a layer, as it will be in the tar.
struct Entry {
  std::string path;  ///< relative, no leading "/" or "./", no trailing "/"
  EntryType type = EntryType::regular;
  std::uint32_t mode = 0644;
  std::uint64_t uid = 0;
  std::uint64_t gid = 0;
  std::int64_t mtime = 0;            ///< seconds
  std::uint64_t size = 0;            ///< regular files
  std::string link;                  ///< symlink text, or a hard link's target path in this layer
  std::filesystem::path source;      ///< regular files: where the bytes are
  std::string content;               ///< regular files without a source: the bytes themselves
  std::map<std::string, std::string> xattrs;
  FileStat seen;                     ///< the source as it was when listed, to notice changes
};

/// How files found on disk become entries (contract "Defaults of a layer").
struct TreeOptions {
  std::int64_t epoch = 0;              ///< SOURCE_DATE_EPOCH
  bool clamp_times = false;            ///< keep mtimes older than epoch
  bool keep_modes = false;             ///< modes as on disk instead of 0755/0644
  std::optional<std::uint32_t> mode;   ///< for files given by name and regular files in folders
  std::uint64_t uid = 0;
  std::uint64_t gid = 0;
  std::vector<std::string> exclude;    ///< .dockerignore patterns relative to the source folder
};

/// What goes into one layer: each path once, sorted so that parents come first. Built by adding sources.
class FileTree {
 public:
  /// Adds a file or a folder's contents at `to` (absolute in the image). A file whose `to` ends in "/" goes into it.
  /// Sockets are skipped with a warning; devices, files named .wh.* and a path given twice with other content are errors.
  Status add(FileSystem& fs, const std::filesystem::path& from, const std::string& to, const TreeOptions& options,
             Diagnostics& diagnostics);
  /// Adds one ready entry (a synthesised file, a whiteout).
  Status add_entry(Entry entry);
  /// Adds missing parent directories (0755 0:0) and sorts; call once, before writing.
  Status finish(std::int64_t epoch);
  const std::vector<Entry>& entries() const { return entries_; }

 private:
  std::vector<Entry> entries_;
  std::map<std::string, std::size_t> by_path_;
  std::map<std::pair<std::uint64_t, std::uint64_t>, std::string> inodes_;
};

}  // namespace slipway::layer
