#pragma once

#include <string>
#include <vector>

#include "slipway/release/ledger.h"

namespace slipway::release {

/// Removes the temporary files of processes that died more than an hour ago: the processes of another PID namespace
/// cannot be seen from here, so a younger file may belong to one of them.
void remove_old_temporaries(FileSystem& fs, const std::filesystem::path& folder);

/// Records seen before, of one environment: a file of canonical JSON, one a line. A record is what its digest
/// says, so what is here never goes stale; a line that was damaged has another digest and is not found.
class RecordFile {
 public:
  /// `kind` names the folder: "entries", "events".
  RecordFile(const LedgerCache& place, std::string_view kind, const std::string& ledger, const std::string& app,
             const std::string& environment);
  std::vector<std::string> lines() const;
  /// Returns false for a file that cannot be written.
  bool save(const std::string& text);

 private:
  FileSystem* fs_;  ///< null: kept nowhere
  std::filesystem::path file_;
};

}  // namespace slipway::release
