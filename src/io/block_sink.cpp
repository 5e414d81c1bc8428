#include "io/block_sink.h"

#include <algorithm>

namespace slipway::io {

BlockSink::BlockSink(std::size_t block_size, std::unique_ptr<BlockStage> stage)
    : block_size_(block_size), stage_(std::move(stage)), pool_(block_size), filling_(pool_.take()) {}

Status BlockSink::write(Bytes bytes) {
  while (!bytes.empty()) {
    const std::size_t n = std::min(bytes.size(), block_size_ - filling_->size());
    filling_->insert(filling_->end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(n));
    bytes = bytes.subspan(n);
    if (filling_->size() == block_size_) SLIPWAY_TRY(put());
  }
  return {};
}

Status BlockSink::cut() { return filling_->empty() ? Status() : put(); }

Status BlockSink::finish() {
  if (!filling_->empty() || !put_any_) SLIPWAY_TRY(put());
  return stage_->finish();
}

Status BlockSink::put() {
  put_any_ = true;
  const Status status = stage_->put(std::move(filling_));
  filling_ = pool_.take();
  return status;
}

}  // namespace slipway::io
