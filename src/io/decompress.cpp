#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <cstring>

#include "slipway/io/compress.h"

namespace slipway::io {
namespace {

constexpr std::size_t kMagicBytes = 4;

/// Compressed bytes waiting to be used.
class Input {
 public:
  explicit Input(std::unique_ptr<Source> source) : source_(std::move(source)), buffer_(kBlock) {}

  /// Makes at least one byte available unless the stream is over.
  Status fill() {
    if (begin_ < end_ || over_) return {};
    return read_more(0);
  }
  /// Makes `wanted` bytes available where there are so many.
  Status fill_at_least(std::size_t wanted) {
    while (end_ - begin_ < wanted && !over_) {
      std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
      end_ -= begin_;
      begin_ = 0;
      SLIPWAY_TRY(read_more(end_));
    }
    return {};
  }
  Bytes waiting() const { return std::span(buffer_).subspan(begin_, end_ - begin_); }
  void consume(std::size_t n) { begin_ += n; }
  bool over() const { return over_ && begin_ == end_; }

 private:
  Status read_more(std::size_t at) {
    SLIPWAY_ASSIGN(const std::size_t n, source_->read(std::span(buffer_).subspan(at)));
    if (at == 0) begin_ = 0;
    end_ = at + n;
    over_ = n == 0;
    return {};
  }

  std::unique_ptr<Source> source_;
  std::vector<std::byte> buffer_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  bool over_ = false;
};

/// One compression format, member after member.
class Engine {
 public:
  virtual ~Engine() = default;
  /// Turns some of `in` into some of `out`; sets `ended` at the end of a member.
  virtual Status step(Bytes in, std::size_t& used, std::span<std::byte> out, std::size_t& made, bool& ended) = 0;
};

bool has_prefix(Bytes bytes, std::initializer_list<int> magic) {
  if (bytes.size() < magic.size()) return false;
  return std::equal(magic.begin(), magic.end(), bytes.begin(), [](int a, std::byte b) { return std::byte(a) == b; });
}

class GzipEngine final : public Engine {
 public:
  GzipEngine() { ready_ = inflateInit2(&stream_, 15 + 16) == Z_OK; }
  GzipEngine(const GzipEngine&) = delete;
  GzipEngine& operator=(const GzipEngine&) = delete;
  ~GzipEngine() override { inflateEnd(&stream_); }

  Status step(Bytes in, std::size_t& used, std::span<std::byte> out, std::size_t& made, bool& ended) override {
    if (!ready_) return fail(Errc::failed, "cannot start gzip decompression");
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(in.data()));
    stream_.avail_in = static_cast<uInt>(in.size());
    stream_.next_out = reinterpret_cast<Bytef*>(out.data());
    stream_.avail_out = static_cast<uInt>(out.size());
    const int status = inflate(&stream_, Z_NO_FLUSH);
    used = in.size() - stream_.avail_in;
    made = out.size() - stream_.avail_out;
    ended = status == Z_STREAM_END;
    if (ended) inflateReset(&stream_);
    if (status == Z_OK || ended || status == Z_BUF_ERROR) return {};
    return fail(Errc::malformed, "damaged gzip data: {}", stream_.msg != nullptr ? stream_.msg : "unknown problem");
  }

 private:
  z_stream stream_{};
  bool ready_ = false;
};

class ZstdEngine final : public Engine {
 public:
  ZstdEngine() : context_(ZSTD_createDCtx(), ZSTD_freeDCtx) {
    ZSTD_DCtx_setParameter(context_.get(), ZSTD_d_windowLogMax, 27);
  }

  Status step(Bytes in, std::size_t& used, std::span<std::byte> out, std::size_t& made, bool& ended) override {
    ZSTD_inBuffer from{in.data(), in.size(), 0};
    ZSTD_outBuffer to{out.data(), out.size(), 0};
    const std::size_t left = ZSTD_decompressStream(context_.get(), &to, &from);
    if (ZSTD_isError(left)) return fail(Errc::malformed, "damaged zstd data: {}", ZSTD_getErrorName(left));
    used = from.pos;
    made = to.pos;
    ended = left == 0;
    return {};
  }

 private:
  std::unique_ptr<ZSTD_DCtx, std::size_t (*)(ZSTD_DCtx*)> context_;
};

class DecompressingSource final : public Source {
 public:
  explicit DecompressingSource(std::unique_ptr<Source> inner) : input_(std::move(inner)) {}

  Result<std::size_t> read(std::span<std::byte> buffer) override {
    if (!started_) SLIPWAY_TRY(start());
    if (!engine_) return read_plain(buffer);
    while (true) {
      SLIPWAY_TRY(input_.fill());
      if (input_.over() && !inside_) return std::size_t{0};
      if (!inside_) SLIPWAY_TRY(next_member());
      std::size_t used = 0;
      std::size_t made = 0;
      bool ended = false;
      SLIPWAY_TRY(engine_->step(input_.waiting(), used, buffer, made, ended));
      input_.consume(used);
      if (ended) inside_ = false;
      if (made > 0) return made;
      if (!ended && used == 0 && input_.over()) return fail(Errc::malformed, "compressed data ends too early");
    }
  }

 private:
  Status start() {
    started_ = true;
    SLIPWAY_TRY(input_.fill_at_least(kMagicBytes));
    format_ = compression_of(input_.waiting());
    if (format_ == Compression::gzip) engine_ = std::make_unique<GzipEngine>();
    if (format_ == Compression::zstd) engine_ = std::make_unique<ZstdEngine>();
    return {};
  }

  Status next_member() {
    SLIPWAY_TRY(input_.fill_at_least(kMagicBytes));
    if (compression_of(input_.waiting()) != format_)
      return fail(Errc::malformed, "trailing bytes after the end of the compressed data");
    inside_ = true;
    return {};
  }

  Result<std::size_t> read_plain(std::span<std::byte> buffer) {
    SLIPWAY_TRY(input_.fill());
    const Bytes waiting = input_.waiting();
    const std::size_t n = std::min(buffer.size(), waiting.size());
    if (n > 0) std::memcpy(buffer.data(), waiting.data(), n);
    input_.consume(n);
    return n;
  }

  Input input_;
  Compression format_ = Compression::none;
  std::unique_ptr<Engine> engine_;
  bool started_ = false;
  bool inside_ = false;
};

}  // namespace

Compression compression_of(Bytes head) {
  if (has_prefix(head, {0x1f, 0x8b})) return Compression::gzip;
  const bool skippable = head.size() >= kMagicBytes && (std::to_integer<int>(head[0]) & 0xF0) == 0x50 &&
                         has_prefix(head.subspan(1), {0x2A, 0x4D, 0x18});  // RFC 8878, section 3.1.2
  return skippable || has_prefix(head, {0x28, 0xB5, 0x2F, 0xFD}) ? Compression::zstd : Compression::none;
}

std::unique_ptr<Source> decompressor(std::unique_ptr<Source> inner) {
  return std::make_unique<DecompressingSource>(std::move(inner));
}

}  // namespace slipway::io
