#pragma once

#include <cstdint>
#include <stop_token>
#include <string_view>

#include "slipway/io/compress.h"
#include "slipway/layer/file_tree.h"
#include "slipway/oci/descriptor.h"

namespace slipway::layer {

/// The version of everything that decides a layer's bytes (docs/FORMATS.md "Layers").
inline constexpr int kCompatibility = 1;

/// Writes the tree as tar: the same bytes on every machine. Regular files are
/// read through `fs`; one that changed since it was listed is Errc::failed, naming it. `out` is not finished.
Status write_tar(FileSystem& fs, const FileTree& tree, io::Sink& out, std::stop_token stop = {});

struct LayerOptions {
  io::Compression compression = io::Compression::gzip;
  io::Level level = io::Level::normal;
  std::size_t lanes = 1;            ///< threads that compress, and that read ahead; the bytes do not depend on it
  io::BlockCache* cache = nullptr;  ///< kept alive by the caller; the bytes do not depend on it
  std::string codec = {};           ///< io::Packing's
};

/// The contents of a layer, as far as they are known without reading files.
struct Fingerprint {
  Digest digest;               ///< of every entry with its file's inode, size and times, and of the options that count
  std::int64_t newest_ns = 0;  ///< the newest change of a file among them, nanoseconds since the epoch
};

/// The fingerprint of what write_layer would write.
Fingerprint fingerprint(const FileTree& tree, const LayerOptions& options);

/// The identity of a layer.
struct LayerDigests {
  Digest diff_id;         ///< of the tar
  Digest digest;          ///< of the blob
  std::int64_t size = 0;  ///< of the blob, bytes
};

/// tar, hash, compress, write: one pass. Gives the diff ID; the blob is for the sink to hash. Finishes `blob`.
Result<Digest> write_layer(FileSystem& fs, const FileTree& tree, const LayerOptions& options, io::Sink& blob,
                           std::stop_token stop = {});

/// The OCI media type of a layer with that compression.
std::string_view layer_media_type(io::Compression compression);

}  // namespace slipway::layer
