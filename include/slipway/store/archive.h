#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "slipway/base/fs.h"
#include "slipway/store/target.h"

namespace slipway::store {

/// The kind of an archive: `oci` is an OCI layout in a tar; `docker` also has the manifest.json that docker reads, and
/// its tags are full references ("docker.io/team/app:v1").
enum class ArchiveKind { oci, docker };

/// Returns an archive's bytes without their compression, which their beginning tells; `what` names it in messages.
using Decompress = std::function<Result<std::unique_ptr<io::Source>>(std::unique_ptr<io::Source>, const std::string&)>;

/// How an archive is opened.
struct ArchiveOptions {
  ArchiveKind kind = ArchiveKind::oci;
  FileSystem* fs = &real_fs();           ///< kept alive by the caller
  std::filesystem::path spool_folder;    ///< for unnamed temporary files while "-" is read or written; must exist
  io::Source* standard_input = nullptr;  ///< the archive "-" is read from it; kept alive by the caller
  io::Sink* standard_output = nullptr;   ///< the archive "-" is written to it, once; kept alive by the caller
  Decompress decompress{};               ///< takes the compression off an archive; without it gzip and zstd are known
};

/// An image layout in one tar (oci-archive, docker-archive) as a Target. Blobs are read in place.
///
/// Pushed content waits in an unnamed file beside the archive; tag(), push_tagged(), keep_untagged() and delete_tag()
/// write the whole archive again, to a temporary file that is synced and renamed: readers see the old archive or the
/// new one. So push everything, then set the tags. The bytes of an archive depend on its content alone; content that no
/// entry of its index reaches is left out. Errc::conflict when another process wrote the file since it was opened.
class ArchiveTarget : public Target, public RootLister, public TagLister, public ReferrerLister, public Deleter {
 public:
  /// Opens an existing archive. Errc::not_found when the file does not exist, malformed for damaged or hostile tars. A
  /// compressed one is decompressed to an unnamed file first. A docker-archive of an older docker, without
  /// a layout, gets manifests that are computed from its files; writing to it is Errc::unsupported.
  static Result<std::shared_ptr<ArchiveTarget>> open(const std::filesystem::path& file, ArchiveOptions options);
  /// Like open(), but a missing file, and "-", are an empty archive.
  static Result<std::shared_ptr<ArchiveTarget>> open_or_create(const std::filesystem::path& file,
                                                               ArchiveOptions options);
  /// Returns true if the manifests were computed: no registry knows their digests.
  virtual bool is_computed() const = 0;
};

}  // namespace slipway::store
