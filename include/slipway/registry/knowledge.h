#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "slipway/base/clock.h"
#include "slipway/base/fs.h"

namespace slipway::registry {

/// The behaviour of one registry, as far as it was observed; nullopt: not known.
struct Knowledge {
  std::optional<bool> single_post;           ///< accepts a whole blob in the POST that opens an upload
  std::optional<std::int64_t> largest_body;  ///< bytes that its proxy accepts in one request
  std::optional<bool> refuses_incomplete;    ///< refuses manifests whose blobs are missing
  bool operator==(const Knowledge&) const = default;
};

/// Remembers the behaviour of hosts between runs, for a day, because registries change. Thread-safe. It never fails:
/// what cannot be stored is forgotten. `host` is HOST[:PORT] as the user wrote it.
class KnowledgeStore {
 public:
  virtual ~KnowledgeStore() = default;
  /// Returns what is known of a host; all members nullopt when nothing is.
  virtual Knowledge recall(const std::string& host) = 0;
  /// Replaces what is known of a host.
  virtual void remember(const std::string& host, const Knowledge& knowledge) = 0;
  /// Waits until no other process of this machine holds the turn of a host, and holds it until destroyed; for shared
  /// tags that are read, changed and written. Returns nullptr without a folder and after a minute: go on without it.
  virtual std::unique_ptr<FileLock> turn(const std::string& host) = 0;
};

/// Returns a store with one file a host in `folder` (docs/FORMATS.md "Host records"); an empty path stores nothing.
/// `fs` and `clock` outlive it.
std::unique_ptr<KnowledgeStore> file_knowledge(FileSystem& fs, Clock& clock, std::filesystem::path folder);

}  // namespace slipway::registry
