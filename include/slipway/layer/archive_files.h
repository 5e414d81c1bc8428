#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "slipway/base/diagnostics.h"
#include "slipway/base/forwarding_fs.h"
#include "slipway/layer/file_tree_builder.h"

namespace slipway::layer {

/// How an archive's entries become a layer's. Modes, owners and attributes are always those of the archive.
struct ArchiveFilesOptions {
  std::int64_t epoch = 0;
  bool clamp_times = false;  ///< keep mtimes older than epoch; a zip's have no time zone and are never kept
};

/// A file system with the files inside archives beside those of another file system. Make a FileTreeBuilder over it,
/// add archives, and pass it to write_layer() with the tree: the entries' sources are paths that only it can open.
/// Contents wait in one unnamed temporary file until it is destroyed. Adding and reading may not overlap; reading is
/// thread-safe.
class ArchiveFiles final : public ForwardingFileSystem {
 public:
  /// `fs` is kept alive by the caller; `temporary` is the folder for the temporary file.
  ArchiveFiles(FileSystem& fs, stdfs::path temporary) : ForwardingFileSystem(fs), temporary_(std::move(temporary)) {}

  /// Adds an archive's entries to `tree`, which is built over this file system: tar (plain, gzip, zstd, xz, bzip2),
  /// Debian packages, zip. Devices are left out with a warning in `diagnostics`. Errc::not_found, failed when the
  /// archive changes while it is read, too_large, malformed for damage, whiteouts and names that leave the archive.
  Status add(FileTreeBuilder& tree, const stdfs::path& archive, const ArchiveFilesOptions& options,
             Diagnostics& diagnostics);

  Result<std::unique_ptr<File>> open(const stdfs::path& path, bool follow) override;
  Result<FileStat> stat(const stdfs::path& path, bool follow) override;

 private:
  class Intake;
  struct Slice {
    std::uint64_t offset = 0;
    FileStat stat;
  };
  std::optional<Slice> slice_of(const stdfs::path& path) const;

  stdfs::path temporary_;
  std::shared_ptr<File> spool_;
  std::uint64_t end_ = 0;                                   ///< of the spool
  std::vector<std::pair<std::string, FileStat>> archives_;  ///< "PATH!" and what the file was when it was read
};

}  // namespace slipway::layer
