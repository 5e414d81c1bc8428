#pragma once

#include <stop_token>

#include "slipway/io/stream.h"
#include "slipway/layer/entry.h"

namespace slipway::layer {

/// Writes entries as one tar, in the order of the calls. The bytes depend on the entries and contents alone. One thread
/// at a time; after an error it must not be used again.
class TarStream {
 public:
  /// `out` is kept alive by the caller and not finished.
  explicit TarStream(io::Sink& out) : out_(out) {}

  /// Writes an entry that has no content: everything but regular files.
  Status add(const FileEntry& entry);
  /// Writes a regular file. Errc::failed unless `content` has exactly entry.size bytes.
  Status add(const FileEntry& entry, io::Source& content, std::stop_token stop = {});
  /// Writes the end of the tar. Call once, after the last entry.
  Status end();

 private:
  Status write_zeros(std::size_t count);

  io::Sink& out_;
};

}  // namespace slipway::layer
