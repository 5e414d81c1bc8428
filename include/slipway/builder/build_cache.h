#pragma once

#include <atomic>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "slipway/base/clock.h"
#include "slipway/base/fs.h"
#include "slipway/io/compress.h"
#include "slipway/layer/layer_writer.h"

namespace slipway::builder {

/// Records of earlier builds of this user that make later ones fast: compressed blocks by their input, and the digests
/// of layers whose files have not changed since. Shared by all projects and processes; every record carries a check
/// sum, so damage is noticed, removed and made again, and never changes a digest. Records are believed only from a
/// folder and files that nobody else can write; elsewhere nothing is used or stored. Anything may be deleted at any
/// time. Thread-safe.
class BuildCache final : public io::BlockCache {
 public:
  /// Touches nothing before it is used. `folder` is the program's cache folder.
  BuildCache(FileSystem& fs, Clock& clock, stdfs::path folder);

  /// By the clock, seconds.
  std::int64_t now() const { return clock_.now(); }

  bool find(const Digest& key, std::vector<std::byte>& out) override;
  void remember(const Digest& key, io::Bytes block) override;

  /// The digests of the layer that was once made of exactly these inputs.
  std::optional<layer::LayerDigests> find_layer(const layer::Fingerprint& inputs);
  /// Remembers a layer, unless its inputs changed so lately that a later change might not show in their times.
  /// `started`: when the inputs were listed, by the clock.
  void remember_layer(const layer::Fingerprint& inputs, const layer::LayerDigests& digests, std::int64_t started);

  /// Returns true if records were there that somebody else could have written.
  bool met_foreign_records() const { return foreign_; }

  /// Removes what was not used for the longest time when this run added much and the whole is over `limit` bytes.
  void settle(std::uint64_t limit);

 private:
  stdfs::path block_path(const Digest& key) const;
  stdfs::path layer_path(const layer::Fingerprint& inputs) const;
  bool is_trusted();
  bool is_trusted(const FileStat& record);
  void keep_fresh(const stdfs::path& path, const FileStat& stat);

  FileSystem& fs_;
  Clock& clock_;
  stdfs::path folder_;
  std::atomic<std::uint64_t> added_{0};  // bytes
  std::atomic<bool> full_{false};        // writing failed once: leave it
  std::atomic<bool> foreign_{false};
  std::once_flag looked_;
  bool own_folder_ = false;
};

/// One kind of what a cache folder holds.
struct CacheShare {
  std::string name;  ///< "blocks", "layers", ...
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;
};

/// Counts the files of a cache folder by kind, byte-sorted.
Result<std::vector<CacheShare>> cache_stats(FileSystem& fs, const stdfs::path& folder);

/// How much a cache folder may hold unless told otherwise, bytes.
inline constexpr std::uint64_t kCacheLimit = 8ull << 30;

/// Removes the longest unused files of a cache folder until at most `limit` bytes are left, and temporary files of
/// processes that are gone; returns what was removed. Safe beside builds that use the cache.
Result<CacheShare> prune_cache(FileSystem& fs, const stdfs::path& folder, std::uint64_t limit);

}  // namespace slipway::builder
