#pragma once

#include <map>
#include <string>

#include "release/record_file.h"

namespace slipway::release {

/// Entries seen before, of one environment, kept in a RecordFile.
class EntryCache {
 public:
  EntryCache(const LedgerCache& place, const std::string& ledger, const std::string& app,
             const std::string& environment);
  /// By `<app>.<env>.v<N>.<12 hex>`; nothing when it was never seen.
  const Recorded* find(const std::string& tag) const;
  const std::map<std::string, Recorded>& all() const { return entries_; }
  void add(const Recorded& recorded);
  /// Writes what was added. A cache that cannot be written is not an error.
  void save();

 private:
  RecordFile file_;
  std::map<std::string, Recorded> entries_;
  bool changed_ = false;
};

}  // namespace slipway::release
