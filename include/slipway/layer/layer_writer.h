#pragma once

#include <cstdint>
#include <stop_token>
#include <string_view>

#include "slipway/io/compress.h"
#include "slipway/layer/file_tree.h"
#include "slipway/oci/descriptor.h"

/// Writes a finished tree as a blob: tar, hash, compress, in one pass.
///
///   tree -> headers and contents -> hasher (diff ID) -> blocks -> compressor lanes -> sink
///
/// Blocks: the compressor works on independent blocks. One ends where it is full, before a file of at least a quarter
/// of a block, and, once it is a quarter full, before a path that a hash of the path picks. After a change the cuts
/// soon meet again, and blocks with the same content compress to the same bytes: a cache is asked before a lane works.
/// The ends of blocks are part of kCompatibility: changing them changes every user's digests.
///
/// Contents: small files are read ahead on the lanes, large ones in pieces by the caller's thread. A file is compared
/// with what was listed (device, inode, size, mtime, ctime) when it is opened and again after its last byte.
///
/// Threads: the functions block; with more than one lane the sink is written by one thread at a time, not always the
/// caller's. The bytes do not depend on the number of lanes.
namespace slipway::layer {

/// The version of everything that decides a layer's bytes (docs/FORMATS.md "Layers").
inline constexpr int kCompatibility = 1;

/// Writes the tree as tar: the same bytes on every machine. Regular files are read through `fs`; a file that changed
/// since it was listed is Errc::failed, naming it. `out` is not finished. Errc::cancelled on stop.
Status write_tar(FileSystem& fs, const FileTree& tree, io::Sink& out, std::stop_token stop = {});

/// How a layer is compressed. A value.
struct LayerOptions {
  io::Compression compression = io::Compression::gzip;
  io::Level level = io::Level::normal;
  std::size_t lanes = 1;            ///< threads that compress, and that read ahead; the bytes do not depend on it
  io::BlockCache* cache = nullptr;  ///< kept alive by the caller; the bytes do not depend on it
  std::string codec = {};           ///< io::Packing::codec
};

/// A key for a layer that is known without reading files: equal ones mean equal bytes, as long as no file was changed
/// within the granularity of its times.
struct Fingerprint {
  Digest digest;               ///< of every entry with its file's inode, size and times, and of the options that count
  std::int64_t newest_ns = 0;  ///< the newest change of a file among them, nanoseconds since the epoch
};

/// Returns the fingerprint of the layer that write_layer would write.
Fingerprint fingerprint(const FileTree& tree, const LayerOptions& options);

/// The digests and the size of a written layer.
struct LayerDigests {
  Digest diff_id;         ///< of the tar
  Digest digest;          ///< of the blob
  std::int64_t size = 0;  ///< of the blob, bytes
};

/// Writes the tree as a compressed layer and finishes `blob`. Returns the diff ID; the digest is the blob's (a
/// BlobWriter or HashingSink knows it). Errors of write_tar() and io::compressor().
Result<Digest> write_layer(FileSystem& fs, const FileTree& tree, const LayerOptions& options, io::Sink& blob,
                           std::stop_token stop = {});

/// Returns the OCI media type of a layer with that compression.
std::string_view layer_media_type(io::Compression compression);

}  // namespace slipway::layer
