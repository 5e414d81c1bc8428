#pragma once

#include <functional>
#include <map>
#include <string>

#include "release/record_file.h"

namespace slipway::release {

/// Entries seen before, of one environment, kept in a RecordFile whose last line has the digest of the others: a file
/// that was damaged counts as empty, for what was seen is proof.
class EntryCache {
 public:
  EntryCache(const LedgerCache& place, const std::string& ledger, const std::string& app,
             const std::string& environment);
  /// By `<app>.<env>.v<N>.<12 hex>`; nothing when it was never seen.
  const Recorded* find(const std::string& tag) const;
  const std::map<std::string, Recorded>& all() const { return entries_; }
  void add(const Recorded& recorded);
  /// Removes the entries for which `is_gone` is true, and returns them.
  std::vector<Recorded> remove_if(const std::function<bool(const Recorded&)>& is_gone);
  /// Writes what was added. A cache that cannot be written is not an error.
  void save();

 private:
  RecordFile file_;
  std::map<std::string, Recorded> entries_;
  bool changed_ = false;
};

}  // namespace slipway::release
