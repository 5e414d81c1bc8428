#pragma once

#include <string>
#include <vector>

#include "slipway/elf/closure.h"
#include "slipway/elf/loader_cache.h"

namespace slipway::builder {

/// The content of an image's ld.so.cache.
struct CachePlan {
  std::vector<elf::CachedLibrary> libraries;  ///< those that the loader shall take first come first
  std::string folders;                        ///< lines for ld.so.conf: folders that the loader does not know itself
};

/// Every library of that machine in the folders of the image's ld.so.conf and in the built-in ones, as ldconfig lists
/// them, and `loaded`: what programs load, wherever that lies.
Result<CachePlan> plan_loader_cache(const std::vector<elf::Root*>& image, const elf::Abi& abi,
                                    const std::vector<elf::CachedLibrary>& loaded);

}  // namespace slipway::builder
