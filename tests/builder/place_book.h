#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "slipway/store/layout.h"
#include "slipway/store/memory.h"
#include "slipway/store/opener.h"

namespace slipway::builder {

/// Opens layouts on disk, and memory in place of registries.
class PlaceBook final : public store::Opener {
 public:
  Result<std::shared_ptr<store::ReadTarget>> open_for_reading(const oci::Location& location, Side) override {
    ++reads;
    if (!location.is_registry()) {
      SLIPWAY_ASSIGN(auto layout, store::LayoutTarget::open(location.path()));
      return std::shared_ptr<store::ReadTarget>(std::move(layout));
    }
    return std::shared_ptr<store::ReadTarget>(registry(location.place()));
  }
  Result<std::shared_ptr<store::Target>> open_for_writing(const oci::Location& location, Side) override {
    if (!location.is_registry()) {
      SLIPWAY_ASSIGN(auto layout, store::LayoutTarget::open_or_create(location.path(), {fs, {}}));
      return std::shared_ptr<store::Target>(std::move(layout));
    }
    return std::shared_ptr<store::Target>(registry(location.place()));
  }
  std::shared_ptr<store::MemoryTarget> registry(const std::string& place) {
    const std::lock_guard guard(mutex_);
    auto& target = registries_[place];
    if (target == nullptr) target = std::make_shared<store::MemoryTarget>(place);
    return target;
  }

  FileSystem* fs = &real_fs();
  int reads = 0;

 private:
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<store::MemoryTarget>> registries_;
};

}  // namespace slipway::builder
