#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "slipway/base/clock.h"
#include "slipway/base/fs.h"
#include "slipway/io/compress.h"
#include "slipway/layer/layer_writer.h"

namespace slipway::builder {

/// Records of this user's builds that make later ones fast: compressed blocks by their input, and the digests of layers
/// whose files have not changed since. Shared by all projects and processes. Every record has a checksum, so a damaged
/// one is removed and never changes a digest. Records are used only in a folder, and from files, that nobody else can
/// write (image::is_own); otherwise nothing is used or stored. Any file may be deleted at any time. Thread-safe; never
/// fails.
class BuildCache final : public io::BlockCache {
 public:
  /// Reads and writes nothing before it is used. `folder` is the program's cache folder; `fs` and `clock` outlive it.
  BuildCache(FileSystem& fs, Clock& clock, stdfs::path folder);

  /// Returns the clock's time, for `started` of remember_layer(), unix seconds.
  std::int64_t now() const { return clock_.now(); }

  bool find(const Digest& key, std::vector<std::byte>& out) override;
  void remember(const Digest& key, io::Bytes block) override;

  /// Returns the digests of the layer that was built from exactly these inputs; nullopt when none is known.
  std::optional<layer::LayerDigests> find_layer(const layer::Fingerprint& inputs);
  /// Records a layer, unless its inputs changed so shortly before `started` (when they were listed, unix seconds) that
  /// a later change could leave their times equal.
  void remember_layer(const layer::Fingerprint& inputs, const layer::LayerDigests& digests, std::int64_t started);

  /// Returns what was found out about exactly these inputs; nullopt when nobody looked at them.
  std::optional<std::string> find_verdict(const layer::Fingerprint& inputs);
  /// Records what was found out about inputs ("": nothing wrong), unless they changed so shortly before `started` that
  /// a later change could leave their times equal, or the text is too long for a record.
  void remember_verdict(const layer::Fingerprint& inputs, std::string_view verdict, std::int64_t started);

  /// Returns true if records were ignored because somebody else could have written them.
  bool met_foreign_records() const { return foreign_; }

  /// Calls prune_cache() if this run added at least a sixteenth of `limit` bytes; call at the end of a build.
  void settle(std::uint64_t limit);

 private:
  stdfs::path block_path(const Digest& key) const;
  stdfs::path layer_path(const layer::Fingerprint& inputs) const;
  stdfs::path verdict_path(const layer::Fingerprint& inputs) const;
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

/// The files of one kind in a cache folder.
struct CacheShare {
  std::string name;  ///< "blocks", "layers", ...
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;
};

/// Counts the files of a cache folder by kind, byte-sorted.
Result<std::vector<CacheShare>> cache_stats(FileSystem& fs, const stdfs::path& folder);

/// The default limit of a cache folder, bytes.
inline constexpr std::uint64_t kCacheLimit = 8ull << 30;

/// Removes the files of a cache folder that were not used for the longest time until at most `limit` bytes are left,
/// and temporary files of processes that no longer run. Returns the number and size of the removed ones. Safe while
/// builds use the cache.
Result<CacheShare> prune_cache(FileSystem& fs, const stdfs::path& folder, std::uint64_t limit);

}  // namespace slipway::builder
