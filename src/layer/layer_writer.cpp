#include "slipway/layer/layer_writer.h"

#include <algorithm>
#include <array>

#include "layer/read_ahead.h"
#include "layer/tar_header.h"
#include "slipway/base/text.h"
#include "slipway/io/filters.h"
#include "slipway/io/hash.h"
#include "slipway/oci/media_type.h"
#include "slipway/tar/header.h"

namespace slipway::layer {
namespace {

constexpr std::size_t kReadBlock = 512u << 10;

/// The ends of blocks (compatibility level 1): a large file starts a block of its own, and among small ones a block
/// that is a quarter full ends before a path that a hash picks. So after a change the cuts soon meet again, and
/// blocks that have the same content are the same.
bool starts_block(const FileEntry& entry, std::size_t pending, std::size_t block_size) {
  const std::size_t quarter = block_size / 4;
  if (pending == 0) return false;
  if (entry.type == EntryType::regular && entry.size >= quarter) return true;
  if (pending < quarter) return false;
  std::uint32_t hash = 2166136261u;  // FNV-1a
  for (const char c : entry.path)
    hash = (hash ^ static_cast<unsigned char>(c)) * 16777619u;
  return (hash >> 16) % 4 == 0;
}

/// Writes entries one after the other; owns the read buffer.
class EntryWriter {
 public:
  /// `packed` is what `out` leads to, where that is cut into blocks; else nullptr.
  EntryWriter(FileSystem& fs, io::Sink& out, io::Compressor* packed, std::stop_token stop)
      : fs_(fs), out_(out), packed_(packed), stop_(std::move(stop)) {}

  Status write(const LoadedEntry& item) {
    const FileEntry& entry = item.entry;
    if (stop_.stop_requested()) return fail(Errc::cancelled, "packing was interrupted");
    if (packed_ != nullptr && starts_block(entry, packed_->pending(), packed_->block_size())) {
      SLIPWAY_TRY(packed_->cut());
    }
    if (entry.type != EntryType::regular) return put_header(entry);
    if (item.loaded) return write_bytes(entry, item.bytes);
    if (entry.source.empty()) return write_bytes(entry, io::as_bytes(entry.content));
    return write_file(entry);
  }

  Status end() { return out_.write(zeros(2 * tar::kBlock)); }

 private:
  static io::Bytes zeros(std::size_t n) {
    static constexpr std::array<std::byte, 2 * tar::kBlock> kZeros{};
    return io::Bytes(kZeros).first(n);
  }

  Status put_header(const FileEntry& entry) {
    SLIPWAY_ASSIGN(const std::string header, tar_header(entry));
    return out_.write(io::as_bytes(header));
  }

  Status pad(std::uint64_t size) {
    const std::size_t rest = size % tar::kBlock;
    return rest == 0 ? Status() : out_.write(zeros(tar::kBlock - rest));
  }

  Status write_bytes(const FileEntry& entry, io::Bytes bytes) {
    SLIPWAY_TRY(put_header(entry));
    if (!bytes.empty()) SLIPWAY_TRY(out_.write(bytes));
    return pad(bytes.size());
  }

  Status write_file(const FileEntry& entry) {
    auto opened = fs_.open(entry.source);
    if (!opened) return fail(lost_while_packing(std::move(opened).error()));
    File& file = **opened;
    SLIPWAY_ASSIGN(const FileStat before, file.stat());
    if (!is_unchanged(before, entry.seen)) return fail(changed_while_packing(entry));
    SLIPWAY_TRY(put_header(entry));
    SLIPWAY_TRY(copy_bytes(file, entry));
    SLIPWAY_ASSIGN(const FileStat after, file.stat());
    if (!is_unchanged(after, entry.seen)) return fail(changed_while_packing(entry));
    return pad(entry.size);
  }

  Status copy_bytes(File& file, const FileEntry& entry) {
    if (buffer_.empty()) buffer_.resize(kReadBlock);
    std::uint64_t left = entry.size;
    while (left > 0) {
      if (stop_.stop_requested()) return fail(Errc::cancelled, "packing was interrupted");
      const std::size_t want = static_cast<std::size_t>(std::min<std::uint64_t>(left, buffer_.size()));
      SLIPWAY_ASSIGN(const std::size_t n, file.read(std::span(buffer_).first(want)));
      if (n == 0) return fail(changed_while_packing(entry));
      SLIPWAY_TRY(out_.write(std::span<const std::byte>(buffer_).first(n)));
      left -= n;
    }
    SLIPWAY_ASSIGN(const std::size_t more, file.read(std::span(buffer_).first(1)));
    return more == 0 ? Status() : fail(grows_while_packing(entry));
  }

  FileSystem& fs_;
  io::Sink& out_;
  io::Compressor* packed_;
  std::stop_token stop_;
  std::vector<std::byte> buffer_;
};

Status write_entries(FileSystem& fs, const FileTree& tree, std::size_t lanes, EntryWriter& writer) {
  SLIPWAY_ASSIGN(const auto entries, tree.read());
  ReadAhead ahead(fs, *entries, lanes);
  while (true) {
    SLIPWAY_ASSIGN(const LoadedEntry* item, ahead.next());
    if (item == nullptr) return writer.end();
    SLIPWAY_TRY(writer.write(*item));
  }
}

}  // namespace

Status write_tar(FileSystem& fs, const FileTree& tree, io::Sink& out, std::stop_token stop) {
  EntryWriter writer(fs, out, nullptr, std::move(stop));
  return write_entries(fs, tree, 1, writer);
}

Result<Digest> write_layer(FileSystem& fs, const FileTree& tree, const LayerOptions& options, io::Sink& blob,
                           std::stop_token stop) {
  io::Hasher plain;
  SLIPWAY_ASSIGN(
      const auto packed,
      io::compressor({options.compression, options.level, options.lanes, options.cache, &plain, options.codec}, blob));
  EntryWriter writer(fs, *packed, packed.get(), std::move(stop));
  SLIPWAY_TRY(write_entries(fs, tree, options.lanes, writer));
  SLIPWAY_TRY(packed->finish());
  return plain.finish();
}

Fingerprint fingerprint(const FileTree& tree, const LayerOptions& options) {
  const Listing& listing = tree.listing();
  return {io::digest_of(fmt::format("{} {} {} {}{}{}", kCompatibility, static_cast<int>(options.compression),
                                    static_cast<int>(options.level), listing.digest.hex(),
                                    options.codec.empty() ? "" : " ", options.codec)),
          listing.newest_ns};
}

std::string_view layer_media_type(io::Compression compression) {
  switch (compression) {
    case io::Compression::none:
      return oci::kLayerType;
    case io::Compression::gzip:
      return oci::kLayerGzipType;
    case io::Compression::zstd:
      return oci::kLayerZstdType;
  }
  return oci::kLayerType;
}

}  // namespace slipway::layer
