#include "io/block_codec.h"

#include <libdeflate.h>
#include <zstd.h>

#include "slipway/io/hash.h"

namespace slipway::io {
namespace {

// Compatibility level 1. Any change of a number here changes every user's layer digests.
constexpr std::size_t kBlockSize = 1u << 20;
constexpr std::size_t kBestZstdBlockSize = 8u << 20;

struct Setting {
  Compression format;
  Level level;
  int number;  // the library's own
  std::size_t block_size;
  std::string_view proof;
};

constexpr Setting kSettings[] = {
    {Compression::gzip, Level::fast, 1, kBlockSize, "8ab0ba963c845fa4d45dd76509b7a015d76f568ddf000a5141d07de990f1e0b8"},
    {Compression::gzip, Level::normal, 4, kBlockSize,
     "3de990bdd3e84462e3790678dc46375d7b8a1662da472fba10960bc5d431b67e"},
    {Compression::gzip, Level::best, 10, kBlockSize,
     "2d2e3da7585ac20cbcb2f3afce35c9fd2532b976c974700a0c4508fd2903d0cb"},
    {Compression::zstd, Level::fast, 1, kBlockSize, "9b5bdb8b821893510edf6a2448a958c803093ecad7bedc7c2cc74cdbdae2c685"},
    {Compression::zstd, Level::normal, 3, kBlockSize,
     "fcc646220333bc21f92b95275b89f5a8ecb8d7734020339531a517184991b5b5"},
    {Compression::zstd, Level::best, 12, kBestZstdBlockSize,
     "e53d3b1c8b1c34f0abc438942327256e859f78781cbddbfcea1a5ecb615e1eb0"},
};

const Setting& setting_of(Compression format, Level level) {
  for (const Setting& setting : kSettings) {
    if (setting.format == format && setting.level == level) return setting;
  }
  return kSettings[0];
}

/// Makes room for `size` bytes without ever giving any back: zeroing a buffer anew for each block costs time.
void grow(std::vector<std::byte>& out, std::size_t size) {
  if (out.size() < size) out.resize(size);
}

/// gzip as independent members (RFC 1952 section 2.2): every reader joins them.
class GzipCodec final : public BlockCodec {
 public:
  explicit GzipCodec(int level) : engine_(libdeflate_alloc_compressor(level), libdeflate_free_compressor) {}

  Result<std::size_t> compress(Bytes block, std::vector<std::byte>& out) override {
    grow(out, libdeflate_gzip_compress_bound(engine_.get(), block.size()));
    const std::size_t n = libdeflate_gzip_compress(engine_.get(), block.data(), block.size(), out.data(), out.size());
    if (n == 0) return fail(Errc::internal, "gzip compression failed");
    return n;
  }

 private:
  std::unique_ptr<libdeflate_compressor, void (*)(libdeflate_compressor*)> engine_;
};

/// zstd as independent frames with size and checksum (RFC 8878 section 3.1).
class ZstdCodec final : public BlockCodec {
 public:
  explicit ZstdCodec(int level) : engine_(ZSTD_createCCtx(), ZSTD_freeCCtx) {
    ZSTD_CCtx_setParameter(engine_.get(), ZSTD_c_compressionLevel, level);
    ZSTD_CCtx_setParameter(engine_.get(), ZSTD_c_checksumFlag, 1);
  }

  Result<std::size_t> compress(Bytes block, std::vector<std::byte>& out) override {
    grow(out, ZSTD_compressBound(block.size()));
    const std::size_t n = ZSTD_compress2(engine_.get(), out.data(), out.size(), block.data(), block.size());
    if (ZSTD_isError(n)) return fail(Errc::internal, "zstd compression failed: {}", ZSTD_getErrorName(n));
    return n;
  }

 private:
  std::unique_ptr<ZSTD_CCtx, std::size_t (*)(ZSTD_CCtx*)> engine_;
};

}  // namespace

CodecPlan codec_for(Compression format, Level level) {
  const Setting& setting = setting_of(format, level);
  const int number = setting.number;
  CodecPlan plan;
  plan.block_size = setting.block_size;
  plan.proof = setting.proof;
  if (format == Compression::zstd) {
    plan.id = fmt::format("zstd-{}", number);
    plan.library = "libzstd";
    plan.make = [number] { return std::make_unique<ZstdCodec>(number); };
  } else {
    plan.id = fmt::format("gzip-libdeflate-{}", number);
    plan.library = "libdeflate";
    plan.make = [number] { return std::make_unique<GzipCodec>(number); };
  }
  return plan;
}

std::vector<std::byte> codec_sample() {
  constexpr std::size_t kSize = 96u << 10;
  std::vector<std::byte> sample;
  sample.reserve(kSize);
  std::uint32_t state = 20;
  const auto next = [&state] { return (state = state * 1664525u + 1013904223u) >> 16; };
  while (sample.size() < kSize) {
    // Runs, repeats of what went before at all distances, and noise.
    const std::uint32_t kind = next() % 8;
    const std::size_t length = std::min<std::size_t>(3 + next() % 60, kSize - sample.size());
    const std::size_t distance = 1 + (kind == 0 ? 0 : next() * 7u % std::max<std::size_t>(sample.size(), 1));
    for (std::size_t i = 0; i < length; ++i) {
      const bool repeat = kind < 6 && sample.size() >= distance;
      sample.push_back(repeat ? sample[sample.size() - distance]
                              : static_cast<std::byte>(next() % (kind == 7 ? 256 : 32)));
    }
  }
  return sample;
}

Status prove(const CodecPlan& plan) {
  std::vector<std::byte> out;
  SLIPWAY_ASSIGN(const std::size_t n, plan.make()->compress(codec_sample(), out));
  Hasher hasher;
  hasher.update(Bytes(out).first(n));
  if (hasher.finish().hex() == plan.proof) return {};
  return fail(
      Error(Errc::unsupported, fmt::format("the installed {} compresses ({}) to other bytes than every layer of "
                                           "this compatibility level has, so digests would silently change",
                                           plan.library, plan.id))
          .with_hint("use the library's version that slipway was released with, or another --compression"));
}

}  // namespace slipway::io
