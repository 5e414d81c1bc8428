#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "slipway/base/fs.h"
#include "slipway/store/target.h"

namespace slipway::store {

/// The additions to the layout in the tar: nothing, or docker's manifest.json and whole references for tags.
enum class ArchiveKind { oci, docker };

/// How an archive is opened.
struct ArchiveOptions {
  ArchiveKind kind = ArchiveKind::oci;
  FileSystem* fs = &real_fs();         ///< kept alive by the caller
  std::filesystem::path spool_folder;  ///< disk space while reading "-" or a compressed archive, and while writing "-"
  io::Source* standard_input = nullptr;  ///< what "-" reads; kept alive by the caller
  io::Sink* standard_output = nullptr;   ///< where "-" writes; kept alive by the caller
};

/// An image layout in one tar (oci-archive, docker-archive) as a Target. Members are read where they lie. Pushed
/// content waits in a file without a name; tag(), keep() and delete_tag() write a whole new archive, to a temporary
/// file, synced and renamed: the old archive or the new one is there at any moment. Its bytes depend on its content
/// alone. An image that lost its tag is left out. Errc::conflict when somebody else wrote it in the meantime.
class ArchiveTarget : public Target, public RootLister, public TagLister, public ReferrerLister, public Deleter {
 public:
  /// Errc::not_found when it is not there, Errc::malformed for hostile or damaged tars. gzip and zstd are undone.
  /// A docker-archive without a layout gets manifests computed from its files, and cannot be written.
  static Result<std::shared_ptr<ArchiveTarget>> open(const std::filesystem::path& file, ArchiveOptions options);
  /// The same, or an empty one when there is no file; "-" is always empty.
  static Result<std::shared_ptr<ArchiveTarget>> open_or_create(const std::filesystem::path& file,
                                                               ArchiveOptions options);
  /// Whether the manifests were computed: their digests are nobody else's.
  virtual bool is_computed() const = 0;
};

}  // namespace slipway::store
