#include "io/block_stage.h"

namespace slipway::io {

std::shared_ptr<std::vector<std::byte>> BlockPool::take() {
  std::unique_ptr<std::vector<std::byte>> buffer;
  {
    const std::scoped_lock lock(shared_->mutex);
    if (!shared_->spare.empty()) {
      buffer = std::move(shared_->spare.back());
      shared_->spare.pop_back();
    }
  }
  if (buffer == nullptr) {
    buffer = std::make_unique<std::vector<std::byte>>();
    buffer->reserve(capacity_);
  }
  buffer->clear();
  return {buffer.release(), [shared = shared_](std::vector<std::byte>* used) {
            std::unique_ptr<std::vector<std::byte>> owned(used);
            const std::scoped_lock lock(shared->mutex);
            shared->spare.push_back(std::move(owned));
          }};
}

}  // namespace slipway::io
