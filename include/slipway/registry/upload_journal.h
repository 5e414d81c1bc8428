#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "slipway/base/clock.h"
#include "slipway/base/digest.h"
#include "slipway/base/fs.h"

namespace slipway::registry {

/// Which blob goes where.
struct UploadKey {
  std::string host;
  std::string repository;
  Digest digest;
};

/// The record of open uploads, so that a later run takes up what was killed. Thread-safe; never fails, only forgets.
class UploadJournal {
 public:
  virtual ~UploadJournal() = default;
  /// The URL of an upload that a process left open which is no more; absent while somebody is at it.
  virtual std::optional<std::string> recall(const UploadKey& key) = 0;
  virtual void keep(const UploadKey& key, const std::string& url) = 0;
  virtual void forget(const UploadKey& key) = 0;
};

/// One file an upload in `folder` (docs/FORMATS.md "Uploads under way"), believed for a day; an empty folder keeps
/// nothing.
std::unique_ptr<UploadJournal> file_upload_journal(FileSystem& fs, Clock& clock, std::filesystem::path folder);

}  // namespace slipway::registry
