#pragma once

#include <string>
#include <unordered_map>

#include "layer/archive_api.h"
#include "slipway/layer/layer_reader.h"

namespace slipway::layer {

/// Turns libarchive's entries into ours and refuses what no honest layer has. One archive's state.
class EntryGate {
 public:
  EntryGate(const ArchiveApi& api, const ReadLimits& limits) : api_(api), limits_(limits) {}

  /// The next entry as ours; `skip` is set for the root folder and for aufs bookkeeping. Errc::malformed or too_large.
  Result<Entry> admit(archive_entry* raw, bool& skip);

 private:
  Result<std::string> safe_path(std::string_view raw, std::string_view what) const;
  Status fill_type(archive_entry* raw, Entry& entry);
  Status fill_link(archive_entry* raw, Entry& entry);
  Status fill_numbers(archive_entry* raw, Entry& entry);
  Status fill_xattrs(archive_entry* raw, Entry& entry);
  Status check_parents(const Entry& entry) const;
  Status make_marker(Entry& entry, bool& skip) const;

  const ArchiveApi& api_;
  const ReadLimits& limits_;
  std::uint64_t count_ = 0;
  std::unordered_map<std::string, EntryType> seen_;
};

}  // namespace slipway::layer
