#include "slipway/io/compress.h"

#include "io/block_codec.h"
#include "io/block_sink.h"
#include "slipway/base/text.h"

namespace slipway::io {
namespace {

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

std::unique_ptr<Sink> compressor(Compression format, Level level, Sink& next, std::size_t lanes) {
  if (format == Compression::none) return std::make_unique<PassSink>(next);
  return std::make_unique<BlockSink>(codec_for(format, level), next, lanes);
}

}  // namespace slipway::io
