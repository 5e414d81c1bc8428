#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "slipway/base/fs.h"
#include "slipway/store/target.h"

/// OCI image layouts on disk (image-spec image-layout.md).
///
/// States of a folder: absent or empty; being created (blobs/ and the lock file, then index.json, then oci-layout); a
/// layout. A process that dies while it creates one leaves the second state, and the next open_or_create() goes on
/// from there. For open() a folder in the second state does not exist yet.
///
/// Files: blobs/ALGORITHM/HEX, index.json, oci-layout, .slipway.lock and, while something is written, .tmp-PID-*.
/// Every file appears by a rename after its bytes were synced; the folder is synced afterwards. Temporary files of
/// processes that are gone are removed when a layout is opened for writing.
///
/// Threads and processes: every function may be called from several threads; a lock file serialises the writers of
/// index.json of several processes. Readers take no lock: they see the old index.json or the new one.
///
/// Cost: a blob is hashed when it is written, or when it is first asked for; device, inode, size, mtime and ctime then
/// stand in the record of verified blobs, and asking again is one stat(2). exists() of a document asks for everything
/// that it reaches.
///
/// Example: the manifest that a layout has under a tag, kept under another one.
///
///     Status add_tag(const std::filesystem::path& folder, const std::string& from, const std::string& to) {
///       SLIPWAY_ASSIGN(const auto layout, store::LayoutTarget::open(folder));
///       SLIPWAY_ASSIGN(const oci::Descriptor manifest, layout->resolve(from));
///       return layout->tag(manifest, to);
///     }
namespace slipway::store {

/// How a LayoutTarget is opened.
struct LayoutOptions {
  FileSystem* fs = &real_fs();  ///< kept alive by the caller
  /// The file in which verified blobs are recorded (device, inode, size, mtime, ctime), so that later processes do not
  /// hash them again; empty: known for the life of the target only.
  std::filesystem::path verified_record;
};

/// Takes the entries without a tag of these documents off the index.json of the layout `folder`, in one step; their
/// blobs stay. The caller holds the layout's lock.
Status forget_untagged(FileSystem& fs, const std::filesystem::path& folder, const std::vector<Digest>& roots);

/// One problem that validate() found.
struct LayoutProblem {
  std::string object;  ///< digest or file
  std::string message;
};

/// An OCI image layout folder as a Target; see the head of this file. A blob is never trusted by its name alone, and a
/// document exists only when everything that it reaches does: copying an image to a damaged layout repairs it.
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

  /// Hashes every blob that index.json reaches and parses every document; empty means sound. Images as such are
  /// judged by image::validate_all.
  virtual Result<std::vector<LayoutProblem>> validate() = 0;
};

}  // namespace slipway::store
