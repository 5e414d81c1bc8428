#include "slipway/layer/layer_reader.h"

#include <locale.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "layer/archive_api.h"
#include "layer/archive_entries.h"
#include "layer/pax_scan.h"
#include "layer/tar_header.h"
#include "slipway/base/text.h"

namespace slipway::layer {
namespace {

/// Names in tar are UTF-8 or plain bytes; libarchive converts them by the thread's locale, so it gets one that can.
class Utf8Locale {
 public:
  Utf8Locale() : mine_(newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr)) {
    if (mine_ != nullptr) before_ = uselocale(mine_);
  }
  Utf8Locale(const Utf8Locale&) = delete;
  Utf8Locale& operator=(const Utf8Locale&) = delete;
  ~Utf8Locale() {
    if (mine_ == nullptr) return;
    uselocale(before_);
    freelocale(mine_);
  }

 private:
  locale_t mine_ = nullptr;
  locale_t before_ = nullptr;
};

/// Feeds libarchive and remembers what it cannot tell: where the last byte that is not zero was.
class Feed {
 public:
  Feed(io::Source& tar, const ReadLimits& limits) : tar_(tar), limits_(limits), buffer_(io::kBlock) {}

  Result<std::size_t> next() {
    SLIPWAY_ASSIGN(const std::size_t n, tar_.read(buffer_));
    const auto begin = buffer_.rend() - static_cast<std::ptrdiff_t>(n);
    const auto last = std::find_if(begin, buffer_.rend(), [](std::byte b) { return b != std::byte{0}; });
    if (last != buffer_.rend()) content_end_ = total_ + static_cast<std::uint64_t>(buffer_.rend() - last);
    total_ += n;
    SLIPWAY_TRY(scan_.see(std::span<const std::byte>(buffer_).first(n)));
    if (total_ > limits_.max_bytes) {
      return fail(Errc::too_large, "the archive has more than {}", human_bytes(limits_.max_bytes));
    }
    return n;
  }
  const std::byte* data() const { return buffer_.data(); }
  std::uint64_t total() const { return total_; }
  std::uint64_t content_end() const { return content_end_; }  ///< one past the last byte that is not zero
  std::optional<Error> error;

 private:
  io::Source& tar_;
  const ReadLimits& limits_;
  PaxScan scan_;
  std::vector<std::byte> buffer_;
  std::uint64_t total_ = 0;
  std::uint64_t content_end_ = 0;
};

/// One libarchive reader.
class Reader {
 public:
  Reader(const ArchiveApi& api, Feed& feed) : api_(api), feed_(feed), archive_(api.read_new()) {}
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;
  ~Reader() { (void)api_.read_free(archive_); }

  Status open() {
    if (archive_ == nullptr) return fail(Errc::failed, "libarchive has no memory for a reader");
    SLIPWAY_TRY(check(api_.read_support_format_tar(archive_), "open"));
    SLIPWAY_TRY(check(api_.read_set_options(archive_, "tar:hdrcharset=UTF-8"), "set up"));
    // An archive without a single block is told apart here, as libarchive wants at least one.
    const int opened = api_.read_open(archive_, this, nullptr, &Reader::pull, nullptr);
    return check(opened, "open");
  }

  /// nullptr at the end.
  Result<archive_entry*> next() {
    archive_entry* entry = nullptr;
    const int code = api_.read_next_header(archive_, &entry);
    if (code == ARCHIVE_EOF) return nullptr;
    SLIPWAY_TRY(check(code, "read"));
    return entry;
  }

  Result<std::size_t> data(std::span<std::byte> buffer) {
    const la_ssize_t n = api_.read_data(archive_, buffer.data(), buffer.size());
    if (n < 0) SLIPWAY_TRY(check(static_cast<int>(n), "read"));
    return static_cast<std::size_t>(n);
  }

  std::uint64_t header_position() const { return static_cast<std::uint64_t>(api_.read_header_position(archive_)); }

 private:
  static la_ssize_t pull(archive* handle, void* self, const void** bytes) {
    auto& reader = *static_cast<Reader*>(self);
    auto n = reader.feed_.next();
    if (!n) {
      reader.feed_.error = std::move(n).error();
      reader.api_.set_error(handle, EIO, "%s", "the source failed");
      return -1;
    }
    *bytes = reader.feed_.data();
    return static_cast<la_ssize_t>(*n);
  }

  Status check(int code, std::string_view doing) {
    if (feed_.error) return fail(*std::move(feed_.error));
    if (code == ARCHIVE_OK) return {};
    const char* why = api_.error_string(archive_);
    return fail(Errc::malformed, "cannot {} the tar archive: {}", doing,
                printable(why == nullptr ? "it is damaged" : why, 300));
  }

  const ArchiveApi& api_;
  Feed& feed_;
  archive* archive_;
};

/// The content of the entry at hand; complains when it is not as long as the header said.
class Content final : public io::Source {
 public:
  Content(Reader& reader, const Entry& entry) : reader_(reader), path_(entry.path), left_(entry.size) {}

  Result<std::size_t> read(std::span<std::byte> buffer) override {
    if (left_ == 0) return 0;
    const std::size_t want = static_cast<std::size_t>(std::min<std::uint64_t>(left_, buffer.size()));
    SLIPWAY_ASSIGN(const std::size_t n, reader_.data(buffer.first(want)));
    if (n == 0) return fail(Errc::malformed, "the tar entry '{}' is cut short", printable(path_, 4096));
    left_ -= n;
    return n;
  }

 private:
  Reader& reader_;
  std::string path_;
  std::uint64_t left_;
};

/// What follows the last entry: the end marker, then zeros only; another archive could hide there.
Status check_end(Feed& feed, std::uint64_t end, const ReadLimits& limits) {
  while (true) {
    SLIPWAY_ASSIGN(const std::size_t n, feed.next());
    if (n == 0) break;
  }
  if (feed.content_end() > end) {
    return fail(Errc::malformed, "the tar archive has bytes after its end, at {} of {}", end, feed.total());
  }
  if (limits.require_end && feed.total() < end + 2 * kTarBlock) {
    return fail(Errc::malformed, "the tar archive is cut short: it has no end marker");
  }
  return {};
}

}  // namespace

Status read_tar(io::Source& tar, const ReadLimits& limits, const EntryVisitor& visit) {
  SLIPWAY_ASSIGN(const ArchiveApi* api, archive_api());
  const Utf8Locale locale;
  Feed feed(tar, limits);
  Reader reader(*api, feed);
  SLIPWAY_TRY(reader.open());
  EntryGate gate(*api, limits);
  while (true) {
    SLIPWAY_ASSIGN(archive_entry * raw, reader.next());
    if (raw == nullptr) break;
    bool skip = false;
    SLIPWAY_ASSIGN(const Entry entry, gate.admit(raw, skip));
    if (skip) continue;
    Content content(reader, entry);
    SLIPWAY_TRY(visit(entry, content));
  }
  return check_end(feed, reader.header_position(), limits);
}

}  // namespace slipway::layer
