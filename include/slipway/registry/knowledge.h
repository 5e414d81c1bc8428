#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "slipway/base/clock.h"
#include "slipway/base/fs.h"

namespace slipway::registry {

/// The behaviour of one registry, as far as it was seen; absent: not known.
struct Knowledge {
  std::optional<bool> single_post;           ///< takes a small blob in one POST
  std::optional<std::int64_t> largest_body;  ///< bytes that its proxy lets through in one request
  std::optional<bool> refuses_incomplete;    ///< manifests whose blobs are not there
  bool operator==(const Knowledge&) const = default;
};

/// Keeps what was learned of hosts between runs, for a day: registries change. Thread-safe; never fails, only forgets.
class KnowledgeStore {
 public:
  virtual ~KnowledgeStore() = default;
  virtual Knowledge recall(const std::string& host) = 0;
  virtual void remember(const std::string& host, const Knowledge& knowledge) = 0;
  /// The only turn on this machine to change something shared on a host, until destroyed; nothing where no file can
  /// tell processes apart, or after waiting for a minute.
  virtual std::unique_ptr<FileLock> turn(const std::string& host) = 0;
};

/// One file a host in `folder` (docs/FORMATS.md "Host records"); an empty folder keeps nothing.
std::unique_ptr<KnowledgeStore> file_knowledge(FileSystem& fs, Clock& clock, std::filesystem::path folder);

}  // namespace slipway::registry
