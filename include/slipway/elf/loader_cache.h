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

/// The bytes of glibc's /etc/ld.so.cache in its format 1.1 (glibc 2.2 and newer read it): what `ldconfig` writes for
/// these libraries, without its own name and without variants for single processors. Equal names keep the order given:
/// the loader takes the first. Errc::unsupported for a machine whose word in the cache is not known, Errc::conflict
/// for libraries of different byte orders.
Result<std::string> loader_cache(std::vector<CachedLibrary> libraries);

/// glibc's order of names in the cache, in which numbers count as such: negative, zero or positive.
int compare_cached_names(const std::string& a, const std::string& b);

}  // namespace slipway::elf
