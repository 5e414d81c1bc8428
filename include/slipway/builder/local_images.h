#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "slipway/base/digest.h"
#include "slipway/base/fs.h"
#include "slipway/builder/build_cache.h"
#include "slipway/store/target.h"

namespace slipway::builder {

/// The blobs in a project's ".slipway/images": images that were built without a destination, and layers that builds for
/// registries leave for the next one. Needed are those that index.json reaches, and those that are kept by name.

/// Keeps blobs until others are kept under that name, or until `expires` (unix seconds; 0: never).
Status keep_blobs(FileSystem& fs, const stdfs::path& state_folder, const std::string& name,
                  const std::vector<Digest>& blobs, std::int64_t expires);

/// Returns the blobs that `root` reaches and that are there, `root` among them.
Result<std::vector<Digest>> blobs_of(store::ReadTarget& from, const oci::Descriptor& root);

/// Counts the blobs of ".slipway/images"; none where there is no such folder.
Result<CacheShare> count_local_images(FileSystem& fs, const stdfs::path& state_folder);

/// Removes the oldest blobs that are not needed until those take at most `limit` bytes; returns what was removed.
/// `now`: unix seconds.
Result<CacheShare> prune_local_images(FileSystem& fs, const stdfs::path& state_folder, std::uint64_t limit,
                                      std::int64_t now);

}  // namespace slipway::builder
