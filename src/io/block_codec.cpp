#include "io/block_codec.h"

#include <libdeflate.h>
#include <zstd.h>

namespace slipway::io {
namespace {

// Compatibility level 1. Any change here changes every user's layer digests.
constexpr std::size_t kGzipBlock = 1u << 20;
constexpr std::size_t kZstdBlock = 2u << 20;

int gzip_level(Level level) { return level == Level::fast ? 1 : level == Level::normal ? 6 : 9; }
int zstd_level(Level level) { return level == Level::fast ? 1 : level == Level::normal ? 3 : 12; }

/// gzip as independent members (RFC 1952 section 2.2): every reader joins them.
class GzipCodec final : public BlockCodec {
 public:
  explicit GzipCodec(Level level)
      : engine_(libdeflate_alloc_compressor(gzip_level(level)), libdeflate_free_compressor) {}

  Status compress(Bytes block, std::vector<std::byte>& out) override {
    out.resize(libdeflate_gzip_compress_bound(engine_.get(), block.size()));
    const std::size_t n = libdeflate_gzip_compress(engine_.get(), block.data(), block.size(), out.data(), out.size());
    if (n == 0) return fail(Errc::internal, "gzip compression failed");
    out.resize(n);
    return {};
  }

 private:
  std::unique_ptr<libdeflate_compressor, void (*)(libdeflate_compressor*)> engine_;
};

/// zstd as independent frames with size and checksum (RFC 8878 section 3.1).
class ZstdCodec final : public BlockCodec {
 public:
  explicit ZstdCodec(Level level) : engine_(ZSTD_createCCtx(), ZSTD_freeCCtx) {
    ZSTD_CCtx_setParameter(engine_.get(), ZSTD_c_compressionLevel, zstd_level(level));
    ZSTD_CCtx_setParameter(engine_.get(), ZSTD_c_checksumFlag, 1);
  }

  Status compress(Bytes block, std::vector<std::byte>& out) override {
    out.resize(ZSTD_compressBound(block.size()));
    const std::size_t n = ZSTD_compress2(engine_.get(), out.data(), out.size(), block.data(), block.size());
    if (ZSTD_isError(n)) return fail(Errc::internal, "zstd compression failed: {}", ZSTD_getErrorName(n));
    out.resize(n);
    return {};
  }

 private:
  std::unique_ptr<ZSTD_CCtx, std::size_t (*)(ZSTD_CCtx*)> engine_;
};

}  // namespace

CodecPlan codec_for(Compression format, Level level) {
  if (format == Compression::zstd) return {kZstdBlock, [level] { return std::make_unique<ZstdCodec>(level); }};
  return {kGzipBlock, [level] { return std::make_unique<GzipCodec>(level); }};
}

}  // namespace slipway::io
