#include "slipway/io/compress.h"

#include <algorithm>
#include <map>
#include <mutex>

#include "io/block_codec.h"
#include "io/block_sink.h"
#include "io/cached_codec.h"
#include "io/compressed_blocks.h"
#include "io/hashed_blocks.h"
#include "slipway/base/lanes.h"
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

/// Each plan's library is identified once in the life of the process.
Result<CodecIdentity> identify_once(const CodecPlan& plan) {
  static std::mutex mutex;
  static std::map<std::string, Result<CodecIdentity>> known;
  const std::scoped_lock lock(mutex);
  const auto at = known.find(plan.id);
  if (at != known.end()) return at->second;
  return known.emplace(plan.id, identify(plan)).first->second;
}

Status require_codec(const CodecPlan& plan, const std::string& codec) {
  const std::string_view wanted = codec.empty() ? plan.identities.front().name : std::string_view(codec);
  SLIPWAY_ASSIGN(const CodecIdentity installed, identify_once(plan));
  if (installed.name == wanted) return {};
  return fail(Error(Errc::unsupported,
                    fmt::format("the installed {} makes the bytes of {}, and this image's layers have those of {}: "
                                "digests would change",
                                plan.library, installed.name, wanted))
                  .with_hint(fmt::format("choose {} for this project with --codec {}, build where {} is installed, or "
                                         "use --compression gzip, which is the same everywhere",
                                         installed.name, installed.name, wanted)));
}

}  // namespace

Result<Compression> parse_compression(std::string_view text) {
  if (text == "gzip") return Compression::gzip;
  if (text == "zstd") return Compression::zstd;
  if (text == "none") return Compression::none;
  return fail(Error(Errc::invalid_argument, fmt::format("\"{}\" is not a compression format", printable(text, 40)))
                  .with_hint("use gzip, zstd or none"));
}

Result<Level> parse_level(std::string_view text) {
  if (text == "fast") return Level::fast;
  if (text == "default") return Level::normal;
  if (text == "best") return Level::best;
  return fail(Error(Errc::invalid_argument, fmt::format("\"{}\" is not a compression level", printable(text, 40)))
                  .with_hint("use fast, default or best"));
}

Result<std::string> parse_codec(Compression format, Level level, std::string_view text) {
  std::vector<std::string_view> names;
  if (format != Compression::none) {
    for (const CodecIdentity& identity : codec_for(format, level).identities)
      names.push_back(identity.name);
  }
  const auto at = std::find(names.begin(), names.end(), text);
  if (at != names.end()) return at == names.begin() ? std::string() : std::string(text);
  return fail(Error(Errc::invalid_argument,
                    fmt::format("\"{}\" is not a codec of this compression and level", printable(text, 80)))
                  .with_hint(names.empty() ? std::string("leave it out: nothing is compressed")
                                           : fmt::format("use {}", fmt::join(names, " or "))));
}

Result<std::string> installed_codec(Compression format, Level level) {
  if (format == Compression::none) return std::string();
  SLIPWAY_ASSIGN(const CodecIdentity installed, identify_once(codec_for(format, level)));
  return parse_codec(format, level, installed.name);
}

Result<std::string> differing_codec(Compression format, Level level) {
  if (format == Compression::none || codec_for(format, level).identities.size() == 1) return std::string();
  SLIPWAY_ASSIGN(const CodecIdentity installed, identify_once(codec_for(format, level)));
  return std::string(installed.name);
}

Status check_codec(const Packing& packing) {
  if (packing.format == Compression::none) return {};
  const CodecPlan plan = codec_for(packing.format, packing.level);
  // A build that changes nothing compresses nothing: it does not pay for the proof of what no known version changes.
  if (plan.identities.size() == 1 && packing.codec.empty()) return {};
  return require_codec(plan, packing.codec);
}

Result<std::unique_ptr<Compressor>> compressor(const Packing& packing, Sink& next) {
  if (packing.format == Compression::none) return std::make_unique<PassSink>(next, packing.plain);
  CodecPlan plan = codec_for(packing.format, packing.level);
  SLIPWAY_TRY(require_codec(plan, packing.codec));
  if (!packing.codec.empty()) plan.id += "@" + packing.codec;  // other bytes, other cached blocks
  if (packing.cache != nullptr) plan = with_cache(std::move(plan), *packing.cache);
  const std::size_t lanes = allowed_lanes(packing.lanes);
  auto stage = compressed_blocks(plan, lanes, next);
  if (packing.plain != nullptr) stage = hashed_blocks(*packing.plain, lanes, std::move(stage));
  return std::make_unique<BlockSink>(plan.block_size, std::move(stage));
}

}  // namespace slipway::io
