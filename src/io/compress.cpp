#include "slipway/io/compress.h"

#include <map>
#include <mutex>

#include "io/block_codec.h"
#include "io/block_sink.h"
#include "slipway/base/text.h"

namespace slipway::io {
namespace {

class PassSink final : public Compressor {
 public:
  PassSink(Sink& next, Hasher* plain) : next_(next), plain_(plain) {}
  Status write(Bytes bytes) override {
    if (plain_ != nullptr) plain_->update(bytes);
    return next_.write(bytes);
  }
  Status cut() override { return {}; }
  std::size_t pending() const override { return 0; }
  std::size_t block_size() const override { return 0; }
  Status finish() override { return next_.finish(); }

 private:
  Sink& next_;
  Hasher* plain_;
};

/// Each plan is proved once in the life of the process.
Status prove_once(const CodecPlan& plan) {
  static std::mutex mutex;
  static std::map<std::string, Status> proved;
  const std::scoped_lock lock(mutex);
  const auto known = proved.find(plan.id);
  if (known != proved.end()) return known->second;
  return proved.emplace(plan.id, prove(plan)).first->second;
}

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

Result<std::unique_ptr<Compressor>> compressor(const Packing& packing, Sink& next) {
  if (packing.format == Compression::none)
    return std::unique_ptr<Compressor>(std::make_unique<PassSink>(next, packing.plain));
  CodecPlan plan = codec_for(packing.format, packing.level);
  SLIPWAY_TRY(prove_once(plan));
  return std::unique_ptr<Compressor>(std::make_unique<BlockSink>(std::move(plan), next, packing));
}

}  // namespace slipway::io
