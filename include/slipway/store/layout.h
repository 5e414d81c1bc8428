#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "slipway/base/fs.h"
#include "slipway/store/target.h"

namespace slipway::store {

/// How a LayoutTarget is opened.
struct LayoutOptions {
  FileSystem* fs = &real_fs();  ///< kept alive by the caller
  /// The record of blob files that were hashed (device, inode, size,
  /// mtime, ctime); empty: remembered for the life of the target only.
  std::filesystem::path verified_record;
};

/// One problem that validate() found.
struct LayoutProblem {
  std::string object;  ///< digest or file
  std::string message;
};

/// An OCI image layout folder (image-spec image-layout.md) as a Target.
/// Crash-safe: blobs and index.json are written to a temporary file, fsynced,
/// renamed, and the folder fsynced; writers of several processes are
/// serialised by a lock file. A blob is never trusted by name alone,
/// and a document is there only when everything it reaches is: copying an image
/// to a damaged layout mends it.
class LayoutTarget : public Target,
                     public BlobIngest,
                     public RootLister,
                     public TagLister,
                     public ReferrerLister,
                     public Deleter {
 public:
  /// Opens an existing layout; Errc::not_found naming the folder, Errc::verification_failed for a damaged one.
  static Result<std::shared_ptr<LayoutTarget>> open(const std::filesystem::path& folder, LayoutOptions options = {});
  /// Opens or creates one; an empty or missing folder becomes a layout, a folder with other files is refused.
  static Result<std::shared_ptr<LayoutTarget>> open_or_create(const std::filesystem::path& folder,
                                                              LayoutOptions options = {});

  /// Hashes every blob that index.json reaches and checks every document; empty means sound.
  virtual Result<std::vector<LayoutProblem>> validate() = 0;
};

}  // namespace slipway::store
