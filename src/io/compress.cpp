#include "slipway/io/compress.h"

#include <libdeflate.h>
#include <zstd.h>

#include <array>

#include "slipway/base/text.h"

namespace slipway::io {
namespace {

/// Uncompressed bytes of one gzip member; part of compatibility level 1.
constexpr std::size_t kMember = 1u << 20;

int gzip_level(Level level) { return level == Level::fast ? 1 : level == Level::normal ? 6 : 9; }
int zstd_level(Level level) { return level == Level::fast ? 1 : level == Level::normal ? 3 : 12; }

/// gzip as a row of independent members, each of kMember input bytes (RFC 1952
/// section 2.2): every reader joins them, and they can be made in parallel.
class GzipSink final : public Sink {
 public:
  GzipSink(Level level, Sink& next)
      : next_(next), engine_(libdeflate_alloc_compressor(gzip_level(level)), libdeflate_free_compressor) {
    input_.reserve(kMember);
    output_.resize(libdeflate_gzip_compress_bound(engine_.get(), kMember));
  }

  Status write(Bytes bytes) override {
    while (!bytes.empty()) {
      const std::size_t n = std::min(bytes.size(), kMember - input_.size());
      input_.insert(input_.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(n));
      bytes = bytes.subspan(n);
      if (input_.size() == kMember) SLIPWAY_TRY(flush());
    }
    return {};
  }

  Status finish() override {
    // An empty stream still needs one member to be gzip.
    if (!input_.empty() || !wrote_) SLIPWAY_TRY(flush());
    return next_.finish();
  }

 private:
  Status flush() {
    const std::size_t n =
        libdeflate_gzip_compress(engine_.get(), input_.data(), input_.size(), output_.data(), output_.size());
    if (n == 0) return fail(Errc::internal, "gzip compression failed");
    input_.clear();
    wrote_ = true;
    return next_.write(std::span(output_).first(n));
  }

  Sink& next_;
  std::unique_ptr<libdeflate_compressor, void (*)(libdeflate_compressor*)> engine_;
  std::vector<std::byte> input_;
  std::vector<std::byte> output_;
  bool wrote_ = false;
};

/// One zstd frame with a checksum, single-threaded streaming mode.
class ZstdSink final : public Sink {
 public:
  ZstdSink(Level level, Sink& next) : next_(next), engine_(ZSTD_createCCtx(), ZSTD_freeCCtx) {
    ZSTD_CCtx_setParameter(engine_.get(), ZSTD_c_compressionLevel, zstd_level(level));
    ZSTD_CCtx_setParameter(engine_.get(), ZSTD_c_checksumFlag, 1);
    output_.resize(ZSTD_CStreamOutSize());
  }

  Status write(Bytes bytes) override {
    ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
    while (in.pos < in.size) SLIPWAY_TRY(step(in, ZSTD_e_continue));
    return {};
  }

  Status finish() override {
    ZSTD_inBuffer in{nullptr, 0, 0};
    while (true) {
      SLIPWAY_ASSIGN(const std::size_t left, step(in, ZSTD_e_end));
      if (left == 0) return next_.finish();
    }
  }

 private:
  Result<std::size_t> step(ZSTD_inBuffer& in, ZSTD_EndDirective directive) {
    ZSTD_outBuffer out{output_.data(), output_.size(), 0};
    const std::size_t left = ZSTD_compressStream2(engine_.get(), &out, &in, directive);
    if (ZSTD_isError(left)) return fail(Errc::internal, "zstd compression failed: {}", ZSTD_getErrorName(left));
    if (out.pos > 0) SLIPWAY_TRY(next_.write(std::span(output_).first(out.pos)));
    return left;
  }

  Sink& next_;
  std::unique_ptr<ZSTD_CCtx, std::size_t (*)(ZSTD_CCtx*)> engine_;
  std::vector<std::byte> output_;
};

class PassSink final : public Sink {
 public:
  explicit PassSink(Sink& next) : next_(next) {}
  Status write(Bytes bytes) override { return next_.write(bytes); }
  Status finish() override { return next_.finish(); }

 private:
  Sink& next_;
};

}  // namespace

Result<Compression> parse_compression(std::string_view text) {
  if (text == "gzip") return Compression::gzip;
  if (text == "zstd") return Compression::zstd;
  if (text == "none") return Compression::none;
  return fail(Error(Errc::invalid_argument, fmt::format("'{}' is not a compression format", printable(text, 40)))
                  .with_hint("use gzip, zstd or none"));
}

Result<Level> parse_level(std::string_view text) {
  if (text == "fast") return Level::fast;
  if (text == "default") return Level::normal;
  if (text == "best") return Level::best;
  return fail(Error(Errc::invalid_argument, fmt::format("'{}' is not a compression level", printable(text, 40)))
                  .with_hint("use fast, default or best"));
}

std::unique_ptr<Sink> compressor(Compression format, Level level, Sink& next) {
  if (format == Compression::gzip) return std::make_unique<GzipSink>(level, next);
  if (format == Compression::zstd) return std::make_unique<ZstdSink>(level, next);
  return std::make_unique<PassSink>(next);
}

}  // namespace slipway::io
