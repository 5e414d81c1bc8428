#pragma once

#include <string>
#include <vector>

#include "slipway/elf/object.h"

namespace slipway::elf {

/// A library that glibc's loader finds through /etc/ld.so.cache.
struct CachedLibrary {
  std::string name;  ///< as programs ask for it: the SONAME
  std::string path;  ///< absolute
  Abi abi;
};

/// Returns the bytes of glibc's /etc/ld.so.cache for these libraries in format 1.1, which glibc 2.2 and newer read:
/// those of ldconfig, but for its generator string and variants for single processors. Libraries of one name keep their
/// order, and the loader takes the first. Errc::unsupported for a machine whose flags in the cache are not known,
/// conflict for libraries of different byte orders.
Result<std::string> loader_cache(std::vector<CachedLibrary> libraries);

/// Compares names in the order of the cache, in which digits compare as numbers: negative, zero or positive.
int compare_cached_names(const std::string& a, const std::string& b);

}  // namespace slipway::elf
