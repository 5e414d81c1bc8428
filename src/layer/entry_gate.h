#pragma once

#include <string>

#include "slipway/layer/layer_reader.h"
#include "slipway/tar/member.h"

namespace slipway::layer {

/// Turns the members of one archive into entries and refuses what no layer has.
class EntryGate {
 public:
  explicit EntryGate(const ReadLimits& limits) : limits_(limits) {}

  /// Returns the next member as an entry; `skip` is set for the root folder and for aufs bookkeeping.
  /// Errc::malformed or too_large.
  Result<FileEntry> admit(const tar::Member& member, bool& skip);

 private:
  Result<std::string> safe_path(std::string_view raw, std::string_view what) const;
  Status check_numbers(const tar::Member& member) const;

  const ReadLimits& limits_;
  std::uint64_t count_ = 0;
};

}  // namespace slipway::layer
