#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "slipway/base/diagnostics.h"
#include "slipway/base/digest.h"
#include "slipway/base/fs.h"
#include "slipway/layer/base_files.h"
#include "slipway/layer/entry.h"
#include "slipway/layer/spill.h"

/// The files of one layer: listed, sorted, and read in the order in which they stand in its tar.
///
/// States of a FileTree: being filled (add(), add_entry()), then finished by one finish(), then read by read(), size()
/// and listing(). Filling after finish() and reading before it are errors of the caller. Over a base, whiteouts are
/// added first: symlinks that are removed are not followed.
///
/// Order: a folder, then its markers, then its members byte by byte, component by component; parents come first.
/// Missing parents are made. Of files with several names on disk the first in that order has the bytes, the others
/// are hard links to it.
///
/// Contents are not read here: an entry keeps what stat(2) said of its file, and writing it fails if that changed.
///
/// Memory: bounded by SpillPlace::memory for each of the five lists inside; what is more goes to unnamed files.
///
/// Threads: one at a time while it is filled; afterwards several may read.
///
/// Example: a folder becomes a layer.
///
///     Result<Digest> pack(FileSystem& fs, const std::filesystem::path& folder, io::Sink& blob) {
///       layer::FileTree tree({&fs, std::filesystem::temp_directory_path()});
///       Diagnostics diagnostics;
///       SLIPWAY_TRY(tree.add(fs, folder, "/srv", {}, diagnostics));
///       SLIPWAY_TRY(tree.finish(0));
///       return layer::write_layer(fs, tree, {}, blob);
///     }
namespace slipway::layer {

/// How files found on disk become entries (docs/CONTRACT.md "Defaults of a layer").
struct TreeOptions {
  std::int64_t epoch = 0;             ///< SOURCE_DATE_EPOCH
  bool clamp_times = false;           ///< keep mtimes older than epoch
  bool keep_modes = false;            ///< modes as on disk instead of 0755/0644
  std::optional<std::uint32_t> mode;  ///< of what is named itself: the file, or the folder that `to` is
  std::optional<std::uint64_t> uid;   ///< 0 when not given
  std::optional<std::uint64_t> gid;
  std::map<std::string, std::string> xattrs;  ///< of every regular file, e.g. security.capability
  bool replace = false;              ///< folders may replace files and symlinks of the base, and files its folders
  std::vector<std::string> include;  ///< only what these patterns fit; everything when empty
  std::vector<std::string> exclude;  ///< .dockerignore patterns relative to the source folder
};

/// The facts about a tree's files that need no reading.
struct Listing {
  Digest digest;               ///< of every entry with its file's inode, size and times
  std::int64_t newest_ns = 0;  ///< the newest change of a file among them, nanoseconds since the epoch
};

/// Reads a tree's entries in their order. One thread at a time; the tree outlives it.
class EntryReader {
 public:
  virtual ~EntryReader() = default;
  /// False at the end.
  virtual Result<bool> next(FileEntry& entry) = 0;
};

/// The entries of one layer: each path once, sorted so that parents come first. Built by adding sources, then
/// finished, then read. Memory stays bounded however many files there are: what is too much goes to `spill`.
class FileTree {
 public:
  /// Over a base (kept alive until finish() is done) every path is led through the base's symlinks first, its folders
  /// keep their owner, mode and attributes, and nothing of it becomes another type unless that is asked for.
  explicit FileTree(SpillPlace spill = {}, const BaseFiles* base = nullptr);
  ~FileTree();
  FileTree(FileTree&&) noexcept;
  FileTree& operator=(FileTree&&) noexcept;

  /// Adds a file or a folder's contents at `to` (absolute in the image). A file whose `to` ends in "/" goes into it.
  /// `from` itself may be a symlink and is followed; symlinks inside a folder stay symlinks. Sockets are skipped
  /// with a warning; devices and files named .wh.* are errors. A folder of the base keeps its metadata, but where it
  /// is `to` itself and `options` have a mode or owner for it, which win over what else the layer says of it.
  /// Errc::not_found when `from` is not there.
  Status add(FileSystem& fs, const std::filesystem::path& from, const std::string& to, const TreeOptions& options,
             Diagnostics& diagnostics);
  /// Adds one ready entry (a synthesised file, a whiteout). Over a base whiteouts are added before anything else:
  /// symlinks that are gone are not followed.
  Status add_entry(FileEntry entry);
  /// Sorts, adds missing parent folders (the base's, else 0755 0:0) and turns files with one inode into hard links;
  /// call once. Removing a folder that this layer adds too makes it opaque. A path given twice with other content,
  /// or below a file of this layer, is Errc::invalid_argument.
  Status finish(std::int64_t epoch);
  /// After finish().
  std::size_t size() const;
  const Listing& listing() const;
  Result<std::unique_ptr<EntryReader>> read() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace slipway::layer
