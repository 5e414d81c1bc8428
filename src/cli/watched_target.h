#pragma once

#include <memory>

#include "cli/context.h"
#include "slipway/builder/watched_target.h"

namespace slipway::cli {

/// Returns the target as --progress wants it watched.
inline std::shared_ptr<store::ReadTarget> watched(Context& context, std::shared_ptr<store::ReadTarget> target) {
  auto* const observer = dynamic_cast<builder::WorkObserver*>(context.observer());
  if (observer == nullptr) return target;
  return std::make_shared<builder::WatchedTarget>(std::move(target), *observer);
}

}  // namespace slipway::cli
