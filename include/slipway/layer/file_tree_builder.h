#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "slipway/base/diagnostics.h"
#include "slipway/base/fs.h"
#include "slipway/layer/base_files.h"
#include "slipway/layer/entry.h"
#include "slipway/layer/file_tree.h"
#include "slipway/layer/spill.h"

/// Lists and sorts the files of one layer. A FileTreeBuilder is filled by add(), add_folder() and add_entry(), and
/// finish() turns it into a FileTree, which does not change any more. Over a base, whiteouts are added first: symlinks
/// that are removed are not followed.
///
/// Order: a folder, then its markers, then its members byte by byte, component by component; parents come first.
/// Missing parents are made. Of files with several names on disk the first in that order has the bytes, the others
/// are hard links to it.
///
/// Contents are not read here: an entry keeps what stat(2) said of its file, and writing it fails if that changed.
/// Only a path that is given twice is compared byte by byte. Every folder is listed once.
///
/// Memory: bounded by SpillPlace::memory for each of the four lists inside; the rest goes to unnamed files.
///
/// Threads: one at a time.
///
/// Example: a folder becomes a layer.
///
///     Result<Digest> pack(FileSystem& fs, const std::filesystem::path& folder, io::Sink& blob) {
///       layer::FileTreeBuilder files(fs, {&fs, std::filesystem::temp_directory_path()});
///       Diagnostics diagnostics;
///       SLIPWAY_TRY(files.add(folder, "/srv", {}, diagnostics));
///       SLIPWAY_ASSIGN(const layer::FileTree tree, std::move(files).finish(0));
///       return layer::write_layer(fs, tree, {}, blob);
///     }
namespace slipway::layer {

/// A symlink whose target is on this machine, outside of what is packed with it.
struct StrayLink {
  std::string path;    ///< in the image, as in FileEntry
  std::string target;  ///< its text
};

/// How files found on disk become entries (docs/CONTRACT.md "Defaults of a layer").
struct TreeOptions {
  std::int64_t epoch = 0;             ///< SOURCE_DATE_EPOCH
  bool clamp_times = false;           ///< keep mtimes older than epoch
  bool keep_modes = false;            ///< modes and file capabilities as on disk, instead of 0755/0644 and none
  std::optional<std::uint32_t> mode;  ///< of a file, of the files in a folder, and of an empty folder itself
  std::optional<std::uint64_t> uid;   ///< 0 when not given
  std::optional<std::uint64_t> gid;
  std::map<std::string, std::string> xattrs;  ///< of every regular file, e.g. security.capability
  bool replace = false;              ///< folders may replace files and symlinks of the base, and files its folders
  std::vector<std::string> include;  ///< only what these patterns fit; everything when empty
  std::vector<std::string> exclude;  ///< .dockerignore patterns relative to the source folder
  /// Seconds since the epoch by the path of a file or symlink on disk; what it does not know has the time `epoch`.
  std::function<std::optional<std::int64_t>(const std::string&)> time_of = {};
  bool follow_links = false;  ///< symlinks that lead out of `from` become what they lead to on disk
  /// Receives the symlinks that lead out of `from` to something on disk and stay symlinks; not owned.
  std::vector<StrayLink>* stray_links = nullptr;
  /// Called with the path on disk of each folder that is packed, and what lstat says of it; an error ends the listing.
  std::function<Status(const std::string&, const FileStat&)> on_folder = {};
};

/// A layer's files while they are listed.
class FileTreeBuilder {
 public:
  /// `fs` has the files. Over a base every path is led through the base's symlinks first, its folders keep their owner,
  /// mode and attributes, and nothing of it becomes another type unless that is asked for. The caller keeps `fs` and
  /// `base` alive until finish() is done; nothing as `base` is scratch.
  explicit FileTreeBuilder(FileSystem& fs, SpillPlace spill = {}, const BaseFiles* base = nullptr);
  ~FileTreeBuilder();
  FileTreeBuilder(FileTreeBuilder&&) noexcept;
  FileTreeBuilder& operator=(FileTreeBuilder&&) noexcept;

  /// Adds a file or a folder's contents at `to` (absolute in the image). A file whose `to` ends in "/" goes into it.
  /// `from` itself may be a symlink and is followed; symlinks inside a folder stay symlinks. Sockets are skipped
  /// with a warning; devices and files named .wh.* are errors. A folder of the base keeps its metadata, except where it
  /// is `to` itself and `options` have a mode or owner for it, which win over whatever else the layer says of it.
  /// Errc::not_found when `from` does not exist.
  Status add(const std::filesystem::path& from, const std::string& to, const TreeOptions& options,
             Diagnostics& diagnostics);
  /// Adds an empty folder that is nowhere on disk. Its time is the epoch, its mode 0755 where `options` have none.
  Status add_folder(const std::string& to, const TreeOptions& options);
  /// Adds one ready entry (a synthesised file, a whiteout). Over a base whiteouts are added before anything else:
  /// symlinks that are gone are not followed.
  Status add_entry(FileEntry entry);
  /// Sorts, adds missing parent folders (the base's, else 0755 0:0) and turns files with one inode into hard links.
  /// Removing a folder that this layer adds too makes it opaque. A path given twice with other content, or below a file
  /// of this layer, is Errc::invalid_argument. `epoch`: the mtime of folders that are made, seconds.
  Result<FileTree> finish(std::int64_t epoch) &&;

 private:
  struct Found;
  std::unique_ptr<Found> found_;
};

}  // namespace slipway::layer
