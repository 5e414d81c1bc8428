#include "slipway/layer/layer_reader.h"

#include <algorithm>
#include <vector>

#include "layer/archive_entries.h"
#include "layer/archive_stream.h"
#include "layer/pax_scan.h"
#include "layer/tar_header.h"
#include "slipway/base/text.h"

namespace slipway::layer {
namespace {

/// A tar on its way to libarchive; remembers what that cannot tell: where the last byte that is not zero was.
class Feed final : public ArchiveStream::Input {
 public:
  Feed(io::Source& tar, const ReadLimits& limits) : tar_(tar), limits_(limits), buffer_(io::kBlock) {}

  Result<io::Bytes> next() override {
    SLIPWAY_ASSIGN(const std::size_t n, tar_.read(buffer_));
    if (n == 0) return pad();
    const auto begin = buffer_.rend() - static_cast<std::ptrdiff_t>(n);
    const auto last = std::find_if(begin, buffer_.rend(), [](std::byte b) { return b != std::byte{0}; });
    if (last != buffer_.rend()) content_end_ = total_ + static_cast<std::uint64_t>(buffer_.rend() - last);
    total_ += n;
    SLIPWAY_TRY(scan_.see(std::span<const std::byte>(buffer_).first(n)));
    if (total_ > limits_.max_bytes) {
      return fail(Errc::too_large, "the archive has more than {}", human_bytes(limits_.max_bytes));
    }
    return io::Bytes(buffer_).first(n);
  }
  std::uint64_t total() const { return total_; }              ///< without padding
  std::uint64_t content_end() const { return content_end_; }  ///< one past the last byte that is not zero

 private:
  /// Some builders do not fill the last block of an archive without an end marker.
  io::Bytes pad() {
    const std::size_t missing = padded_ ? 0 : (kTarBlock - total_ % kTarBlock) % kTarBlock;
    padded_ = true;
    std::fill_n(buffer_.begin(), missing, std::byte{0});
    return io::Bytes(buffer_).first(missing);
  }

  io::Source& tar_;
  const ReadLimits& limits_;
  PaxScan scan_;
  std::vector<std::byte> buffer_;
  std::uint64_t total_ = 0;
  std::uint64_t content_end_ = 0;
  bool padded_ = false;
};

/// What follows the last entry: the end marker, then zeros only; another archive could hide there. `padding` is what
/// fills the last entry's last block.
Status check_end(Feed& feed, std::uint64_t end, std::uint64_t padding, const ReadLimits& limits) {
  while (true) {
    SLIPWAY_ASSIGN(const io::Bytes more, feed.next());
    if (more.empty()) break;
  }
  if (feed.content_end() > end) {
    return fail(Errc::malformed, "the tar archive has bytes after its end, at {} of {}", end, feed.total());
  }
  if (feed.total() + padding < end) return fail(Errc::malformed, "the tar archive is cut short in its last entry");
  if (limits.require_end && feed.total() < end + 2 * kTarBlock) {
    return fail(Errc::malformed, "the tar archive is cut short: it has no end marker");
  }
  return {};
}

}  // namespace

Status read_tar(io::Source& tar, const ReadLimits& limits, const EntryVisitor& visit) {
  SLIPWAY_ASSIGN(const ArchiveApi* api, archive_api());
  Feed feed(tar, limits);
  ArchiveStream reader(*api, feed, "the tar archive");
  SLIPWAY_TRY(reader.open(ArchiveStream::Format::tar));
  EntryGate gate(*api, limits);
  std::uint64_t padding = 0;
  while (true) {
    SLIPWAY_ASSIGN(archive_entry * raw, reader.next());
    if (raw == nullptr) break;
    bool skip = false;
    SLIPWAY_ASSIGN(const Entry entry, gate.admit(raw, skip));
    padding = (kTarBlock - entry.size % kTarBlock) % kTarBlock;
    if (skip) continue;
    EntryContent content(reader, entry);
    SLIPWAY_TRY(visit(entry, content));
  }
  return check_end(feed, reader.header_position(), padding, limits);
}

}  // namespace slipway::layer
