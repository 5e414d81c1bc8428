#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "slipway/base/digest.h"
#include "slipway/base/fs.h"
#include "slipway/builder/build_cache.h"
#include "slipway/store/target.h"

namespace slipway::builder {

/// The layout ".slipway/images" of a project has images that were built without a destination, and layers that builds
/// for registries leave for the next build. Its blobs are needed if a tag of index.json reaches them, or keep_blobs()
/// recorded them.
///
/// Records blobs as needed under `name`, in place of those recorded under it before, until `expires` (unix seconds; 0:
/// for ever).
Status keep_blobs(FileSystem& fs, const stdfs::path& state_folder, const std::string& name,
                  const std::vector<Digest>& blobs, std::int64_t expires);

/// Returns the blobs that `root` reaches and that `from` has, `root` among them.
Result<std::vector<Digest>> blobs_of(store::ReadTarget& from, const oci::Descriptor& root);

/// Counts the blobs of ".slipway/images"; 0 without such a folder.
Result<CacheShare> count_local_images(FileSystem& fs, const stdfs::path& state_folder);

/// A build in progress: while one exists, prune_local_images() of other processes removes nothing, because the build
/// may count on any blob that it found.
class BuildMark {
 public:
  /// Waits for a pruning in progress. A folder that cannot be written gets no mark: nothing is built into it either.
  static BuildMark begin(FileSystem& fs, const stdfs::path& state_folder);
  BuildMark() = default;
  BuildMark(BuildMark&& other) noexcept : fs_(other.fs_), file_(std::exchange(other.file_, {})) {}
  ~BuildMark();

 private:
  friend Result<CacheShare> prune_local_images(FileSystem& fs, const stdfs::path& state_folder, std::uint64_t limit,
                                               std::int64_t now, const BuildMark& own);
  FileSystem* fs_ = nullptr;
  stdfs::path file_;  // empty: no mark
};

/// Removes the oldest blobs that are not needed until at most `limit` bytes of such blobs are left; returns the number
/// and size of the removed ones. Manifests that lost their tag are needed only by keep_blobs() and as long as they are
/// attached to one that is needed. Does nothing while a build other than `own` is in progress. `now`: unix seconds.
Result<CacheShare> prune_local_images(FileSystem& fs, const stdfs::path& state_folder, std::uint64_t limit,
                                      std::int64_t now, const BuildMark& own = {});

}  // namespace slipway::builder
