#pragma once

#include <memory>
#include <string>

#include "slipway/base/fs.h"
#include "slipway/store/target.h"
#include "store/verified_record.h"

namespace slipway::store {

class TemporaryBlob;

/// The blobs of a layout. A blob becomes visible by one rename, after its bytes
/// were hashed and synced. Thread-safe.
class BlobFolder {
 public:
  BlobFolder(FileSystem& fs, stdfs::path layout, VerifiedRecord& record);

  /// Refuses folders that are symbolic links.
  Status check() const;
  stdfs::path path_of(const Digest& digest) const;
  /// There, of the right size, and hashed once since it last changed.
  Result<bool> holds(const oci::Descriptor& descriptor);
  /// Errc::not_found when it is not there; verifies while it is read.
  Result<std::unique_ptr<io::Source>> open(const Digest& digest, std::int64_t size);
  Result<std::int64_t> size_of(const Digest& digest);
  Status store(const oci::Descriptor& descriptor, io::Source& bytes, std::stop_token stop);
  Result<std::unique_ptr<BlobWriter>> start(std::string media_type);
  /// Hashes a file from its first byte to its last.
  Status verify(const oci::Descriptor& descriptor);
  /// Removes temporary files of processes that are gone.
  void remove_stale_temporaries();

 private:
  friend class LayoutBlobWriter;
  /// Renames a whole, synced, hashed file to its name and makes that durable.
  Status publish(TemporaryBlob& temporary, const Digest& digest);

  FileSystem& fs_;
  stdfs::path layout_;
  VerifiedRecord& record_;
};

}  // namespace slipway::store
