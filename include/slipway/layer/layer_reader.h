#pragma once

#include <functional>
#include <memory>
#include <string>

#include "slipway/io/stream.h"
#include "slipway/layer/file_tree.h"

namespace slipway::layer {

/// What foreign tar bytes may cost.
struct ReadLimits {
  std::uint64_t max_entries = 10'000'000;
  std::uint64_t max_bytes = 64ull << 30;  ///< uncompressed
  std::size_t max_path = 4096;
  bool require_end = true;  ///< two zero blocks at the end; off for layers whose digest proves them whole
};

/// Called for every entry; `content` is valid during the call and may be left unread.
using EntryVisitor = std::function<Status(const Entry& entry, io::Source& content)>;

/// Reads an uncompressed tar stream entry by entry (libarchive, tar format only).
/// Refuses hostile entries: escaping paths and links, paths below a file or symlink, bad whiteouts, sparse files,
/// damaged or truncated archives, anything but zeros after the end, any libarchive warning. Errc::malformed or
/// too_large, naming the entry. A leading "/" is dropped; the root folder itself is not visited.
Status read_tar(io::Source& tar, const ReadLimits& limits, const EntryVisitor& visit);

}  // namespace slipway::layer
