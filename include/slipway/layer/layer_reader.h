#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "slipway/io/stream.h"
#include "slipway/layer/entry.h"

namespace slipway::layer {

/// Bounds on what a foreign tar may cost, and how its end and names are judged.
struct ReadLimits {
  std::uint64_t max_entries = 10'000'000;
  std::uint64_t max_bytes = 64ull << 30;  ///< uncompressed
  std::size_t max_path = 4096;
  bool require_end = true;   ///< two zero blocks at the end; off for layers whose digest proves them whole
  bool within_root = false;  ///< ".." in a name leads no further up than the root, as in containerd; else an error
  bool inner_dots = false;   ///< without within_root: ".." that does not leave the root is taken, too
};

/// Called for every entry in the order of the tar; an error ends the reading. `content` is valid during the call, holds
/// `entry.size` bytes and may be left unread.
using EntryVisitor = std::function<Status(const FileEntry& entry, io::Source& content)>;

/// Reads an uncompressed tar stream to its end, entry by entry. Errc::malformed, naming the entry, for what tar readers
/// read differently (tar::MemberReader), names that leave the root (unless `within_root`), bad whiteouts, entries below
/// a whiteout, and anything but zeros after the end; Errc::too_large beyond `limits`. A leading "/" is dropped, and the
/// root folder itself is not visited.
///
/// Each entry is judged by itself: entries may lie below a symlink or a file, repeat a path, and hard links may name
/// anything. The caller that lays entries over each other follows symlinks inside the root (image::merge_files).
Status read_tar(io::Source& tar, const ReadLimits& limits, const EntryVisitor& visit);

}  // namespace slipway::layer
