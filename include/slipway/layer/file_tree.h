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

enum class EntryType { directory, regular, symlink, hardlink, fifo, char_device, block_device, whiteout, opaque };

/// One path of a layer, as it will be in the tar.
struct Entry {
  std::string path;  ///< relative, no leading "/" or "./", no trailing "/"; of a whiteout: what disappears
  EntryType type = EntryType::regular;
  std::uint32_t mode = 0644;
  std::uint64_t uid = 0;
  std::uint64_t gid = 0;
  std::int64_t mtime = 0;          ///< seconds
  std::uint64_t size = 0;          ///< regular files
  std::string link;                ///< symlink text, or a hard link's target path in this layer
  std::uint64_t device_major = 0;  ///< devices, which only reading a foreign layer gives
  std::uint64_t device_minor = 0;
  std::filesystem::path source;  ///< regular files: where the bytes are
  std::string content;           ///< regular files without a source: the bytes themselves
  std::map<std::string, std::string> xattrs;
  FileStat seen;  ///< the source as it was when listed, to notice changes
};

/// The name an entry has in a tar: whiteouts with their ".wh." prefix, folders with a trailing "/".
std::string tar_name(const Entry& entry);

/// How files found on disk become entries (contract "Defaults of a layer").
struct TreeOptions {
  std::int64_t epoch = 0;             ///< SOURCE_DATE_EPOCH
  bool clamp_times = false;           ///< keep mtimes older than epoch
  bool keep_modes = false;            ///< modes as on disk instead of 0755/0644
  std::optional<std::uint32_t> mode;  ///< for files given by name and regular files in folders
  std::uint64_t uid = 0;
  std::uint64_t gid = 0;
  std::vector<std::string> exclude;  ///< .dockerignore patterns relative to the source folder
};

/// A path in an image as entries hold it: absolute, without ".." or control characters, UTF-8.
/// "/" gives "". Errc::invalid_argument otherwise.
Result<std::string> image_path(const std::string& absolute);

/// What goes into one layer: each path once, sorted so that parents come first. Built by adding sources.
class FileTree {
 public:
  /// Adds a file or a folder's contents at `to` (absolute in the image). A file whose `to` ends in "/" goes into it.
  /// `from` itself may be a symlink and is followed; symlinks inside a folder stay symlinks. Sockets are skipped
  /// with a warning; devices, files named .wh.* and a path given twice with other content are errors.
  /// Errc::not_found when `from` is not there.
  Status add(FileSystem& fs, const std::filesystem::path& from, const std::string& to, const TreeOptions& options,
             Diagnostics& diagnostics);
  /// Adds one ready entry (a synthesised file, a whiteout).
  Status add_entry(Entry entry);
  /// Adds missing parent directories (0755 0:0), turns files with one inode into hard links and sorts; call
  /// once, before writing. Removing a folder that this layer adds too makes it opaque.
  Status finish(std::int64_t epoch);
  const std::vector<Entry>& entries() const { return entries_; }

 private:
  Status add_checked(Entry entry, FileSystem* fs);
  void add_parents(std::int64_t epoch, bool of_markers);
  void settle_whiteouts();
  bool is_below_removed(const std::string& path) const;
  Status check_parents() const;
  void link_inodes();

  std::vector<Entry> entries_;
  std::map<std::string, std::size_t> by_path_;  ///< all but whiteouts
  std::map<std::string, std::size_t> removed_;  ///< whiteouts
};

}  // namespace slipway::layer
