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
  std::size_t sample_size;  // of codec_sample(): levels that no version has changed yet need less
  std::vector<CodecIdentity> identities;
};

constexpr std::size_t kShortSample = 96u << 10;
constexpr std::size_t kSample = 256u << 10;

/// Debian 12 has libdeflate 1.14 and zstd 1.5.4, Debian 13 and sid 1.23 to 1.25 and 1.5.7.
const std::vector<Setting>& settings() {
  static const std::vector<Setting> all = {
      {Compression::gzip,
       Level::fast,
       1,
       kBlockSize,
       kShortSample,
       {{"libdeflate-1.14", "668aa7591a868a724e3e8c88f3f89f26dd963cb568840be9f9484491af993948"}}},
      {Compression::gzip,
       Level::normal,
       4,
       kBlockSize,
       kShortSample,
       {{"libdeflate-1.14", "935fe0ed3e7ff866de29fc93a8fa17847054361a600ae7ea1a6b261fd3468ba8"}}},
      {Compression::gzip,
       Level::best,
       10,
       kBlockSize,
       kSample,
       {{"libdeflate-1.14", "2889f1189eb1389a608e9a06888dbf591b1712da212d4e139bc560bd6d8daa04"},
        {"libdeflate-1.23", "4057d6baebfa65d1c5ce80b50eb0717a3a938e2e8c245ba41b971f09e605e7df"}}},
      {Compression::zstd,
       Level::fast,
       1,
       kBlockSize,
       kSample,
       {{"zstd-1.5.4", "c0d840d30dd3103143b37ae7b7e13376d6a0d5271fe6148471f0775ed9b8ae2e"},
        {"zstd-1.5.7", "3dea0a83bcba16a0d8ddb492dd01bb1125b4d49d525642a1f402dc27cdaaecb4"}}},
      {Compression::zstd,
       Level::normal,
       3,
       kBlockSize,
       kSample,
       {{"zstd-1.5.4", "f5f18c40830f869d0c49c17fa29eb4c4af5be00541e1af6aa1297f362f9905dc"},
        {"zstd-1.5.7", "c1cc5da397d896fa659939829d1a268cb82d2448e8aa0aec7058f7ed6f33815a"}}},
      {Compression::zstd,
       Level::best,
       12,
       kBestZstdBlockSize,
       kSample,
       {{"zstd-1.5.4", "23f6488b4f976fa0613448bc8e32a4b7a30d8f40c82a23c7be0e0bae7d93b392"},
        {"zstd-1.5.7", "0932dde5bff97e7b189ffa97525fae267b492ff0ccda544d94d8c31101756cfe"}}},
  };
  return all;
}

const Setting& setting_of(Compression format, Level level) {
  for (const Setting& setting : settings()) {
    if (setting.format == format && setting.level == level) return setting;
  }
  return settings().front();
}

/// Makes room for `size` bytes without ever giving any back: zeroing a buffer again for each block costs time.
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
  plan.sample_size = setting.sample_size;
  plan.identities = setting.identities;
  if (format == Compression::zstd) {
    plan.id = fmt::format("zstd-{}", number);
    plan.library = fmt::format("libzstd {}", ZSTD_versionString());
    plan.make = [number] { return std::make_unique<ZstdCodec>(number); };
  } else {
    plan.id = fmt::format("gzip-libdeflate-{}", number);
    plan.library = "libdeflate";
    plan.make = [number] { return std::make_unique<GzipCodec>(number); };
  }
  return plan;
}

std::vector<std::byte> codec_sample() {
  constexpr std::size_t kRegion = 11'000;  // no divisor of the 128 KiB in which zstd works
  struct Texture {
    std::uint32_t alphabet;  // values of a literal byte
    std::uint32_t repeats;   // of eight pieces, those that repeat earlier ones
  };
  constexpr Texture kTextures[] = {{32, 6}, {4, 6}, {256, 0}, {96, 5}, {16, 3}, {2, 7}};
  std::vector<std::byte> sample;
  sample.reserve(kSample);
  std::uint32_t state = 20;
  const auto next = [&state] { return (state = state * 1664525u + 1013904223u) >> 16; };
  while (sample.size() < kSample) {
    const Texture& texture = kTextures[sample.size() / kRegion % std::size(kTextures)];
    const std::uint32_t kind = next() % 8;
    const std::size_t length = std::min<std::size_t>(3 + next() % 60, kSample - sample.size());
    const std::size_t distance = 1 + (kind == 0 ? 0 : next() * 7u % std::max<std::size_t>(sample.size(), 1));
    for (std::size_t i = 0; i < length; ++i) {
      const bool repeat = kind < texture.repeats && sample.size() >= distance;
      sample.push_back(repeat ? sample[sample.size() - distance]
                              : static_cast<std::byte>(next() % (kind == 7 ? 256 : texture.alphabet)));
    }
  }
  return sample;
}

Result<CodecIdentity> identify(const CodecPlan& plan) {
  std::vector<std::byte> out;
  SLIPWAY_ASSIGN(const std::size_t n, plan.make()->compress(Bytes(codec_sample()).first(plan.sample_size), out));
  Hasher hasher;
  hasher.update(Bytes(out).first(n));
  const Digest digest = hasher.finish();
  for (const CodecIdentity& identity : plan.identities) {
    if (identity.proof == digest.hex()) return identity;
  }
  std::vector<std::string_view> names;
  for (const CodecIdentity& identity : plan.identities)
    names.push_back(identity.name);
  return fail(Error(Errc::unsupported,
                    fmt::format("the installed {} compresses ({}) to other bytes than every version that slipway knows "
                                "({}), so digests would silently change",
                                plan.library, plan.id, fmt::join(names, ", ")))
                  .with_hint("install one of these versions, or use another --compression"));
}

}  // namespace slipway::io
