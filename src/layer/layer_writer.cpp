#include "slipway/layer/layer_writer.h"

#include <algorithm>
#include <vector>

#include "layer/tar_header.h"
#include "slipway/base/text.h"
#include "slipway/io/filters.h"
#include "slipway/oci/media_type.h"

namespace slipway::layer {
namespace {

constexpr std::size_t kReadBlock = 1u << 20;

bool same_file(const FileStat& a, const FileStat& b) {
  return a.device == b.device && a.inode == b.inode && a.size == b.size && a.mtime_ns == b.mtime_ns &&
         a.ctime_ns == b.ctime_ns;
}

Error changed(const Entry& entry) {
  return Error(Errc::failed,
               fmt::format("{} changed while it was being packed", printable(entry.source.native(), 4096)))
      .with_hint("let the compiler or copy that writes it end first, then build again");
}

/// Writes entries one after the other; owns the read buffer.
class TarWriter {
 public:
  TarWriter(FileSystem& fs, io::Sink& out, std::stop_token stop) : fs_(fs), out_(out), stop_(std::move(stop)) {}

  Status write(const Entry& entry) {
    if (stop_.stop_requested()) return fail(Errc::cancelled, "packing was interrupted");
    if (entry.type != EntryType::regular) return put_header(entry);
    if (entry.source.empty()) return write_content(entry);
    return write_file(entry);
  }

  Status end() { return out_.write(io::as_bytes(std::string(2 * kTarBlock, '\0'))); }

 private:
  Status put_header(const Entry& entry) {
    SLIPWAY_ASSIGN(const std::string header, tar_header(entry));
    return out_.write(io::as_bytes(header));
  }

  Status pad(std::uint64_t size) {
    const std::size_t rest = size % kTarBlock;
    return rest == 0 ? Status() : out_.write(io::as_bytes(std::string(kTarBlock - rest, '\0')));
  }

  Status write_content(const Entry& entry) {
    SLIPWAY_TRY(put_header(entry));
    if (!entry.content.empty()) SLIPWAY_TRY(out_.write(io::as_bytes(entry.content)));
    return pad(entry.content.size());
  }

  Status write_file(const Entry& entry) {
    auto opened = fs_.open(entry.source);
    if (!opened) {
      // It was there when the tree was listed, so its loss is a failure of this run and not a wrong recipe.
      Error error = std::move(opened).error();
      error.code = Errc::failed;
      return fail(std::move(error));
    }
    File& file = **opened;
    SLIPWAY_ASSIGN(const FileStat before, file.stat());
    if (!same_file(before, entry.seen)) return fail(changed(entry));
    SLIPWAY_TRY(put_header(entry));
    SLIPWAY_TRY(copy_bytes(file, entry));
    SLIPWAY_ASSIGN(const FileStat after, file.stat());
    if (!same_file(after, entry.seen)) return fail(changed(entry));
    return pad(entry.size);
  }

  Status copy_bytes(File& file, const Entry& entry) {
    if (buffer_.empty()) buffer_.resize(kReadBlock);
    std::uint64_t left = entry.size;
    while (left > 0) {
      if (stop_.stop_requested()) return fail(Errc::cancelled, "packing was interrupted");
      const std::size_t want = static_cast<std::size_t>(std::min<std::uint64_t>(left, buffer_.size()));
      SLIPWAY_ASSIGN(const std::size_t n, file.read(std::span(buffer_).first(want)));
      if (n == 0) return fail(changed(entry));
      SLIPWAY_TRY(out_.write(std::span<const std::byte>(buffer_).first(n)));
      left -= n;
    }
    return {};
  }

  FileSystem& fs_;
  io::Sink& out_;
  std::stop_token stop_;
  std::vector<std::byte> buffer_;
};

}  // namespace

Status write_tar(FileSystem& fs, const FileTree& tree, io::Sink& out, std::stop_token stop) {
  TarWriter writer(fs, out, std::move(stop));
  for (const Entry& entry : tree.entries())
    SLIPWAY_TRY(writer.write(entry));
  return writer.end();
}

Result<LayerDigests> write_layer(FileSystem& fs, const FileTree& tree, const LayerOptions& options, io::Sink& blob,
                                 std::stop_token stop) {
  io::HashingSink stored(blob);
  const auto packed = io::compressor(options.compression, options.level, stored, options.lanes);
  io::HashingSink plain(*packed);
  SLIPWAY_TRY(write_tar(fs, tree, plain, std::move(stop)));
  SLIPWAY_TRY(plain.finish());
  return LayerDigests{plain.digest(), stored.digest(), static_cast<std::int64_t>(stored.count())};
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
