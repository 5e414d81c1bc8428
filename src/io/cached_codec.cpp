#include "io/cached_codec.h"

#include "slipway/io/hash.h"

namespace slipway::io {
namespace {

class CachedCodec final : public BlockCodec {
 public:
  CachedCodec(std::string id, std::unique_ptr<BlockCodec> inner, BlockCache& cache)
      : id_(std::move(id)), inner_(std::move(inner)), cache_(cache) {}

  Result<std::size_t> compress(Bytes block, std::vector<std::byte>& out) override {
    const Digest key = key_of(block);
    if (cache_.find(key, out)) return out.size();
    SLIPWAY_ASSIGN(const std::size_t size, inner_->compress(block, out));
    cache_.remember(key, Bytes(out).first(size));
    return size;
  }

 private:
  Digest key_of(Bytes block) const {
    Hasher hasher;
    hasher.update(as_bytes(id_));
    hasher.update(as_bytes(std::string_view("\0", 1)));
    hasher.update(block);
    return hasher.finish();
  }

  std::string id_;
  std::unique_ptr<BlockCodec> inner_;
  BlockCache& cache_;
};

}  // namespace

CodecPlan with_cache(CodecPlan plan, BlockCache& cache) {
  plan.make = [id = plan.id, make = std::move(plan.make), &cache]() -> std::unique_ptr<BlockCodec> {
    return std::make_unique<CachedCodec>(id, make(), cache);
  };
  return plan;
}

}  // namespace slipway::io
