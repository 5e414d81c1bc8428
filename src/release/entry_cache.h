#pragma once

#include <map>
#include <string>

#include "slipway/release/ledger.h"

namespace slipway::release {

/// Entries seen before, of one environment: a file of canonical JSON, one entry a line. An entry is what
/// its digest says, so what is here never goes stale; a line that was damaged has another digest and is not found.
class EntryCache {
 public:
  EntryCache(const LedgerCache& place, const std::string& ledger, const std::string& app,
             const std::string& environment);
  /// By `<app>.<env>.v<N>.<12 hex>`; nothing when it was never seen.
  const Recorded* find(const std::string& tag) const;
  const std::map<std::string, Recorded>& all() const { return entries_; }
  void add(const Recorded& recorded);
  /// Writes what was added. A cache that cannot be written is no error.
  void save();

 private:
  FileSystem* fs_;
  std::filesystem::path file_;
  std::map<std::string, Recorded> entries_;
  bool changed_ = false;
};

}  // namespace slipway::release
