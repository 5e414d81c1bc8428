#include "slipway/layer/layer_reader.h"

#include <algorithm>
#include <vector>

#include "layer/entry_gate.h"
#include "slipway/base/text.h"
#include "slipway/tar/member.h"

namespace slipway::layer {
namespace {

tl::unexpected<Error> cut_short(std::string_view where) {
  return fail(Errc::malformed, "the tar archive is cut short {}", where);
}

/// The bytes of a tar, counted, limited and buffered.
class TarBytes {
 public:
  TarBytes(io::Source& tar, const ReadLimits& limits) : tar_(tar), limits_(limits), buffer_(io::kBlock) {}

  /// Some bytes; 0 at the end.
  Result<std::size_t> read(std::span<std::byte> to) {
    if (waiting_.empty() && to.size() >= buffer_.size()) return more(to);
    SLIPWAY_TRY(refill());
    const std::size_t n = std::min(waiting_.size(), to.size());
    std::copy_n(waiting_.begin(), n, to.begin());
    waiting_ = waiting_.subspan(n);
    return n;
  }

  /// Fills `to` unless the end comes first.
  Result<std::size_t> fill(std::span<std::byte> to) {
    std::size_t got = 0;
    while (got < to.size()) {
      SLIPWAY_ASSIGN(const std::size_t n, read(to.subspan(got)));
      if (n == 0) break;
      got += n;
    }
    return got;
  }

  /// Passes over bytes; returns how many there were.
  Result<std::uint64_t> skip(std::uint64_t size) {
    std::uint64_t done = 0;
    while (done < size) {
      SLIPWAY_ASSIGN(const bool any, refill());
      if (!any) break;
      const std::uint64_t n = std::min<std::uint64_t>(size - done, waiting_.size());
      waiting_ = waiting_.subspan(static_cast<std::size_t>(n));
      done += n;
    }
    return done;
  }

  bool failed() const { return failed_; }         ///< the source did, or a limit was reached
  std::uint64_t total() const { return total_; }  ///< bytes taken from the source

 private:
  /// True if bytes are waiting.
  Result<bool> refill() {
    if (!waiting_.empty()) return true;
    SLIPWAY_ASSIGN(const std::size_t n, more(buffer_));
    waiting_ = io::Bytes(buffer_).first(n);
    return n > 0;
  }

  Result<std::size_t> more(std::span<std::byte> to) {
    failed_ = true;
    SLIPWAY_ASSIGN(const std::size_t n, tar_.read(to));
    total_ += n;
    failed_ = total_ > limits_.max_bytes;
    if (!failed_) return n;
    return fail(Errc::too_large, "the archive has more than {}", human_bytes(limits_.max_bytes));
  }

  io::Source& tar_;
  const ReadLimits& limits_;
  std::vector<std::byte> buffer_;
  io::Bytes waiting_;
  std::uint64_t total_ = 0;
  bool failed_ = false;
};

/// The content of one member, of which a marker shows nothing.
class MemberContent final : public io::Source {
 public:
  MemberContent(TarBytes& bytes, const tar::Member& member, std::uint64_t shown)
      : bytes_(bytes), member_(member), left_(member.size), hidden_(member.size - shown) {}

  Result<std::size_t> read(std::span<std::byte> buffer) override {
    const std::size_t want = static_cast<std::size_t>(std::min<std::uint64_t>(left_ - hidden_, buffer.size()));
    if (want == 0) return 0;
    SLIPWAY_ASSIGN(const std::size_t n, bytes_.read(buffer.first(want)));
    if (n == 0) return ends_early();
    left_ -= n;
    return n;
  }

  /// Passes over what was left unread. Some builders do not fill the last block of an archive without an end marker.
  Status finish() {
    SLIPWAY_ASSIGN(const std::uint64_t n, bytes_.skip(left_));
    if (n < left_) return ends_early();
    SLIPWAY_TRY(bytes_.skip(tar::padding(member_.size)));
    return {};
  }

 private:
  tl::unexpected<Error> ends_early() const {
    return cut_short(fmt::format("in the entry \"{}\"", printable(member_.path, 4096)));
  }

  TarBytes& bytes_;
  const tar::Member& member_;
  std::uint64_t left_;
  std::uint64_t hidden_;
};

/// Checks what follows the last entry: the end marker, then zeros only; another archive could hide there.
Status check_end(TarBytes& bytes, std::uint64_t end, const ReadLimits& limits) {
  std::vector<std::byte> rest(io::kBlock);
  while (true) {
    SLIPWAY_ASSIGN(const std::size_t n, bytes.read(rest));
    if (n == 0) break;
    if (std::any_of(rest.begin(), rest.begin() + static_cast<std::ptrdiff_t>(n),
                    [](std::byte b) { return b != std::byte{0}; })) {
      return fail(Errc::malformed, "the tar archive has bytes after its end, which is at {}", end);
    }
  }
  if (limits.require_end && bytes.total() < end + 2 * tar::kBlock) return cut_short("and has no end marker");
  return {};
}

}  // namespace

Status read_tar(io::Source& tar, const ReadLimits& limits, const EntryVisitor& visit) {
  TarBytes bytes(tar, limits);
  tar::MemberReader reader([&bytes](std::span<char> to) { return bytes.fill(std::as_writable_bytes(to)); });
  EntryGate gate(limits);
  while (true) {
    auto next = reader.next();
    if (!next && !bytes.failed()) {
      return fail(Errc::malformed, "cannot read the tar archive: {}", next.error().message);
    }
    SLIPWAY_TRY(next);
    if (!*next) return check_end(bytes, reader.end(), limits);
    const tar::Member& member = **next;
    bool skip = false;
    SLIPWAY_ASSIGN(const FileEntry entry, gate.admit(member, skip));
    MemberContent content(bytes, member, entry.size);
    if (!skip) SLIPWAY_TRY(visit(entry, content));
    SLIPWAY_TRY(content.finish());
  }
}

}  // namespace slipway::layer
