#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "slipway/base/clock.h"
#include "slipway/base/digest.h"
#include "slipway/base/fs.h"

namespace slipway::registry {

/// A blob on its way to a repository.
struct UploadKey {
  std::string host;
  std::string repository;
  Digest digest;
};

/// Remembers open uploads, so that a later run resumes those of a run that was killed. Thread-safe. It never fails:
/// what cannot be stored is forgotten.
class UploadJournal {
 public:
  virtual ~UploadJournal() = default;
  /// Returns the URL of an open upload of this blob whose process no longer runs; nullopt while it runs, and when none
  /// is known.
  virtual std::optional<std::string> recall(const UploadKey& key) = 0;
  /// Records that this process has the upload open at `url`, replacing what is known.
  virtual void keep(const UploadKey& key, const std::string& url) = 0;
  /// Drops the record: the upload ended or was cancelled.
  virtual void forget(const UploadKey& key) = 0;
};

/// Returns a journal with one file an upload in `folder` (docs/FORMATS.md "Uploads under way"), valid for a day; an
/// empty path stores nothing. `fs` and `clock` outlive it.
std::unique_ptr<UploadJournal> file_upload_journal(FileSystem& fs, Clock& clock, std::filesystem::path folder);

}  // namespace slipway::registry
